/** Three listeners with real files, wired to each other in one process: what passes between them is recorded, and a client hands cells in. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hexOf } from '../../../crypto/bytes.ts';
import type { ListenerEffect, ListenerEvent } from '../../../listener-bots/events.ts';
import { listenerLimits } from '../../../listener-bots/limits.ts';
import { Listener } from '../../../listener-bots/listener.ts';
import { openCell } from '../../../listener-bots/opening.ts';
import { bareCell, envelopeFiller, fieldsOf, onionOf } from '../../../onion/cell.ts';
import { type KeyPair, newPair } from '../../../onion/keys.ts';
import { KeptCells } from '../../../server/mor/kept.ts';
import { suite } from '../../../server/suite.ts';

export const domains = ['a.test', 'b.test', 'c.test'] as const;

interface Hop {
  readonly pair: KeyPair;
  readonly folder: string;
  readonly kept: KeptCells;
  readonly listener: Listener;
}

/** What is written where burning is left out: the planted bug. */
export type Writes = Parameters<KeptCells['remember']>[0];

/** All three, and what was on the wires between them. */
export class Hops {
  readonly #hops = new Map<string, Hop>();
  readonly #changed: (writes: Writes) => Writes;
  readonly onions = new Map<string, Uint8Array>();
  /** Called with each onion when it is on a wire for the first time. */
  heard: (onion: Uint8Array) => void = () => {};
  readonly exits: string[] = [];
  #events: (() => void)[] = [];
  #writing = 0;
  #requests = 0;
  #nowMs = 0;

  private constructor(changed: (writes: Writes) => Writes) {
    this.#changed = changed;
  }

  static async start(folder: string, changed: (writes: Writes) => Writes = (writes) => writes): Promise<Hops> {
    const hops = new Hops(changed);
    for (const domain of domains) {
      const own = join(folder, domain);
      const { kept, loaded } = await KeptCells.open(own, hops.#seconds);
      const options = { domain, suite, limits: listenerLimits, isWide: true, unsafe: true, takes: () => true };
      const listener = new Listener(options, 0, Date.now());
      hops.#hops.set(domain, { pair: newPair(suite, suite.random), folder: own, kept, listener });
      hops.#tell(domain, { kind: 'loaded', ...loaded });
    }
    for (const domain of domains) {
      const { pair } = hops.#hops.get(domain)!;
      hops.#tell(domain, { kind: 'keys', keys: [{ pair, beginsMs: 0, endsMs: Number.MAX_SAFE_INTEGER }] });
      for (const peer of domains) {
        if (peer === domain) continue;
        hops.#tell(domain, { kind: 'linked', peer, membership: { isMember: true, isMemberThere: true } });
      }
    }
    await hops.settled();
    return hops;
  }

  readonly #seconds = (): number => Math.floor(Date.now() / 1000);

  keyOf(domain: string): KeyPair {
    return this.#hops.get(domain)!.pair;
  }

  /** All files of all servers as they are now; `but`: names left out. */
  files(but: readonly string[] = []): { domain: string; bytes: Uint8Array }[] {
    return [...this.#hops].flatMap(([domain, { folder }]) =>
      readdirSync(folder)
        .filter((name) => !but.includes(name))
        .map((name) => ({ domain, bytes: new Uint8Array(readFileSync(join(folder, name))) })),
    );
  }

  /** Somebody hands an onion in at a server; until nothing moves any more. */
  async hand(domain: string, onion: Uint8Array): Promise<void> {
    const cell = bareCell(onion, envelopeFiller(suite, suite.random));
    this.#tell(domain, { kind: 'handed', client: 'somebody', request: ++this.#requests, cell });
    await this.settled();
  }

  async settled(): Promise<void> {
    while (this.#events.length > 0 || this.#writing > 0) {
      for (const event of this.#events.splice(0)) event();
      await new Promise(setImmediate);
    }
  }

  async close(): Promise<void> {
    for (const { kept } of this.#hops.values()) await kept.close();
  }

  #tell(domain: string, event: ListenerEvent): void {
    this.#nowMs += 0.01;
    for (const effect of this.#hops.get(domain)!.listener.step(event, this.#nowMs, Date.now()))
      this.#perform(domain, effect);
  }

  #perform(domain: string, effect: ListenerEffect): void {
    const later = (event: () => void): void => void this.#events.push(event);
    if (effect.kind === 'send') {
      const { peer, frame } = effect;
      if (frame.kind === 'cell') this.#record(onionOf(frame.data));
      if (frame.kind !== 'idle') later(() => this.#tell(peer, { kind: 'frame', peer: domain, frame }));
    } else if (effect.kind === 'open') {
      const { job } = effect;
      later(() => this.#tell(domain, { kind: 'opened', job: job.job, found: openCell(suite, job) }));
    } else if (effect.kind === 'remember') {
      const { batch, ...writes } = effect.batch;
      this.#writing++;
      void this.#hops
        .get(domain)!
        .kept.remember(this.#changed(writes))
        .then(() => {
          later(() => this.#tell(domain, { kind: 'remembered', batch, isDurable: true }));
          this.#writing--;
        });
    } else if (effect.kind === 'exit') this.exits.push(`${domain} ${effect.exit.packet.dataText}`);
  }

  #record(onion: Uint8Array): void {
    const name = hexOf(fieldsOf(onion).hint) + hexOf(onion.subarray(-16));
    if (this.onions.has(name)) return;
    const copy = onion.slice();
    this.onions.set(name, copy);
    this.heard(copy);
  }
}
