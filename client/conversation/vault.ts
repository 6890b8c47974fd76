/** Files of conversations at rest: sealed under one key, which lies under the person's passphrase. docs/spec/conversations.md#files */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { joinBytes, textBytes } from '../../crypto/bytes.ts';
import type { Random } from '../identity/identity-file.ts';
import { ConversationError } from './error.ts';

const LABEL = 'P3DO-TALK-v1\n';
const NONCE_BYTES = 24;

/** Bytes of the key. */
export const vaultKeyBytes = 32;

const aadOf = (name: string): Uint8Array => textBytes(`${LABEL}${name}`);

/** A file for bytes, under its name: no other file of the folder can stand in its place. */
export function sealFile(key: Uint8Array, name: string, bytes: Uint8Array, random: Random): Uint8Array {
  const nonce = random(NONCE_BYTES);
  return joinBytes(textBytes(LABEL), nonce, xchacha20poly1305(key, nonce, aadOf(name)).encrypt(bytes));
}

/** The bytes in it. Throws ConversationError `_conversation_invalid_file`. */
export function openFile(key: Uint8Array, name: string, file: Uint8Array): Uint8Array {
  const [head, nonce] = [file.subarray(0, LABEL.length), file.subarray(LABEL.length, LABEL.length + NONCE_BYTES)];
  try {
    if (new TextDecoder().decode(head) === LABEL)
      return xchacha20poly1305(key, nonce, aadOf(name)).decrypt(file.subarray(LABEL.length + NONCE_BYTES));
  } catch {
    // A wrong tag: told below.
  }
  throw new ConversationError('_conversation_invalid_file', `the file of the conversation ${name} is damaged`);
}
