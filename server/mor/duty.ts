/** A running server's part in the flood of cells: threads and files for its listener, and the keys that it is told. docs/spec/listener-bots.md#in-a-server */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { equalBytes, keyOfBytes } from '../../psyc/bytes.ts';
import type { MorEffect, MorEvent, MorServer } from '../../federation/onions/mor-events.ts';
import type { EpochKey } from '../../listener-bots/events.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { pairOf } from '../../onion/keys.ts';
import type { Station } from '../../onion/route.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { PkiError } from '../../pki/error.ts';
import { admit } from '../../pki/ring.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { stationIn } from '../../pki/station.ts';
import type { Store } from '../../store/store.ts';
import { suite } from '../suite.ts';
import type { Timers } from '../transport/timers.ts';
import { type Deed, deedOf } from './deeds.ts';
import { KeptCells, type Loaded } from './kept.ts';
import { OpenPool } from './pool.ts';

/** What it works with. */
export interface MorDutyOptions {
  /** Of the domain. */
  readonly folder: string;
  readonly key: SecretKey;
  readonly store: Store;
  readonly timers: Timers;
  readonly log: Logger;
  readonly tell: (event: MorEvent) => void;
  /** Of a playground, and of nothing else: told what became of each onion. */
  readonly watched?: (deed: Deed) => void;
}

/** Keys begin and end: so often they are looked at again. */
const KEYS_MS = 600_000;
/** What several say of our key is read and told at once. */
const SAID_MS = 3_000;
/** A linked server whose key could not be read is looked for again so soon, and then twice as late each time. */
const MISSED_MS = 1_000;

interface Known extends MorServer {
  readonly fingerprint: string;
  readonly station: Station;
}

/** One life's. */
export class MorDuty {
  readonly #options: MorDutyOptions;
  readonly #kept: KeptCells;
  readonly #pool: OpenPool;
  readonly #servers = new Map<string, Known>();
  /** Servers that a circuit stands to: routes go over no others. */
  readonly #up = new Set<string>();
  #cancel: () => void = () => {};
  #cancelSaid: () => void = () => {};
  #cancelMissed: () => void = () => {};
  #missedMs = MISSED_MS;
  #isMissedPlanned = false;
  #isSaid = false;
  /** What linked servers have shown of their keys, unchecked but read. */
  readonly #shownKeys = new Map<string, { readonly fingerprint: string; readonly key: Uint8Array }>();
  /** As the node was last told. */
  #ownKey: Uint8Array | null = null;
  #isOver = false;

  private constructor(options: MorDutyOptions, kept: KeptCells) {
    this.#options = options;
    this.#kept = kept;
    this.#pool = new OpenPool((error) => options.log.error({ reason: String(error) }, 'a thread that opens cells'));
  }

  /** Opens the files, in the domain's folder. System errors pass. */
  static async open(options: MorDutyOptions): Promise<{ readonly duty: MorDuty; readonly loaded: Loaded }> {
    const now = (): number => Math.floor(Date.now() / 1000);
    const { kept, loaded } = await KeptCells.open(join(options.folder, 'cells'), now);
    return { duty: new MorDuty(options, kept), loaded };
  }

  /** Tells the listener what was kept and which keys there are; once, when it has begun. */
  begin(loaded: Loaded): void {
    this.#options.tell({ kind: 'loaded', ...loaded });
    this.#tellKeys();
  }

