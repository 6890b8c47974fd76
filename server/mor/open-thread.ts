/** A thread that opens cells, so that nobody else waits for X25519. docs/spec/listener-bots.md#in-a-server */
import { parentPort } from 'node:worker_threads';
import { type Found, openCell, type OpenJob } from '../../listener-bots/opening.ts';
import { suite } from '../suite.ts';

/** What it is given at a time, and what it answers: of each job what came of it, in their order. */
export type Jobs = readonly OpenJob[];
export type Answers = readonly Found[];

parentPort?.on('message', (jobs: Jobs) => {
  const answers: Answers = jobs.map((job) => openCell(suite, job));
  parentPort?.postMessage(answers);
});
