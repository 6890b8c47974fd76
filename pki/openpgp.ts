/** The one door to OpenPGP.js: signatures made and checked packet by packet. docs/spec/pki.md#signatures */
import { config, enums, PublicKeyPacket, SecretKeyPacket, SignaturePacket } from 'openpgp';
import { encodeText } from '../psyc/bytes.ts';
import { framedKey, type KeyPacket, parseSecret } from './key-packet.ts';
import { isAcceptable, type Signature, signatureTypes } from './signature.ts';

/** A key that can sign: its secret stays inside. */
export type Signer = { readonly key: KeyPacket; readonly packet: SecretKeyPacket };

/** A key that signatures can be checked by. */
export type Verifier = { readonly key: KeyPacket; readonly packet: PublicKeyPacket };

/** What a signature is over; bodies are those of public keys' packets, a user id is its text. */
export type Subject =
  | { readonly kind: 'user id'; readonly key: Uint8Array; readonly userId: string }
  | { readonly kind: 'subkey'; readonly key: Uint8Array; readonly subkey: Uint8Array }
  | { readonly kind: 'key'; readonly key: Uint8Array }
  | { readonly kind: 'document'; readonly bytes: Uint8Array };

/** What a signature says besides who made it; times in Unix seconds, lengths in seconds. */
export type Claims = {
  readonly type: number;
  readonly created: number;
  /** Until the signature ends; without it, it does not. */
  readonly seconds?: number;
  /** From the key's creation to its end; without it, it does not. */
  readonly keySeconds?: number;
  readonly flags?: number;
  readonly reason?: { readonly code: number; readonly text: string };
  /** Body of a signature to be carried inside. */
  readonly embedded?: Uint8Array;
  /** Makes the signed key one whose own certifications count: how deep, how much (120 is whole), for which user ids. */
  readonly trust?: { readonly depth: number; readonly amount: number; readonly scope: string };
  /** Whether this is a key's own signature on its user id, which says what its owner's software can do. */
  readonly isSelf?: boolean;
};

// Feature 1: encrypted data that shows changes (RFC 9580 section 5.2.3.32).
const MODIFICATION_DETECTION = 1;
// No salt: a signature is then a function of its arguments, and SHA-512 needs none. Passed with every call, never set.
const settings = { ...config, nonDeterministicSignaturesViaNotation: false };

type Sign = (
  key: SecretKeyPacket,
  data: object,
  date: Date,
  detached: boolean,
  config: typeof settings,
) => Promise<void>;
type Verify = (
  key: PublicKeyPacket,
  type: enums.signature,
  data: object,
  date: Date | null,
  detached: boolean,
  config: typeof settings,
) => Promise<void>;

/**
 * The parts of OpenPGP.js's packets that it asks for when it hashes (`toSign` in its signature packet). Plain objects
 * spare parsing each key into packets, which computes fingerprints again. GnuPG checks the outcome in our tests.
 */
function hashed(subject: Subject): object {
  const key = (body: Uint8Array): object => ({ writeForHash: (): Uint8Array => framedKey(body) });
  switch (subject.kind) {
    case 'user id': {
      const text = encodeText(subject.userId);
      return { key: key(subject.key), userID: { write: (): Uint8Array => text } };
    }
    case 'subkey':
      return { key: key(subject.key), bind: key(subject.subkey) };
    case 'key':
      return { key: key(subject.key) };
    case 'document':
      return { text: null, getBytes: (): Uint8Array => subject.bytes };
  }
}

/** Takes the body of a secret key's packet. Throws what `parseSecret` throws. */
export async function readSigner(secret: Uint8Array): Promise<Signer> {
  const { seed: _, ...key } = parseSecret(secret);
  const packet = new SecretKeyPacket();
  await packet.read(secret);
  return { key, packet };
}

/** Takes a key that `parsePublic` has read. */
export async function readVerifier(key: KeyPacket): Promise<Verifier> {
  const packet = new PublicKeyPacket();
  await packet.read(key.body);
  return { key, packet };
}

/**
 * The body of a signature packet by `signer` (RFC 9580 section 5.2.3), with SHA-512. Always the same for the same
 * arguments (RFC 8032 section 5.1.6).
 */
export async function sign(signer: Signer, subject: Subject, claims: Claims): Promise<Uint8Array> {
  const packet = new SignaturePacket();
  packet.signatureType = claims.type;
  packet.publicKeyAlgorithm = enums.publicKey.eddsaLegacy;
  packet.hashAlgorithm = enums.hash.sha512;
  if (claims.seconds !== undefined) {
    packet.signatureExpirationTime = claims.seconds;
    packet.signatureNeverExpires = false;
  }
  if (claims.keySeconds !== undefined) packet.keyExpirationTime = claims.keySeconds;
  if (claims.flags !== undefined) packet.keyFlags = Uint8Array.of(claims.flags);
  if (claims.reason !== undefined) {
    packet.reasonForRevocationFlag = claims.reason.code;
    packet.reasonForRevocationString = claims.reason.text;
  }
  if (claims.embedded !== undefined) {
    packet.embeddedSignature = new SignaturePacket();
    packet.embeddedSignature.read(claims.embedded);
  }
  if (claims.trust !== undefined) {
    packet.trustLevel = claims.trust.depth;
    packet.trustAmount = claims.trust.amount;
    // Bytes, whatever its type says; without the zero at its end GnuPG takes nobody for one in scope.
    packet.regularExpression = encodeText(`${claims.trust.scope}\0`) as unknown as number;
  }
  if (claims.isSelf === true) {
    packet.isPrimaryUserID = true;
    packet.preferredSymmetricAlgorithms = [enums.symmetric.aes256, enums.symmetric.aes128];
    packet.preferredHashAlgorithms = [enums.hash.sha512, enums.hash.sha256];
    packet.features = Uint8Array.of(MODIFICATION_DETECTION);
  }
  // oxlint-disable-next-line no-restricted-globals -- OpenPGP.js takes times as Date; the number comes from the caller.
  const date = new Date(claims.created * 1000);
  await (packet.sign as Sign)(signer.packet, hashed(subject), date, subject.kind === 'document', settings);
  return packet.write();
}

/**
 * Whether `signature` is one by `verifier` over `subject`, of an acceptable form (hash, critical subpackets, algorithm).
 * Time is left to the caller, and so is the type but for the subject's kind: OpenPGP.js would take a revocation of a
 * certification for a certification.
 */
export async function verify(verifier: Verifier, subject: Subject, signature: Signature): Promise<boolean> {
  if (!isAcceptable(signature) || signature.keyAlgorithm !== enums.publicKey.eddsaLegacy) return false;
  if (signature.issuer !== verifier.key.fingerprint || !suits(signature.type, subject.kind)) return false;
  // A new object each time: OpenPGP.js remembers in it that it was valid, whatever it is asked about next.
  const packet = new SignaturePacket();
  try {
    packet.read(signature.body);
    const detached = subject.kind === 'document';
    await (packet.verify as Verify)(verifier.packet, signature.type, hashed(subject), null, detached, settings);
    return true;
  } catch {
    return false;
  }
}

const { document, certGeneric, certPositive, certRevocation, ...others } = signatureTypes;

function suits(type: number, kind: Subject['kind']): boolean {
  switch (kind) {
    case 'document':
      return type === document;
    case 'user id':
      return (type >= certGeneric && type <= certPositive) || type === certRevocation;
    case 'subkey':
      return type === others.subkeyBinding || type === others.keyBinding || type === others.subkeyRevocation;
    case 'key':
      return type === others.directKey || type === others.keyRevocation;
  }
}
