/** Argon2id in native code, on Node's thread pool. docs/spec/pki.md#identity-file */
import { hashRaw } from '@node-rs/argon2';
import type { Argon2id } from './argon2.ts';

// Constants of the package's `const enum`, which isolated modules cannot name.
const ARGON2ID = 2;
const VERSION_0X13 = 1;

/** Of 64 MiB and 3 passes about a tenth of a second. */
export const nativeArgon2id: Argon2id = async (passphrase, salt, { memoryKiB, passes, lanes }) =>
  new Uint8Array(
    await hashRaw(passphrase, {
      algorithm: ARGON2ID,
      version: VERSION_0X13,
      salt,
      memoryCost: memoryKiB,
      timeCost: passes,
      parallelism: lanes,
      outputLen: 32,
    }),
  );
