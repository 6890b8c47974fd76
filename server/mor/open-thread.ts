/** A thread that opens cells, so that nobody else waits for X25519. docs/spec/listener-bots.md#in-a-server */
import { parentPort } from 'node:worker_threads';
import { type Found, openCell, type OpenJob } from '../../listener-bots/opening.ts';
import { suite } from '../suite.ts';

/** What it answers to a job. */
export interface Answered {
  readonly job: number;
  readonly found: Found;
}

parentPort?.on('message', (job: OpenJob) => {
  const answered: Answered = { job: job.job, found: openCell(suite, job) };
  parentPort?.postMessage(answered);
});
