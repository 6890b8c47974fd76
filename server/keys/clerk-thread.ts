/** The thread that reads keys which anybody has sent, so that nobody else waits for it. docs/spec/key-server.md#adding */
import { parentPort } from 'node:worker_threads';
import { parseArmour } from '../../pki/armour.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { PkiError, type PkiCode } from '../../pki/error.ts';
import { limits } from '../../pki/limits.ts';
import { admit, type RingKey } from '../../pki/ring.ts';
import { wantedFor, type Wanted } from '../../pki/ring-parts.ts';
import { decodeText } from '../../psyc/bytes.ts';

/** What the thread is asked; all bytes are copies. */
export type ClerkQuestion =
  /** A form with a key as text in its field `keytext`. */
  | { readonly kind: 'read'; readonly form: Uint8Array }
  | { readonly kind: 'wanted'; readonly key: Uint8Array }
  | {
      readonly kind: 'admit';
      readonly copies: readonly Uint8Array[];
      readonly authorities: readonly Uint8Array[];
      /** Unix seconds. */
      readonly now: number;
    };

/** What it answers; `refused` where the key is to blame. */
export type ClerkAnswer =
  | { readonly kind: 'wanted'; readonly key: Uint8Array; readonly wanted: Wanted }
  | { readonly kind: 'admitted'; readonly key: RingKey }
  | { readonly kind: 'refused'; readonly code: PkiCode; readonly detail: string };

async function answer(question: ClerkQuestion): Promise<ClerkAnswer> {
  switch (question.kind) {
    case 'read': {
      const text = new URLSearchParams(decodeText(question.form)).get('keytext') ?? '';
      const key = parseArmour(text, limits.sentBytesMax);
      return { kind: 'wanted', key, wanted: wantedFor(key) };
    }
    case 'wanted':
      return { kind: 'wanted', key: question.key, wanted: wantedFor(question.key) };
    case 'admit': {
      const authorities = await Promise.all(question.authorities.map(readCertificate));
      return { kind: 'admitted', key: await admit(question.copies, authorities, question.now) };
    }
  }
}

parentPort?.on('message', (question: ClerkQuestion) => {
  void answer(question)
    .catch((error: unknown): ClerkAnswer => {
      if (error instanceof PkiError) return { kind: 'refused', code: error.code, detail: error.message };
      throw error;
    })
    .then((answered) => parentPort?.postMessage(answered));
});
