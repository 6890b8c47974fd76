/** A device that publishes: at home, and where that does not answer at the next server that takes it in. docs/simulator.md#feeds */
import { channelOf } from '../../circuit/channel.ts';
import type { CircuitLimits } from '../../circuit/limits.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { render, renderRouted } from '../../psyc/render.ts';
import { feedOf } from '../../publication/feed.ts';
import { publicationId } from '../../publication/fields.ts';
import { readPublication } from '../../publication/packet.ts';
import { renderVisit } from '../../publication/visit.ts';
import type { IdealKeys, IdealPerson } from '../ideal.ts';
import type { Observer } from '../observation.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';
import { beginUnixMs, CircuitEnd, type EndEvent, onStream, type Party } from './circuit-end.ts';

const repeatMs = 700;
const redialMs = 150;
/** How long a server may take to let it in. */
const patienceMs = 2_500;

/** Whose device it is. */
export interface FeedWriterOptions {
  readonly keys: IdealKeys;
  readonly person: string;
  readonly identity: IdealPerson;
  readonly seed: Uint8Array;
  /** The home's domain, and others in the order in which they are tried. */
  readonly servers: readonly string[];
  readonly circuitLimits: CircuitLimits;
  /** The file of a publication, by its id in hexadecimal: one chunk; null: none goes with it. */
  readonly fileOf: (id: string) => Uint8Array | null;
  readonly observe: Observer;
}

/** What is not taken, with the one piece of the file that goes with it. */
interface Open {
  readonly tag: string;
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly file: Uint8Array | null;
  isStored: boolean;
}

/** A client that never crashes, and says one thing at a time. */
export class FeedWriter implements Machine {
  readonly #options: FeedWriterOptions;
  readonly #id: Uint8Array;
  /** Publications that no server has answered, in order; bytes as they were signed. */
  readonly #open: Open[] = [];
  /** The circuit over which the first was stored, if a file goes with it that is not. */
  #filedOn = '';
  #effects: NodeEffect[] = [];
  #nowMs = 0;
  #circuit: { readonly name: string; readonly at: string; readonly end: CircuitEnd } | null = null;
  #dialled = 0;
  #turn = 0;
  #counter = 0;

  constructor(options: FeedWriterOptions) {
    this.#options = options;
    this.#id = options.keys.idOf(options.seed);
  }

  /** Whether everything was taken by some server. */
  get isContent(): boolean {
    return this.#open.length === 0;
  }

  step(event: NodeEvent, nowMs: number): readonly NodeEffect[] {
    this.#nowMs = nowMs;
    this.#effects = [];
    switch (event.kind) {
      case 'started':
        this.#dial();
        this.#effects.push({ kind: 'timer', name: 'repeat', delayMs: repeatMs });
        break;
      case 'opened':
      case 'bytes':
      case 'drained':
      case 'ended':
      case 'failed':
        if (event.circuit === this.#circuit?.name) this.#tell(event);
        break;
      case 'timer':
        if (event.name === 'dial') this.#dial();
        else if (event.name === 'repeat') {
          this.#say();
          this.#effects.push({ kind: 'timer', name: 'repeat', delayMs: repeatMs });
        } else if (event.name === 'patience') {
          if (this.#circuit?.end.isProved === false) this.#giveUp(this.#circuit.name);
        } else if (event.name === `circuit ${this.#circuit?.name}`) this.#tell({ kind: 'timer' });
        break;
      case 'said': {
        const bytes = event.packet.slice();
        const packet = parseOne(bytes);
        const id = hexOf(
          publicationId(this.#options.keys.suite, readPublication(packet, (name) => packet.ownRoute(name))!),
        );
        this.#open.push({
          tag: packet.ownRoute('_tag') ?? '',
          id,
          bytes,
          file: this.#options.fileOf(id),
          isStored: false,
        });
        this.#say();
        break;
      }
      default:
        break;
    }
    return this.#effects;
  }

  queues(): (readonly [string, number])[] {
    return [];
  }

  #dial(): void {
    const { keys, servers, circuitLimits } = this.#options;
    const name = `out ${++this.#dialled}`;
    const at = servers[this.#turn % servers.length]!;
    const end = new CircuitEnd(
      { keys, domain: at, party: this.#party(at), circuitLimits },
      {
        ...onStream(name, (effect) => this.#effects.push(effect)),
        proved: () => this.#say(),
        packet: (packet, routing) => {
          const [first] = this.#open;
          if (first === undefined || routing.get('_tag_relay') !== first.tag) return;
          const isFiled = packet.method === '_echo_attachment_store';
          if (!isFiled && packet.method?.startsWith('_echo_message') !== true) return;
          if (!first.isStored) this.#effects.push({ kind: 'reply', to: this.#channel(at), packet: packet.raw.slice() });
          first.isStored = true;
          if (first.file === null || isFiled) this.#open.shift();
          else this.#filedOn = name;
          this.#say();
        },
        closed: (heard) => this.#closed(heard),
      },
    );
    this.#circuit = { name, at, end };
    this.#effects.push({ kind: 'connect', circuit: name, to: at });
    this.#effects.push({ kind: 'timer', name: 'patience', delayMs: patienceMs });
    this.#tell({ kind: 'dialled' });
  }

  #party(at: string): Party {
    const { keys, person, identity, seed, servers } = this.#options;
    const home = servers[0]!;
    const party = { kind: 'client', person, keys: identity, seed, channel: this.#channel(at) } as const;
    if (at === home) return party;
    const timeMs = beginUnixMs + this.#nowMs;
    const { fingerprint, key } = identity;
    return {
      ...party,
      keys: { ...identity, key: keys.certified(key, keys.domain(home)) },
      visit: renderVisit(keys.suite, { person, fingerprint, device: this.#id, domain: at, timeMs }, seed),
    };
  }

  #channel(at: string): string {
    const { person, servers } = this.#options;
    return channelOf(person, this.#id, { side: '1', at: at === servers[0] ? null : at });
  }

  #tell(event: EndEvent): void {
    this.#circuit?.end.tell(event, this.#nowMs);
  }

  #giveUp(name: string): void {
    this.#effects.push({ kind: 'close', circuit: name });
    this.#closed(false);
  }

  /** After a server that had let it in it goes home first. */
  #closed(heard: boolean): void {
    this.#circuit = null;
    this.#turn = heard ? 0 : this.#turn + 1;
    this.#effects.push({ kind: 'timer', name: 'dial', delayMs: redialMs });
  }

  /** The same signed bytes at whatever server, under a number of its own. */
  #say(): void {
    const [first] = this.#open;
    const circuit = this.#circuit;
    if (first === undefined || circuit?.end.isProved !== true) return;
    const { content, hasLength } = parseOne(first.bytes.slice());
    const heading = { _source: this.#channel(circuit.at), _target: feedOf(this.#options.person), _tag: first.tag };
    if (first.isStored && first.file !== null && this.#filedOn === circuit.name) {
      const entity = { _publication: first.id, _index: '0', _chunk: first.file };
      circuit.end.send(render({ routing: heading, entity, method: '_request_attachment_store' }), this.#nowMs);
      return;
    }
    const routing = { ...heading, _counter: String(++this.#counter) };
    this.#options.observe({ kind: 'offered', host: circuit.at, key: first.tag });
    circuit.end.send(renderRouted(routing, content, hasLength), this.#nowMs);
  }
}
