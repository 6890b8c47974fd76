/** Proofs of keys: made and checked, on either end of a circuit. docs/spec/circuit-proof.md#checking */
import { hexOf } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import {
  type BrowserAnswer,
  browserBytes,
  type DeviceClaim,
  deviceBytes,
  type Role,
  type ServerClaim,
  serverBytes,
} from './binding.ts';
import { ProofError } from './proof-errors.ts';
import { proofLimits } from './proof-limits.ts';

/** The end that checks a server's proof. */
export interface ServerCheck {
  /** What we are on this circuit; as a client, `device`. */
  readonly role: Role;
  /** Our domain; '' as a client. */
  readonly domain: string;
  /** Of our key; none as a client. */
  readonly fingerprint: Uint8Array | null;
  /** The domain that we opened the circuit to; none where the peer opened it. */
  readonly peerDomain: string | null;
}

/** The end that checks a device's proof: a server. */
export interface DeviceCheck {
  readonly domain: string;
  readonly fingerprint: Uint8Array;
}

/** What the peer of each role must be. */
const opposite: Readonly<Record<Role, Role>> = {
  initiator: 'acceptor',
  acceptor: 'initiator',
  device: 'host',
  host: 'device',
};

/** A server's signature of 64 bytes; `exported` is exported for the claim's role, `seed` is its [A] subkey's. */
export const proveServer = (suite: Suite, claim: ServerClaim, exported: Uint8Array, seed: Uint8Array): Uint8Array =>
  suite.ed25519Sign(serverBytes(claim, exported), seed);

/** A device's signature; `exported` is exported for the role `device`. */
export const proveDevice = (suite: Suite, claim: DeviceClaim, exported: Uint8Array, seed: Uint8Array): Uint8Array =>
  suite.ed25519Sign(deviceBytes(claim, exported), seed);

/** A device's signature in a browser. */
export const proveBrowser = (suite: Suite, claim: DeviceClaim, answer: BrowserAnswer, seed: Uint8Array): Uint8Array =>
  suite.ed25519Sign(browserBytes(claim, answer), seed);

/**
 * Checks what a server claims, before anybody reads its key. Throws ProofError: `_proof_invalid_role`, `_proof_reflected`,
 * `_proof_foreign_source`, `_proof_foreign_target`, `_proof_foreign_fingerprint`.
 */
export function checkServerClaim(check: ServerCheck, claim: ServerClaim): void {
  if (claim.role === check.role) throw new ProofError('_proof_reflected', 'the proof is of our own role');
  if (claim.role !== opposite[check.role])
    throw new ProofError('_proof_invalid_role', `a peer has no role ${claim.role}`);
  if (claim.from === check.domain) throw new ProofError('_proof_reflected', 'the proof is in our own name');
  if (check.peerDomain !== null && claim.from !== check.peerDomain) {
    throw new ProofError('_proof_foreign_source', `we went to ${check.peerDomain}, and ${claim.from} answers`);
  }
  checkTarget(check.domain, check.fingerprint, claim.to, claim.peerFingerprint);
  if (check.fingerprint !== null && hexOf(claim.fingerprint) === hexOf(check.fingerprint)) {
    throw new ProofError('_proof_reflected', 'the proof is of our own key');
  }
}

/**
 * Checks a server's proof. `exported` is what *we* exported for the claim's role; `publicKey` is the [A] subkey of the key with the
 * claim's fingerprint. Then that key is proved, and whether it is the domain's is asked elsewhere. Throws ProofError as
 * `checkServerClaim`, and `_proof_invalid_signature`.
 */
export function checkServer(
  suite: Suite,
  check: ServerCheck,
  claim: ServerClaim,
  exported: Uint8Array,
  publicKey: Uint8Array,
  signature: Uint8Array,
): void {
  checkServerClaim(check, claim);
  checkSignature(suite, signature, serverBytes(claim, exported), publicKey);
}

/** Checks what a device claims, before anybody reads a key. Throws ProofError `_proof_foreign_target`, `_proof_foreign_fingerprint`. */
export const checkDeviceClaim = ({ domain, fingerprint }: DeviceCheck, { to, peerFingerprint }: DeviceClaim): void =>
  checkTarget(domain, fingerprint, to, peerFingerprint);

/**
 * Checks a device's proof on a circuit over TLS. `exported` is what *we* exported for the role `device`; `publicKey` is that of the
 * device with the claim's id, as enrolled by the identity key. Throws ProofError: `_proof_foreign_target`,
 * `_proof_foreign_fingerprint`, `_proof_invalid_signature`.
 */
export function checkDevice(
  suite: Suite,
  check: DeviceCheck,
  claim: DeviceClaim,
  exported: Uint8Array,
  publicKey: Uint8Array,
  signature: Uint8Array,
): void {
  checkTarget(check.domain, check.fingerprint, claim.to, claim.peerFingerprint);
  checkSignature(suite, signature, deviceBytes(claim, exported), publicKey);
}

/**
 * Checks a browser's proof. `challenge` is the circuit's own, just redeemed; `origins` are those that may log in here; `nowMs` is our clock.
 * Throws ProofError: `_proof_foreign_target`, `_proof_foreign_origin`, `_proof_unknown_challenge`, `_proof_invalid_time`,
 * `_proof_invalid_signature`.
 */
export function checkBrowser(
  suite: Suite,
  check: DeviceCheck & { readonly origins: readonly string[]; readonly challenge: Uint8Array },
  claim: DeviceClaim,
  answer: BrowserAnswer,
  publicKey: Uint8Array,
  signature: Uint8Array,
  nowMs: number,
): void {
  checkTarget(check.domain, check.fingerprint, claim.to, claim.peerFingerprint);
  if (!check.origins.includes(answer.origin)) {
    throw new ProofError('_proof_foreign_origin', `nobody logs in here from ${answer.origin}`);
  }
  if (!suite.equal(answer.challenge, check.challenge)) {
    throw new ProofError('_proof_unknown_challenge', 'the challenge is not this circuit’s');
  }
  if (Math.abs(answer.timeMs - nowMs) > proofLimits.clockMsMax) {
    throw new ProofError('_proof_invalid_time', 'the browser’s clock is too far from ours');
  }
  checkSignature(suite, signature, browserBytes(claim, answer), publicKey);
}

function checkTarget(domain: string, fingerprint: Uint8Array | null, to: string, expected: Uint8Array | null): void {
  if (to !== domain) throw new ProofError('_proof_foreign_target', `the proof is for ${to || 'a client'}`);
  if (expected === null || (fingerprint !== null && hexOf(expected) === hexOf(fingerprint))) return;
  throw new ProofError('_proof_foreign_fingerprint', 'the proof is for a server with another key');
}

function checkSignature(suite: Suite, signature: Uint8Array, bytes: Uint8Array, publicKey: Uint8Array): void {
  if (suite.ed25519Verify(signature, bytes, publicKey)) return;
  throw new ProofError('_proof_invalid_signature', 'the signature is not this key’s on this circuit');
}
