/** The exact bytes that a key signs to prove itself on one circuit. docs/spec/circuit-proof.md#signed-bytes */
import { hexOf, joinBytes, textBytes, uint64 } from '../crypto/bytes.ts';

/**
 * What the prover is on the circuit. Of two servers the one that opened it is `initiator`, the other `acceptor`; a server proves
 * itself to a client as `host`; a client's device is `device`. The role is the exporter's context too.
 */
export type Role = 'initiator' | 'acceptor' | 'host' | 'device';

/** The 32 bytes that the two ends of one TLS connection export for the proof of each role. */
export type Exported = Readonly<Record<Role, Uint8Array>>;

/** Bytes of exported keying material under a proof. */
const EXPORTED_BYTES = 32;

/** Label of the exporter (RFC 8446 7.5, RFC 5705 4) for the proofs of servers, and for those of devices. */
const SERVER_LABEL = 'EXPORTER-P3DO-federation-v1';
const DEVICE_LABEL = 'EXPORTER-P3DO-login-v1';

/** Label and context with which both ends export the material for the proof of one role. */
export const exporterOf = (role: Role): { label: string; context: Uint8Array } => ({
  label: role === 'device' ? DEVICE_LABEL : SERVER_LABEL,
  context: textBytes(role),
});

/** What a server says of itself. */
export interface ServerClaim {
  readonly role: Exclude<Role, 'device'>;
  /** The prover's domain. */
  readonly from: string;
  /** The peer's domain; '' where the peer is a client. */
  readonly to: string;
  /** Of the prover's domain key: 20 or 32 bytes. */
  readonly fingerprint: Uint8Array;
  /** Of the key that the prover expects of the peer; none where it knows none. */
  readonly peerFingerprint: Uint8Array | null;
}

/** What a device says of itself; of a browser too. */
export interface DeviceClaim {
  /** The person: `psyc://domain/~nick`. */
  readonly person: string;
  /** The device's id: 16 bytes. */
  readonly device: Uint8Array;
  /** The domain visited. */
  readonly to: string;
  /** Of the person's identity key. */
  readonly fingerprint: Uint8Array;
  /** Of the server's key as the client knows it; none where it knows none, and in browsers. */
  readonly peerFingerprint: Uint8Array | null;
}

/** Where and when a browser answers a challenge of 32 bytes. */
export interface BrowserAnswer {
  /** As the browser writes it (RFC 6454 6.2): `https://host`. */
  readonly origin: string;
  readonly challenge: Uint8Array;
  /** By the browser's clock, in milliseconds since 1970. */
  readonly timeMs: number;
}

/** What a server signs with its [A] subkey. `exported`: 32 bytes. */
export const serverBytes = (claim: ServerClaim, exported: Uint8Array): Uint8Array =>
  joinBytes(
    terminated(
      'P3DO-TLS-BIND-v1',
      claim.role,
      claim.from,
      claim.to,
      hexOf(claim.fingerprint),
      hexOfAny(claim.peerFingerprint),
    ),
    checked(exported),
  );

/** What a device signs on a circuit over TLS. `exported`: 32 bytes. */
export const deviceBytes = (claim: DeviceClaim, exported: Uint8Array): Uint8Array =>
  joinBytes(
    terminated(
      'P3DO-TLS-LOGIN-v1',
      claim.person,
      hexOf(claim.device),
      claim.to,
      hexOf(claim.fingerprint),
      hexOfAny(claim.peerFingerprint),
    ),
    checked(exported),
  );

/** What a device signs in a browser, which exports nothing. */
export const browserBytes = (claim: DeviceClaim, answer: BrowserAnswer): Uint8Array =>
  joinBytes(
    terminated('P3DO-BROWSER-v1', answer.origin, claim.to, claim.person, hexOf(claim.fingerprint)),
    checked(answer.challenge),
    uint64(answer.timeMs),
  );

/** Each text and a NUL behind it; a NUL inside would let one claim be read as another. */
function terminated(...texts: readonly string[]): Uint8Array {
  for (const text of texts) if (text.includes('\0')) throw new RangeError('a NUL inside a claim');
  return textBytes(`${texts.join('\0')}\0`);
}

const hexOfAny = (fingerprint: Uint8Array | null): string => (fingerprint === null ? '' : hexOf(fingerprint));

function checked(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== EXPORTED_BYTES) throw new RangeError(`32 bytes are signed, not ${bytes.length}`);
  return bytes;
}