  /** Does what the listener asks for. */
  perform(effect: MorEffect): void {
    const { log, tell, watched } = this.#options;
    const lost = (error: unknown): void => log.error({ reason: String(error) }, 'what opened cells leave is not kept');
    switch (effect.kind) {
      case 'open': {
        const { job } = effect.job;
        this.#pool.open(effect.job, (found) => {
          const deed = watched === undefined ? null : deedOf(effect.job, found);
          if (deed !== null) watched?.(deed);
          tell({ kind: 'opened', job, found });
        });
        break;
      }
      case 'remember': {
        const { batch, ...traces } = effect.batch;
        const told = (isDurable: boolean): void => tell({ kind: 'remembered', batch, isDurable });
        this.#kept.remember(traces).then(
          () => told(true),
          (error: unknown) => {
            lost(error);
            told(false);
          },
        );
        break;
      }
      case 'forget':
        this.#kept.forget(effect.secrets).catch(lost);
        break;
      case 'forget key':
        this.#kept.forgetKey(effect.key).catch(lost);
        break;
      case 'linked to':
        this.#linkedTo(effect.domains);
        break;
      case 'key shown':
        this.#shown(effect.domain, effect.key).catch((error: unknown) => {
          log.warn({ domain: effect.domain, reason: String(error) }, 'what others say of its key cannot be read');
        });
        break;
      case 'renew':
        log.warn('the replay memory of the onion key is nearly used up: it opens nothing more when it is');
        break;
    }
  }

  /** Others may have said something of our key: in a while whoever is linked is shown it, to be shown to his people. */
  ownKeySaid(): void {
    if (this.#isSaid) return;
    this.#isSaid = true;
    // They come one after the other.
    this.#cancelSaid = this.#options.timers.after(SAID_MS, () => {
      this.#isSaid = false;
      this.#showOwn().catch((error: unknown) => this.#options.log.warn({ reason: String(error) }, 'own key'));
    });
  }

  async #showOwn(): Promise<void> {
    const { certificate } = this.#options.key;
    const [copies, authorities] = [[certificate.bytes], [certificate]];
    for (const domain of this.#up) {
      const records = await this.#recordsOf(domain);
      const [key, said] = [records.get('key'), records.get('countersigned')];
      if (key === undefined || said === undefined) continue;
      copies.push(said);
      authorities.push(await readCertificate(key));
    }
    const { bytes } = await admit(copies, authorities, Math.floor(Date.now() / 1000));
    if (this.#isOver || (this.#ownKey !== null && equalBytes(this.#ownKey, bytes))) return;
    this.#ownKey = bytes;
    this.#options.tell({ kind: 'own key', key: bytes });
  }

  async #recordsOf(domain: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const outcome = await this.#options.store.perform({ kind: 'records', request: 0, context: `psyc://${domain}` });
    return new Map(outcome.kind === 'records' ? outcome.records.map(({ name, value }) => [name, value]) : []);
  }

  /** What others say of a server's key: given on as it came, where it is that key. Nobody believes anything of it unchecked. */
  async #shown(domain: string, key: Uint8Array): Promise<void> {
    const { fingerprint } = (await readCertificate(key)).key;
    if (!this.#up.has(domain)) return;
    this.#shownKeys.set(domain, { fingerprint, key });
    if (this.#servers.has(domain)) this.#tellServers();
  }

  /** To these there is a link now, and to no others. */
  #linkedTo(domains: readonly string[]): void {
    this.#cancelMissed();
    this.#isMissedPlanned = false;
    this.#missedMs = MISSED_MS;
    this.#up.clear();
    for (const domain of domains) this.#up.add(domain);
    const gone = [...this.#servers.keys()].filter((domain) => !this.#up.has(domain));
    for (const domain of gone) this.#servers.delete(domain);
    for (const domain of this.#shownKeys.keys()) if (!this.#up.has(domain)) this.#shownKeys.delete(domain);
    if (gone.length > 0) this.#tellServers();
    for (const domain of this.#up) if (!this.#servers.has(domain)) this.#learn(domain);
    this.ownKeySaid();
  }

  #learn(domain: string): void {
    this.#read(domain).then(
      () => this.#lookForMissed(),
      (error: unknown) => {
        this.#options.log.warn({ domain, reason: String(error) }, 'no onions go over this server yet');
        this.#lookForMissed();
      },
    );
  }

  /** The store may have been away, or had not been told the key yet: that heals sooner than keys change. */
  #lookForMissed(): void {
    if (this.#isOver || this.#isMissedPlanned) return;
    const isMissed = (domain: string): boolean => !this.#servers.has(domain);
    if (![...this.#up].some(isMissed)) {
      this.#missedMs = MISSED_MS;
      return;
    }
    this.#isMissedPlanned = true;
    this.#cancelMissed = this.#options.timers.after(this.#missedMs, () => {
      this.#isMissedPlanned = false;
      this.#missedMs = Math.min(2 * this.#missedMs, KEYS_MS);
      for (const domain of [...this.#up].filter(isMissed)) this.#learn(domain);
    });
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#cancel();
    this.#cancelSaid();
    this.#cancelMissed();
    await this.#pool.close();
    await this.#kept.close();
  }

  async #read(domain: string): Promise<void> {
    const key = (await this.#recordsOf(domain)).get('key');
    if (key === undefined || this.#isOver || !this.#up.has(domain)) return;
    const known = this.#servers.get(domain);
    const isSame = known !== undefined && keyOfBytes(known.key) === keyOfBytes(key);
    if (isSame || (known === undefined && this.#servers.size >= listenerLimits.stationsMax)) return;
    try {
      const certificate = await readCertificate(key);
      const station = stationIn(certificate, Math.floor(Date.now() / 1000));
      if (station?.domain !== domain || !this.#up.has(domain)) return;
      this.#servers.set(domain, { domain, key, fingerprint: certificate.key.fingerprint, station });
      this.#tellServers();
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      this.#options.log.warn({ domain, code: error.code }, 'no onions go over this server');
    }
  }

  #tellServers(): void {
    if (this.#isOver) return;
    const servers = [...this.#servers.values()];
    this.#options.tell({ kind: 'stations', stations: servers.map(({ station }) => station) });
    const told = servers.map(({ domain, key, fingerprint }) => {
      const shown = this.#shownKeys.get(domain);
      return { domain, key: shown?.fingerprint === fingerprint ? shown.key : key };
    });
    this.#options.tell({ kind: 'servers', servers: told });
  }

  /** Our own keys that count now, and what others' certificates say by now. */
  #tellKeys(): void {
    const { key, timers, log, tell } = this.#options;
    const nowMs = Date.now();
    const keys = key.encryption
      .filter(({ until }) => until * 1000 > nowMs)
      .map(({ seed, from, until }): EpochKey => {
        const endsMs = Math.min(until * 1000, Number.MAX_SAFE_INTEGER);
        return { pair: pairOf(suite, seed), beginsMs: from * 1000, endsMs };
      })
      .sort((one, other) => other.beginsMs - one.beginsMs);
    if (keys.length === 0) log.warn('the domain key has no onion key that counts now: no cell is opened here');
    tell({ kind: 'keys', keys });
    for (const domain of this.#up) {
      this.#servers.delete(domain);
      this.#learn(domain);
    }
    this.#cancel = timers.after(KEYS_MS, () => this.#tellKeys());
  }
}
