/** The text in which a domain's key names its successor, byte for byte. docs/spec/pki.md#rotation-statement */
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { decodeTextStrict, encodeText } from '../psyc/bytes.ts';
import { isDomain } from '../psyc/names.ts';
import { PkiError } from './error.ts';
import { limits } from './limits.ts';
import { splitSigned } from './signed-text.ts';

/** That a domain's key follows another. Fingerprints of 40 lower-case hex digits, times in Unix seconds. */
export type Rotation = {
  readonly domain: string;
  readonly old: string;
  readonly new: string;
  /** One more than that of the old key: the `seq` of the domain's record in the DNS under the new one. A first key has 1. */
  readonly seq: number;
  /** `rotationHash` of the rotation that made the old key the domain's; 64 zeros where it was the first key. */
  readonly prev: string;
  /** From when the new key may be the domain's, and until when the statement may be taken. */
  readonly notBefore: number;
  readonly expires: number;
  /** Fingerprint of the recovery key from now on; null: none is named, and the one named before stays. */
  readonly recovery: string | null;
};

/** A rotation as it travels: its text, and the bodies of two OpenPGP signatures over its bytes. */
export type SignedRotation = {
  readonly rotation: Rotation;
  /** What is signed: all lines but the last two. */
  readonly signed: Uint8Array;
  /** By whoever may name a successor, the old key or the recovery key. */
  readonly given: Uint8Array;
  /** By the new key, so that nobody names one that is not his. */
  readonly taken: Uint8Array;
};

/** What stands for the rotation before a domain's first one. */
export const NO_ROTATION = '0'.repeat(64);

const FORM =
  /^P3DO-KEY-ROTATION-v1\ndomain ([^\n]+)\nold ([0-9a-f]{40})\nnew ([0-9a-f]{40})\nseq ([1-9][0-9]{0,14})\nprev ([0-9a-f]{64})\nnot-before ([1-9][0-9]{0,14})\nexpires ([1-9][0-9]{0,14})\n(?:recovery ([0-9a-f]{40})\n)?$/;

const invalid = (detail: string): PkiError => new PkiError('_invalid_rotation', detail);

/** The bytes to be signed. Throws PkiError `_invalid_rotation`. */
export function renderRotation(rotation: Rotation): Uint8Array {
  const { domain, old, seq, prev, notBefore, expires, recovery } = rotation;
  const lines = [
    'P3DO-KEY-ROTATION-v1',
    `domain ${domain}`,
    `old ${old}`,
    `new ${rotation.new}`,
    `seq ${seq}`,
    `prev ${prev}`,
    `not-before ${notBefore}`,
    `expires ${expires}`,
    ...(recovery === null ? [] : [`recovery ${recovery}`]),
  ];
  const bytes = encodeText(lines.map((line) => `${line}\n`).join(''));
  parseRotation(bytes);
  return bytes;
}

/** Throws PkiError `_invalid_rotation` for all that `renderRotation` would write otherwise, or that leads nowhere. */
export function parseRotation(bytes: Uint8Array): Rotation {
  const [, domain, old, next, seq, prev, notBefore, expires, recovery] = FORM.exec(decodeTextStrict(bytes) ?? '') ?? [];
  if (domain === undefined || old === undefined || next === undefined || prev === undefined || !isDomain(domain)) {
    throw invalid('not a rotation of a domain key, version 1');
  }
  const rotation = {
    domain,
    old,
    new: next,
    seq: Number(seq),
    prev,
    notBefore: Number(notBefore),
    expires: Number(expires),
    recovery: recovery ?? null,
  };
  if (old === next) throw invalid('a key does not follow itself');
  if (rotation.recovery === old || rotation.recovery === next) throw invalid('the recovery key is another one');
  if (rotation.seq < 2) throw invalid('the first key follows none');
  if ((rotation.seq === 2) !== (prev === NO_ROTATION)) throw invalid('only a first rotation has none before it');
  if (rotation.expires <= rotation.notBefore) throw invalid('it ends before it begins');
  // Whoever has a key that was left by it could else come with it for ever to those who have missed that.
  if (rotation.expires - rotation.notBefore > limits.rotationSeconds) throw invalid('it counts for 400 days at most');
  return rotation;
}

/** Throws PkiError `_oversized_rotation`, `_invalid_rotation`. The signatures are not checked. */
export function splitRotation(bytes: Uint8Array): SignedRotation {
  if (bytes.length > limits.rotationBytesMax) throw new PkiError('_oversized_rotation', 'at most 4 KiB');
  const { signed, signatures = [] } = splitSigned(bytes, 2) ?? {};
  const [given, taken] = signatures;
  if (signed === undefined || given === undefined || taken === undefined) {
    throw invalid('a rotation ends with two signatures');
  }
  return { rotation: parseRotation(signed), signed, given, taken };
}

/** What the next rotation calls this one: BLAKE2b-256 of the signed text, 64 lower-case hex digits. */
export const rotationHash = (signed: Uint8Array): string => bytesToHex(blake2b(signed, { dkLen: 32 }));
