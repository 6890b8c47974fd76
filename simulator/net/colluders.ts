/** Servers that collude: what they hear, open and put out, laid together. They know their own logs and nothing else. docs/simulator.md#attackers */
import type { Suite } from '../../crypto/suite.ts';
import type { Frame } from '../../listener-bots/frame.ts';
import { readTell } from '../../listener-bots/context-packets.ts';
import { KnownKeys } from '../../onion/hint.ts';
import type { Found, OpenJob } from '../../listener-bots/opening.ts';
import { decodeText } from '../../psyc/bytes.ts';
import { entropyOf, meanOf } from './exact.ts';
import { type CellName, nameOfCell, nameOfOnion } from './names.ts';
import type { Watcher } from './network.ts';
import type { Learnt } from './wires.ts';

/** A cell is everywhere after so long, nearly always. */
const floodMs = 300;

const NEVER = -1;

/** When a cell was first given to each server, and which of them gave it back: 1 each. */
interface Exchanged {
  readonly givenMs: Int32Array;
  readonly returned: Uint8Array;
}

/** A packet came out at one of them. */
interface Exit {
  readonly tag: string;
  readonly cell: CellName;
}

/** Of pairs of envelopes for one server, both made by colluders: how many came out in the other order. */
export interface Order {
  readonly pairs: number;
  readonly overtaken: number;
}

/** All of them as one. */
export class Colluders implements Watcher {
  readonly #who: ReadonlySet<number>;
  readonly #servers: number;
  #suite: Suite | null = null;
  /** From whom any of them first heard of a cell, or who of them put it out. */
  readonly #first = new Map<CellName, number>();
  /** Cells that one of them put out, and from whom others of them heard of it first. */
  readonly #own = new Map<CellName, number>();
  readonly #heardOwn = new Map<CellName, number>();
  /** The cell that an onion was in before one of them took it out. */
  readonly #cameIn = new Map<CellName, CellName>();
  /** The onion in an envelope that one of them made. */
  readonly #enclosed = new Map<CellName, CellName>();
  /** Which cell carried on what was in which. */
  readonly #parents = new Map<CellName, CellName>();
  readonly #exits: Exit[] = [];
  /** Onions in envelopes of theirs as they left, and when they came out bare at the server whose context it was. */
  readonly #wentIn = new Map<CellName, { readonly server: number; readonly inMs: number }>();
  readonly #through = new Map<number, { readonly inMs: number; readonly outMs: number }[]>();
  /** Keys of contexts that they were told, by server. */
  readonly #contexts = new Map<number, Uint8Array>();
  /** Cells that others were given by them, and gave them. */
  readonly #exchanged = new Map<CellName, Exchanged>();

  constructor(who: readonly number[], servers: number) {
    this.#who = new Set(who);
    this.#servers = servers;
  }

  get count(): number {
    return this.#who.size;
  }

  /** The suite of one of them, which notes what goes into envelopes. */
  around(suite: Suite): Suite {
    this.#suite = suite;
    return {
      ...suite,
      chacha20poly1305Seal: (key, nonce, plaintext, aad) => {
        const sealed = suite.chacha20poly1305Seal(key, nonce, plaintext, aad);
        if (plaintext.length > 32) this.#enclosed.set(nameOfOnion(sealed), nameOfOnion(plaintext));
        return sealed;
      },
    };
  }

  has(server: number): boolean {
    return this.#who.has(server);
  }

