/** A running server's part in the flood of cells: threads and files for its listener, and the keys that it is told. docs/spec/listener-bots.md#in-a-server */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { keyOfBytes } from '../../psyc/bytes.ts';
import type { MorEffect, MorEvent, MorServer } from '../../federation/mor-events.ts';
import type { EpochKey } from '../../listener-bots/events.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { pairOf } from '../../onion/keys.ts';
import type { Station } from '../../onion/route.ts';
import { readCertificate } from '../../pki/certificate.ts';
import { PkiError } from '../../pki/error.ts';
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

interface Known extends MorServer {
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
      case 'renew':
        log.warn('the replay memory of the onion key is nearly used up: it opens nothing more when it is');
        break;
    }
  }

  /** To these there is a link now, and to no others. */
  #linkedTo(domains: readonly string[]): void {
    this.#up.clear();
    for (const domain of domains) this.#up.add(domain);
    const gone = [...this.#servers.keys()].filter((domain) => !this.#up.has(domain));
    for (const domain of gone) this.#servers.delete(domain);
    if (gone.length > 0) this.#tellServers();
    for (const domain of this.#up) if (!this.#servers.has(domain)) this.#learn(domain);
  }

  #learn(domain: string): void {
    this.#read(domain).catch((error: unknown) => {
      this.#options.log.warn({ domain, reason: String(error) }, 'no onions go over this server yet');
    });
  }

  async close(): Promise<void> {
    this.#isOver = true;
    this.#cancel();
    await this.#pool.close();
    await this.#kept.close();
  }

  async #read(domain: string): Promise<void> {
    const context = `psyc://${domain}`;
    const outcome = await this.#options.store.perform({ kind: 'records', request: 0, context });
    const key = outcome.kind === 'records' ? outcome.records.find(({ name }) => name === 'key')?.value : undefined;
    if (key === undefined || this.#isOver || !this.#up.has(domain)) return;
    const known = this.#servers.get(domain);
    const isSame = known !== undefined && keyOfBytes(known.key) === keyOfBytes(key);
    if (isSame || (known === undefined && this.#servers.size >= listenerLimits.stationsMax)) return;
    try {
      const station = stationIn(await readCertificate(key), Math.floor(Date.now() / 1000));
      if (station?.domain !== domain || !this.#up.has(domain)) return;
      this.#servers.set(domain, { domain, key, station });
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
    this.#options.tell({ kind: 'servers', servers: servers.map(({ domain, key }) => ({ domain, key })) });
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
