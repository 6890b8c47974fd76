/** Texts that keys have signed: lines, and after them one line for each signature. docs/spec/pki.md#signed-texts */
import { concatBytes } from '@noble/hashes/utils.js';
import { decodeTextStrict, encodeText } from '../psyc/bytes.ts';
import { parseBase64, renderBase64 } from '../crypto/base64.ts';
import type { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { limits } from './limits.ts';
import { sign, type Signer, verify } from './openpgp.ts';
import { parseSignature, type Signature, signatureTypes } from './signature.ts';

/** A text and the bodies of the signatures over its bytes. */
export type SignedText = { readonly signed: Uint8Array; readonly signatures: readonly Uint8Array[] };

const SIGNATURE = 'signature ';

/** The text with its signatures as last lines, base64 of the packets' bodies. */
export const joinSigned = (signed: Uint8Array, signatures: readonly Uint8Array[]): Uint8Array =>
  concatBytes(signed, ...signatures.map((body) => encodeText(`${SIGNATURE}${renderBase64(body)}\n`)));

/** The text and its `count` signatures, which are not checked; null: it has not so many, or another form. */
export function splitSigned(bytes: Uint8Array, count: number): SignedText | null {
  const lines = (decodeTextStrict(bytes) ?? '').split('\n');
  if (lines.pop() !== '' || lines.length <= count) return null;
  const signatures = lines.splice(-count).map((line) => {
    return line.startsWith(SIGNATURE) ? parseBase64(line.slice(SIGNATURE.length)) : null;
  });
  const whole = signatures.filter((body) => body !== null);
  if (whole.length < count) return null;
  return { signed: encodeText(lines.map((line) => `${line}\n`).join('')), signatures: whole };
}

/** A key's signature over a text, dated `backdateSeconds` before `time`, Unix seconds, but not before the key. */
export function signText(signer: Signer, bytes: Uint8Array, time: number): Promise<Uint8Array> {
  const created = Math.max(time - limits.backdateSeconds, signer.key.created);
  return sign(signer, { kind: 'document', bytes }, { type: signatureTypes.document, created });
}

/** Whether the key has signed this; false, too, where what stands for a signature is none. */
export async function hasSigned({ verifier }: Certificate, bytes: Uint8Array, body: Uint8Array): Promise<boolean> {
  const signature = readSignature(body);
  return signature !== null && verify(verifier, { kind: 'document', bytes }, signature);
}

function readSignature(body: Uint8Array): Signature | null {
  try {
    return parseSignature(body);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return null;
  }
}
