/** The thread that reads MIME, so that a mail which takes long is nobody else's matter. docs/spec/mail.md#replies */
import { parentPort } from 'node:worker_threads';
import type { Arrival } from '../../services/mail/arrival.ts';
import type { ArrivalCode } from '../../services/mail/error.ts';
import { readMail } from './reading.ts';

/** What it is given, one at a time, and what it answers. */
export interface Reading {
  readonly bytes: Uint8Array;
  /** Of the envelope. */
  readonly sender: string;
}
export type Read = Arrival | ArrivalCode;

parentPort?.on('message', ({ bytes, sender }: Reading) => {
  void readMail(bytes, sender).then((read: Read) => parentPort?.postMessage(read));
});