  sent(from: number, to: number, frame: Frame, atMs: number): void {
    if (frame.kind !== 'cell' || !this.#who.has(from)) return;
    const name = nameOfCell(frame.data);
    if (!this.#who.has(to)) {
      const { givenMs } = this.#exchangedOf(name);
      if (givenMs[to] === NEVER) givenMs[to] = atMs;
    }
    if (this.#first.has(name)) return;
    this.#first.set(name, from);
    this.#own.set(name, from);
    const bare = nameOfOnion(frame.data.subarray(96));
    const onion = this.#enclosed.get(name) ?? bare;
    const before = this.#cameIn.get(onion);
    if (before !== undefined) this.#parents.set(name, before);
    if (onion !== bare) this.#noteEnvelope(frame.data, onion, atMs);
  }

  came(from: number, to: number, frame: Frame, atMs: number): void {
    if (!this.#who.has(to)) return;
    if (frame.kind === 'tell') this.#contexts.set(from, readTell(frame.data)!.publicKey);
    if (frame.kind !== 'cell') return;
    const name = nameOfCell(frame.data);
    if (!this.#who.has(from)) this.#exchangedOf(name).returned[from] = 1;
    const maker = this.#own.get(name);
    if (maker !== undefined && maker !== to && !this.#heardOwn.has(name)) this.#heardOwn.set(name, from);
    if (this.#first.has(name)) return;
    this.#first.set(name, from);
    const onion = nameOfOnion(frame.data.subarray(96));
    const went = this.#wentIn.get(onion);
    if (went === undefined) return;
    this.#wentIn.delete(onion);
    const through = this.#through.get(went.server) ?? [];
    this.#through.set(went.server, through);
    through.push({ inMs: went.inMs, outMs: atMs });
  }

  readonly opened = (server: number, job: OpenJob, found: Found): void => {
    if (!this.#who.has(server)) return;
    const cell = nameOfCell(job.cell);
    if (found.kind === 'unwrapped') this.#cameIn.set(nameOfOnion(found.onion), cell);
    else if (found.kind === 'layer' && found.layer.outcome.kind === 'relay') {
      this.#cameIn.set(nameOfOnion(found.layer.outcome.onion), cell);
    } else if (found.kind === 'layer' && found.layer.outcome.kind === 'exit') {
      const tag = /^:_tag\t(.+)$/m.exec(decodeText(found.layer.outcome.content))?.[1];
      if (tag !== undefined) this.#exits.push({ tag, cell });
    }
  };

  /**
   * Who sent what came out at one of them: each is followed back as far as their logs go. Where that is `steps`, as many as a route
   * has, whoever gave the first cell to any of them first is its sender as often as their own cells came from their maker first;
   * else all are alike. `senderOf`: the truth, to judge by.
   */
  judge(steps: number, senderOf: (tag: string) => number | null): Learnt {
    const own = [...this.#heardOwn].filter(([name, from]) => this.#own.get(name) === from).length;
    const trust = (own + 1) / (this.#heardOwn.size + 2);
    const others = this.#servers - 1;
    const judged = this.#exits.flatMap(({ tag, cell }) => {
      const sender = senderOf(tag);
      if (sender === null) return [];
      let [first, followed] = [cell, 0];
      for (let before = this.#parents.get(first); before !== undefined; before = this.#parents.get(first)) {
        first = before;
        followed++;
      }
      if (followed < steps) return [{ linked: 1 / others, entropy: entropyOf(new Array<number>(others).fill(1)) }];
      const isOwn = this.#own.has(first);
      const known = isOwn ? 1 : trust;
      const weights = [known, ...new Array<number>(others - 1).fill((1 - known) / (others - 1))];
      return [{ linked: this.#first.get(first) === sender ? known : weights[1]!, entropy: entropyOf(weights) }];
    });
    return {
      judged: judged.length,
      entropy: meanOf(judged.map(({ entropy }) => entropy)),
      entropyMax: entropyOf(new Array<number>(others).fill(1)),
      linked: meanOf(judged.map(({ linked }) => linked)),
      guessed: 1 / others,
    };
  }

  /** Share of the cells given to a peer that he never gave back, long before the end: what he keeps may be his own. */
  keptBack(untilMs: number): { readonly cells: number; readonly kept: number } {
    let [cells, kept] = [0, 0];
    for (const { givenMs, returned } of this.#exchanged.values()) {
      for (let server = 0; server < givenMs.length; server++) {
        if (givenMs[server] === NEVER || givenMs[server]! >= untilMs) continue;
        cells++;
        if (returned[server] === 0) kept++;
      }
    }
    return { cells, kept };
  }

  #exchangedOf(name: CellName): Exchanged {
    let exchanged = this.#exchanged.get(name);
    if (exchanged === undefined) {
      exchanged = { givenMs: new Int32Array(this.#servers).fill(NEVER), returned: new Uint8Array(this.#servers) };
      this.#exchanged.set(name, exchanged);
    }
    return exchanged;
  }

  /** How often what they sent into a server in one order came out in another, where both were in it at one time. */
  order(): Order {
    let [pairs, overtaken] = [0, 0];
    for (const through of this.#through.values()) {
      for (const one of through) {
        for (const other of through) {
          const isLater = other.inMs - one.inMs >= floodMs;
          // Both were in it before either came out, whichever ways they took.
          if (!isLater || Math.min(one.outMs, other.outMs) - other.inMs < floodMs) continue;
          pairs++;
          if (other.outMs < one.outMs) overtaken++;
        }
      }
    }
    return { pairs, overtaken };
  }

  /** Whose context it is for they see by the keys that they were told. */
  #noteEnvelope(cell: Uint8Array, onion: CellName, inMs: number): void {
    const known = [...this.#contexts].map(([value, publicKey]) => ({ value, publicKey }));
    const keys = new KnownKeys(this.#suite!, known);
    const [server] = keys.recognise(this.#suite!, cell.subarray(0, 32), cell.subarray(32, 48));
    if (server !== undefined && !this.#who.has(server)) this.#wentIn.set(onion, { server, inMs });
  }
}
