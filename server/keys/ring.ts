/** The keys of this ring as the store has them: looked up, added to, given out whole. docs/spec/key-server.md#kept */
import {
  addressContext,
  addressOperations,
  directoryContext,
  ringContext,
  ringRecord,
} from '../../federation/keys/ring-records.ts';
import { record } from '../../federation/records.ts';
import { authoritiesIn } from '../../federation/trust/trust-record.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { parsePublic } from '../../pki/key-packet.ts';
import { splitPackets } from '../../pki/packets.ts';
import { admit, type RingKey } from '../../pki/ring.ts';
import type { Wanted } from '../../pki/ring-parts.ts';
import { decodeText, encodeText, equalBytes } from '../../psyc/bytes.ts';
import type { Operation, Store } from '../../store/store.ts';
import type { Clerk } from './clerk.ts';
import { KeyServerError } from './errors.ts';
import type { KeyServerLimits } from './limits.ts';

/** What a ring works with. */
export interface RingOptions {
  readonly store: Store;
  readonly clerk: Clerk;
  readonly domain: string;
  /** The domain's own public keys, as they are: the present one first, then those it had before. */
  readonly own: readonly Uint8Array[];
  readonly limits: KeyServerLimits;
  /** Unix seconds. */
  readonly now: () => number;
}

/** Keys, the newest first, and the statement of the address' owner where there is one. */
export interface RingFound {
  readonly keys: readonly Uint8Array[];
  readonly statement: Uint8Array | null;
}

type Records = ReadonlyMap<string, Uint8Array>;
type Looked = Pick<Wanted, 'domains' | 'issuers'>;

const unavailable = (): KeyServerError => new KeyServerError('_keys_unavailable', 'the store does not answer');

/** A key that was added, which persons who live here have it, and whether anything of it was not here before. */
export type Added = RingKey & { readonly persons: readonly string[]; readonly isNews: boolean };

/** One domain's ring. */
export class Ring {
  readonly #options: RingOptions;
  /** The last addition to each key that is being added to: they are done one after the other. */
  readonly #adding = new Map<string, Promise<unknown>>();

  constructor(options: RingOptions) {
    this.#options = options;
  }

  /** A key, or null. `fingerprint`: 40 lower-case hex digits. Rejects with KeyServerError `_keys_unavailable`, `_keys_busy`. */
  async byFingerprint(fingerprint: string): Promise<Uint8Array | null> {
    return this.#whole(await this.#records(ringContext(fingerprint)));
  }

