/** What a key ring keeps of a key, of all that anybody says of it. docs/spec/key-server.md#ring */
import { concatBytes } from '@noble/hashes/utils.js';
import { keyOfBytes } from '../psyc/bytes.ts';
import {
  type Certificate,
  isCertification,
  isDirect,
  isHardRevocation,
  isSoftRevocation,
  newest,
  type Patience,
} from './certificate.ts';
import { PkiError } from './error.ts';
import { isRevocation } from './issuing.ts';
import { type KeyPacket, parsePublic } from './key-packet.ts';
import { limits } from './limits.ts';
import { readVerifier, type Subject, type Verifier } from './openpgp.ts';
import { renderPacket, tags } from './packets.ts';
import { looseParts, type LoosePart, ownerOf } from './ring-parts.ts';
import type { Signature } from './signature.ts';
import { isBinding, isSubkeyRevocation, readBinding } from './subkey.ts';
import { domainOf } from './user-id.ts';

/** A key as the ring keeps it and gives it to everybody. */
export type RingKey = {
  /** Always the same for the same signatures, in whatever order and company they came. */
  readonly bytes: Uint8Array;
  readonly fingerprint: string;
  /** `nick@domain` of the user ids that are kept, in their order; `p3do@domain` of a domain. */
  readonly addresses: readonly string[];
};

/**
 * What the ring keeps of copies of one key, each of at most `limits.sentBytesMax`: everything that its own key says, and of
 * others the newest certification and the newest revocation of each domain; persons' user ids of which their own domain has
 * spoken at some time, and a domain's where the key is one of `authorities`. These are the keys of domains that are trusted
 * here. Signatures of others are dropped unchecked. `now` in Unix seconds: subkeys that have ended go. Throws PkiError, and
 * then nothing of it is to be kept: what `looseParts` and `parsePublic` throw, `_uncertified` where no user id is left,
 * `_unsigned_user_id`, `_excessive_user_ids`, `_excessive_bad_signatures`, `_oversized_key`. Of a key that has revoked itself that goes
 * for which there is no room: no bytes that somebody adds keep a revocation from being heard of.
 */
export async function admit(
  copies: readonly Uint8Array[],
  authorities: readonly Certificate[],
  now: number,
): Promise<RingKey> {
  const parts = looseParts(copies);
  const key = parsePublic(parts.primary.body);
  if (key.curve !== 'ed25519') throw new PkiError('_unsupported_algorithm', 'a primary key signs');
  const own = await readVerifier(key);
  const patience: Patience = { failures: 0 };
  const subject: Subject = { kind: 'key', key: key.body };
  const revocation =
    (await newest(own, subject, parts.primary.signatures, isHardRevocation, patience)) ??
    (await newest(own, subject, parts.primary.signatures, isSoftRevocation, patience));
  const direct = await newest(own, subject, parts.primary.signatures, isDirect, patience);
  const users: KeptUser[] = [];
  for (const part of parts.userIds) {
    const user = await keptUser(own, part, authorities, now, patience);
    if (user !== null) users.push(user);
  }
  if (users.length === 0) throw new PkiError('_uncertified', 'no user id that its own domain has certified');
  if (users.length > limits.userIdsMax && revocation === null) {
    throw new PkiError('_excessive_user_ids', `a key has at most ${limits.userIdsMax} user ids`);
  }
  users.sort((a, b) => (a.text < b.text ? -1 : 1));
  users.splice(limits.userIdsMax);
  const primary = [renderPacket({ tag: tags.publicKey, body: key.body }), ...rendered(revocation)];
  const needed = [...primary, ...users.flatMap(({ packets }) => packets)];
  // What a key says of itself leaves room for its revocation, and for what others say of it.
  const most = limits.keyBytesMax - (revocation === null ? limits.ringWordsBytesMax : 0);
  let more = { direct: rendered(direct), subkeys: await keptSubkeys(own, parts.subkeys, now, patience) };
  const sizeOfAll = (): number => sizeOf([...needed, ...more.direct, ...more.subkeys]);
  if (sizeOfAll() > most && revocation !== null) more = { direct: [], subkeys: [] };
  if (sizeOfAll() > most) throw new PkiError('_oversized_key', `a key says at most ${most / 1024} KiB of itself`);
  let room = Math.min(limits.ringWordsBytesMax, limits.keyBytesMax - sizeOfAll());
  const userPackets = users.flatMap(({ packets, spoken }) => {
    const words = withRoom(spoken, now, room).flatMap(packetsOf);
    room -= sizeOf(words);
    return [...packets, ...words];
  });
  const bytes = concatBytes(...primary, ...more.direct, ...userPackets, ...more.subkeys);
  return { bytes, fingerprint: key.fingerprint, addresses: users.map(({ text }) => addressOf(text)) };
}

const sizeOf = (packets: readonly Uint8Array[]): number => packets.reduce((sum, { length }) => sum + length, 0);

const rendered = (signature: Signature | null): Uint8Array[] =>
  signature === null ? [] : [renderPacket({ tag: tags.signature, body: signature.body })];

