/** The steps by which all keys of a conversation come of each other: Signal's Double Ratchet, whose header keys come with addresses. docs/spec/conversations.md#keys */
import { joinBytes, textBytes } from '../../crypto/bytes.ts';
import { hkdfExpand, hkdfExtract } from '../../crypto/hkdf.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';

const KEY_BYTES = lengths.key;
const ROOT = textBytes('p3do-conversation-root-v1');
const BINDING = textBytes('p3do-conversation-v1');
const NOTHING = new Uint8Array(1);

/** A key for one purpose, of another: 32 bytes. */
const derived = (suite: Suite, key: Uint8Array, purpose: string, more: Uint8Array = new Uint8Array(0)): Uint8Array =>
  suite.blake2b(joinBytes(textBytes(`p3do-conversation-${purpose}-v1`), NOTHING, more), KEY_BYTES, key);

/** What comes of the root key and a new shared secret. */
export interface RootStep {
  readonly root: Uint8Array;
  /** Of the messages of the turn that begins. */
  readonly chain: Uint8Array;
  /** Of the addresses of the turn that answers it. */
  readonly addresses: Uint8Array;
}

/** KDF_RK_HE (Double Ratchet, section 4): HKDF with SHA-256, the root as salt. */
export function rootStep(suite: Suite, root: Uint8Array, shared: Uint8Array): RootStep {
  const keys = hkdfExpand(suite, hkdfExtract(suite, root, shared), ROOT, 3 * KEY_BYTES);
  const [next, chain, addresses] = [0, 1, 2].map((at) => keys.slice(at * KEY_BYTES, (at + 1) * KEY_BYTES));
  return { root: next!, chain: chain!, addresses: addresses! };
}

/** KDF_CK: the key of a message, and the chain behind it. */
export const chainStep = (
  suite: Suite,
  chain: Uint8Array,
): { readonly key: Uint8Array; readonly next: Uint8Array } => ({
  key: derived(suite, chain, 'message'),
  next: derived(suite, chain, 'chain'),
});

/** Where a message lies, and the key of its header. */
export interface Place {
  /** Ed25519 seed of the address. */
  readonly seed: Uint8Array;
  readonly header: Uint8Array;
}

/** The same for addresses. */
export const addressStep = (suite: Suite, addresses: Uint8Array): Place & { readonly next: Uint8Array } => ({
  seed: derived(suite, addresses, 'address'),
  header: derived(suite, addresses, 'header'),
  next: derived(suite, addresses, 'addresses'),
});

/** What comes of an invitation's secret: the root, and the addresses of the turn that accepts it. */
export const firstKeys = (suite: Suite, secret: Uint8Array): Omit<RootStep, 'chain'> => ({
  root: derived(suite, secret, 'invitation'),
  addresses: derived(suite, secret, 'acceptance'),
});

/** By which one side asks the other to begin anew: comes of the first root that both have. */
export const resyncKey = (suite: Suite, root: Uint8Array): Uint8Array => derived(suite, root, 'resync');

/** Where the request of this number lies of the one who was `by`, and its key. */
export const resyncPlace = (suite: Suite, resync: Uint8Array, by: 'inviter' | 'accepter', number: number): Place => ({
  seed: derived(suite, resync, `${by}-seed`, new Uint8Array([number])),
  header: derived(suite, resync, `${by}-key`, new Uint8Array([number])),
});

/** The key that one value is sealed with: no two of one key, even where a device was restored from an older copy. */
export const saltedKey = (suite: Suite, key: Uint8Array, salt: Uint8Array): Uint8Array =>
  derived(suite, key, 'salted', salt);

/** What both sides of a conversation bind everything to, 32 bytes: its first two X25519 keys, the inviter's first. */
export const bindingOf = (suite: Suite, inviter: Uint8Array, accepter: Uint8Array): Uint8Array =>
  suite.blake2b(joinBytes(BINDING, NOTHING, inviter, accepter), KEY_BYTES);