  /** The keys of an address, `nick@domain`, the newest first. Rejects in the same way. */
  async byAddress(address: string): Promise<Uint8Array[]> {
    const named = [...(await this.#records(addressContext(address))).keys()];
    const keys = await Promise.all(named.map((fingerprint) => this.byFingerprint(fingerprint)));
    return keys
      .filter((key) => key !== null)
      .sort((a, b) => createdAt(b) - createdAt(a))
      .slice(0, this.#options.limits.answerKeysMax);
  }

  /** The newest statement of devices that is known of an address' owner, or null. Rejects in the same way. */
  async statementOf(address: string): Promise<Uint8Array | null> {
    const at = address.lastIndexOf('@');
    const person = `psyc://${address.slice(at + 1)}/~${address.slice(0, at)}`;
    return (await this.#records(person)).get('statement') ?? null;
  }

  /** The address that has this name in the domain's directory, or null. Rejects with KeyServerError `_keys_unavailable`. */
  async addressInDirectory(name: string): Promise<string | null> {
    const address = (await this.#records(directoryContext(name))).get('address');
    return address === undefined ? null : decodeText(address);
  }

  /**
   * Takes what may be kept of a key in a form. Rejects with PkiError,
   * KeyServerError.
   */
  async add(form: Uint8Array): Promise<Added> {
    const { key, wanted } = await this.#options.clerk.read(form);
    return this.#turn(wanted.fingerprint, () => this.#merge(key, wanted));
  }

  /** Takes what may be kept of a key that was checked here. Rejects in the same way. */
  async take(key: Uint8Array): Promise<void> {
    const wanted = await this.#options.clerk.wanted(key);
    await this.#turn(wanted.fingerprint, () => this.#merge(key, wanted));
  }

  /** Puts the domain's own keys on the ring. Rejects in the same way. */
  async keepOwn(): Promise<void> {
    const { own, domain, now } = this.#options;
    // Nobody else made these: no thread is needed to read them.
    for (const key of own) await this.#keepDomain(domain, await admit([key], [await readCertificate(key)], now()));
  }

  /** Puts the pinned key of another domain on the ring, and what that domain says of our own. Rejects in the same way. */
  async learn(domain: string): Promise<void> {
    const records = await this.#records(`psyc://${domain}`);
    const [key, countersigned] = [records.get('key'), records.get('countersigned')];
    if (key === undefined) return;
    await this.#keepDomain(domain, await this.#options.clerk.admit([key], [key], this.#options.now()));
    if (countersigned !== undefined) await this.take(countersigned);
  }

  async #keepDomain(domain: string, { fingerprint, bytes }: RingKey): Promise<void> {
    await this.#turn(fingerprint, async () => {
      const before = (await this.#records(ringContext(fingerprint))).get('certified');
      if (before !== undefined && equalBytes(before, bytes)) return;
      await this.#write([
        ringRecord(fingerprint, 'certified', bytes),
        ringRecord(fingerprint, 'domain', encodeText(domain)),
        ...addressOperations(`p3do@${domain}`, fingerprint, this.#options.domain),
      ]);
    });
  }

  async #merge(sent: Uint8Array, wanted: Wanted): Promise<Added> {
    const { clerk, now } = this.#options;
    const { fingerprint } = wanted;
    const records = await this.#records(ringContext(fingerprint));
    const kept = copiesOf(records);
    // Whoever may speak of what is kept already, too: else a copy that leaves their words out would take them from the ring.
    const all = await this.#wantedForAll([wanted], kept);
    const key = await clerk.admit([sent, ...kept], await this.#authorities(all, records), now());
    const persons = await this.#personsWith(key);
    const isNews = !kept.some((copy) => equalBytes(copy, key.bytes));
    if (isNews) {
      await this.#write([
        ringRecord(fingerprint, 'sent', key.bytes),
        ...key.addresses.flatMap((address) => addressOperations(address, fingerprint, this.#options.domain)),
        // In one write: what is on the ring is what others are told of him.
        ...persons.map((person) => record(person, 'key', key.bytes)),
      ]);
    }
    return { ...key, persons, isNews };
  }

  /** Who lives here by this key. */
  async #personsWith({ addresses, fingerprint }: RingKey): Promise<string[]> {
    const { domain } = this.#options;
    const own = addresses.filter((address) => address.endsWith(`@${domain}`));
    const persons = own.map((address) => `psyc://${domain}/~${address.slice(0, -domain.length - 1)}`);
    const found = await Promise.all(
      persons.map(async (person) => {
        const pinned = (await this.#records(person)).get('fingerprint');
        return pinned !== undefined && hexOf(pinned) === fingerprint ? [person] : [];
      }),
    );
    return found.flat();
  }

  async #whole(records: Records): Promise<Uint8Array | null> {
    const [copy, ...more] = copiesOf(records);
    if (copy === undefined) return null;
    if (more.length === 0) return copy;
    const { clerk, now } = this.#options;
    const all = await this.#wantedForAll([], [copy, ...more]);
    return (await clerk.admit([copy, ...more], await this.#authorities(all, records), now())).bytes;
  }

  /** What has to be looked up for copies of one key, beside what is known. Rejects as the thread that reads them does. */
  async #wantedForAll(known: readonly Looked[], copies: readonly Uint8Array[]): Promise<Looked> {
    const { clerk } = this.#options;
    const all = [...known, ...(await Promise.all(copies.map((copy) => clerk.wanted(copy))))];
    return {
      domains: [...new Set(all.flatMap(({ domains }) => domains))],
      issuers: [...new Set(all.flatMap(({ issuers }) => issuers))],
    };
  }

  /** Keys of the domains that may speak of this one. One that was a domain's is told of for ever, whatever came after it. */
  async #authorities({ domains, issuers }: Looked, records: Records): Promise<Uint8Array[]> {
    const itself = records.has('domain') ? copiesOf(records).slice(0, 1) : [];
    const { domain: home, own } = this.#options;
    const named = await Promise.all(
      issuers.map(async (issuer) => (await this.#records(ringContext(issuer))).get('domain')),
    );
    const all = new Set([...domains, ...named.flatMap((domain) => (domain === undefined ? [] : [decodeText(domain)]))]);
    const keys = await Promise.all([...all].filter((domain) => domain !== home).map((domain) => this.#trusted(domain)));
    // Our own may speak of any domain, and are few.
    return [...own, ...itself, ...keys.flat()];
  }

  /** The keys of a domain that this server trusts: the present one, and the one before as long as that counts. */
  async #trusted(domain: string): Promise<Uint8Array[]> {
    const records = await this.#records(`psyc://${domain}`);
    const key = records.get('key');
    return key === undefined ? [] : [key, ...authoritiesIn(records, this.#options.now() * 1000).slice(1)];
  }

  async #turn<T>(fingerprint: string, body: () => Promise<T>): Promise<T> {
    const before = this.#adding.get(fingerprint) ?? Promise.resolve();
    const turn = before.then(body, body);
    this.#adding.set(fingerprint, turn);
    try {
      return await turn;
    } finally {
      if (this.#adding.get(fingerprint) === turn) this.#adding.delete(fingerprint);
    }
  }

  async #records(context: string): Promise<Records> {
    const outcome = await this.#options.store.perform({ kind: 'records', request: 0, context });
    if (outcome.kind !== 'records') throw unavailable();
    return new Map(outcome.records.map(({ name, value }) => [name, value]));
  }

  async #write(operations: readonly Operation[]): Promise<void> {
    const outcome = await this.#options.store.perform({ kind: 'write', request: 0, operations });
    if (outcome.kind === 'written') return;
    const isFull = outcome.kind === 'refused' && outcome.code === '_store_excessive_records';
    throw isFull
      ? new KeyServerError('_keys_excessive_keys', 'no room for one more key of that address')
      : unavailable();
  }
}

const createdAt = (key: Uint8Array): number => parsePublic(splitPackets(key)[0]!.body).created;

const copiesOf = (records: Records): Uint8Array[] =>
  [records.get('certified'), records.get('countersigned'), records.get('sent')].filter((copy) => copy !== undefined);