/** `nick@domain` of a user id that `ownerOf` knows. */
const addressOf = (userId: string): string => userId.slice(userId.indexOf('<') + 1, -1);

/** A user id that stays: its packet with what its key says of it, and what domains do. */
interface KeptUser {
  readonly text: string;
  readonly packets: readonly Uint8Array[];
  readonly spoken: readonly Spoken[];
}

/** null: it goes. */
async function keptUser(
  own: Verifier,
  part: LoosePart & { readonly text: string },
  authorities: readonly Certificate[],
  now: number,
  patience: Patience,
): Promise<KeptUser | null> {
  const owner = ownerOf(part.text);
  if (owner === null) return null;
  const { fingerprint, body } = own.key;
  const isDomain = owner.nick === null;
  // A person is his own domain's to certify, and nobody else's; of domains any other may speak.
  const vouching = authorities.filter((authority) => isDomain || domainOf(authority) === owner.domain);
  if (isDomain && !vouching.some(({ key }) => key.fingerprint === fingerprint)) return null;
  const subject: Subject = { kind: 'user id', key: body, userId: part.text };
  // One of the future would stand in the place of the one that counts now.
  const isCertified = (one: Signature): boolean => isCertification(one) && one.created <= now + limits.skewSeconds;
  const spoken: Spoken[] = [];
  let isVouched = isDomain;
  for (const authority of [...vouching].sort((a, b) => (a.key.fingerprint < b.key.fingerprint ? -1 : 1))) {
    if (authority.key.fingerprint === fingerprint) continue;
    const said = part.signatures.filter(
      ({ issuer, body }) => issuer === authority.key.fingerprint && body.length <= limits.ringWordBytesMax,
    );
    const certification = await newest(authority.verifier, subject, said, isCertified, patience);
    const revocation = await newest(authority.verifier, subject, said, isRevocation, patience);
    if (certification === null && revocation === null) continue;
    isVouched ||= authority.revocation?.isHard !== true;
    spoken.push({ certification, revocation });
  }
  if (!isVouched) return null;
  const self = await newest(own, subject, part.signatures, isCertification, patience);
  if (self === null) throw new PkiError('_unsigned_user_id', 'a user id that its key has not signed');
  const taken = await newest(own, subject, part.signatures, isRevocation, patience);
  return { text: part.text, packets: [renderPacket(part), ...rendered(self), ...rendered(taken)], spoken };
}

/** What one domain says of a user id. */
interface Spoken {
  readonly certification: Signature | null;
  readonly revocation: Signature | null;
}

const packetsOf = ({ certification, revocation }: Spoken): Uint8Array[] => [
  ...rendered(certification),
  ...rendered(revocation),
];

/**
 * Of more than `limits.ringIssuersMax`, or more than `bytesMax`, those leave first whose word has ended, then those that spoke longest ago: nobody's word has
 * a key refused. What was taken back stays as long as the certification would last, or a copy from before would bring that back.
 */
function withRoom(spoken: readonly Spoken[], now: number, bytesMax: number): readonly Spoken[] {
  const madeAt = ({ certification, revocation }: Spoken): number =>
    Math.max(certification?.created ?? 0, revocation?.created ?? 0);
  const lasts = ({ certification, revocation }: Spoken): boolean =>
    now < (certification?.expires ?? (revocation?.created ?? 0) + limits.countersignatureSeconds);
  const byWorth = spoken.toSorted((a, b) => Number(lasts(b)) - Number(lasts(a)) || madeAt(b) - madeAt(a));
  const kept = new Set<Spoken>();
  let room = bytesMax;
  for (const one of byWorth.slice(0, limits.ringIssuersMax)) {
    room -= sizeOf(packetsOf(one));
    if (room < 0) break;
    kept.add(one);
  }
  return spoken.filter((one) => kept.has(one));
}

/** The packets of the subkeys that stay, the newest `limits.subkeysMax`, in the order in which they began. */
async function keptSubkeys(
  own: Verifier,
  parts: readonly LoosePart[],
  now: number,
  patience: Patience,
): Promise<Uint8Array[]> {
  const kept: { key: KeyPacket; packets: Uint8Array[] }[] = [];
  for (const part of parts) {
    const key = parsePublic(part.body);
    const subject: Subject = { kind: 'subkey', key: own.key.body, subkey: key.body };
    const binding = await newest(own, subject, part.signatures, isBinding, patience);
    if (binding === null) continue;
    const { until, mayBind } = await readBinding(key, subject, binding);
    if (!mayBind || until <= now) continue;
    const revocation = await newest(own, subject, part.signatures, isSubkeyRevocation, patience);
    kept.push({ key, packets: [renderPacket(part), ...[binding, revocation].flatMap(rendered)] });
  }
  const order = (a: { key: KeyPacket }, b: { key: KeyPacket }): number =>
    a.key.created - b.key.created || (keyOfBytes(a.key.body) < keyOfBytes(b.key.body) ? -1 : 1);
  return kept
    .sort(order)
    .slice(-limits.subkeysMax)
    .flatMap(({ packets }) => packets);
}
