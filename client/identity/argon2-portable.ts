/** Argon2id in plain JavaScript, for browsers. docs/spec/pki.md#identity-file */
import { argon2idAsync } from '@noble/hashes/argon2.js';
import type { Argon2id } from './argon2.ts';

/** Some seconds for what we write; gives way to the page between its steps. */
export const portableArgon2id: Argon2id = (passphrase, salt, { memoryKiB, passes, lanes }) =>
  argon2idAsync(passphrase, salt, { m: memoryKiB, t: passes, p: lanes, dkLen: 32, version: 0x13 });
