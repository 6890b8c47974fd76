/** The people of the talk: they say things until they are acknowledged, and read logs from where they stopped. docs/simulator.md#talk */
import { render } from '../../psyc/render.ts';
import type { Host, HostUsers } from '../host.ts';
import type { Random } from '../random.ts';
import { keyAcknowledged, keyOf, readRaw } from '../raw-packet.ts';
import type { World } from '../world.ts';

/** How long a client waits before it repeats what was not acknowledged, in microseconds. */
const repeatUs = 1_000_000;
/** From a client to its host, in microseconds. */
const clientDelayUs = 500;

/** Tags are the authors' own, and everybody has the same few: whoever tells packets by them alone loses some. */
const tags = ['1', '2', '3'];

/** The longest is as long as a name may be. */
const methods = ['_message_private', '_message', `_message${'_x'.repeat(60)}`];

interface Saying {
  readonly key: string;
  readonly packet: Uint8Array;
}

/** Everybody at one host: authors and readers. */
export class People implements HostUsers {
  readonly #world: World;
  readonly #random: Random;
  readonly #authors: readonly string[];
  readonly #targets: readonly string[];
  /** What was not acknowledged, in the order in which it was said, by author. */
  readonly #open = new Map<string, Saying[]>();
  readonly #counters = new Map<string, number>();
  /** How far the reader of each log has got. */
  readonly #cursors = new Map<string, number>();
  #host: Host | null = null;
  /** Keys of what has have not been delivered, of everybody everywhere. */
  readonly #underWay: Set<string>;

  /** `targets` is whom they speak to, `read` what they read here. */
  constructor(
    world: World,
    random: Random,
    authors: readonly string[],
    targets: readonly string[],
    read: readonly string[],
    underWay: Set<string>,
  ) {
    this.#world = world;
    this.#random = random;
    this.#authors = authors;
    this.#targets = targets;
    this.#underWay = underWay;
    for (const author of authors) this.#open.set(author, []);
    for (const context of read) this.#cursors.set(context, 0);
  }

  /** Gives them their host, and lets them speak for so long; now and then many at once. */
  begin(host: Host, speakUs: number, intervalUsMean: number): void {
    this.#host = host;
    for (const author of this.#authors) {
      const random = this.#random.stream(author);
      for (let atUs = random.exponential(intervalUsMean); atUs < speakUs; atUs += random.exponential(intervalUsMean)) {
        const times = random.chance(0.1) ? random.between(3, 10) : 1;
        this.#world.clock.at(atUs, () => {
          for (let i = 0; i < times; i++) this.#say(random, author);
        });
      }
      this.#repeat(author);
    }
  }

  onStarted(): void {
    for (const [context, after] of this.#cursors) this.#host?.tell({ kind: 'attached', context, after });
  }

  onReply(to: string, packet: Uint8Array): void {
    const acknowledged = keyAcknowledged(packet);
    const open = this.#open.get(to) ?? [];
    this.#open.set(
      to,
      open.filter(({ key }) => key !== acknowledged),
    );
  }

  onDelivered(context: string, sequence: number, packet: Uint8Array): void {
    this.#cursors.set(context, sequence);
    this.#underWay.delete(keyOf(packet) ?? '');
  }

  /** Whether everything said here was acknowledged. */
  isContent(): boolean {
    return [...this.#open.values()].every((sayings) => sayings.length === 0);
  }

  #say(random: Random, author: string): void {
    const target = random.pick(this.#targets);
    const counter = (this.#counters.get(`${author} ${target}`) ?? 0) + 1;
    this.#counters.set(`${author} ${target}`, counter);
    const tag = random.pick(tags);
    const method = random.pick(methods);
    const data = drawData(random);
    const routing = { _source: author, _target: target, _tag: tag, _counter: String(counter) };
    const packet = render({ routing, method, data });
    const key = `${author} ${target} ${counter}`;
    this.#underWay.add(key);
    this.#open.get(author)?.push({ key, packet });
    // From what was meant, not from what was rendered.
    const content = Uint8Array.from([...ascii(`${method}\n`), ...data, ...(data.length === 0 ? [] : [0x0a])]);
    this.#world.observe({ kind: 'said', key, author, target, tag, counter, content });
    this.#hand(packet);
    if (random.chance(0.1)) this.#hand(forged(packet));
  }

  #repeat(author: string): void {
    this.#world.clock.after(repeatUs, () => {
      for (const { packet } of this.#open.get(author) ?? []) this.#hand(packet);
      this.#repeat(author);
    });
  }

  #hand(packet: Uint8Array): void {
    this.#world.clock.after(clientDelayUs, () => this.#host?.tell({ kind: 'said', packet }));
  }
}

/** An acknowledgement of what a person has just said, by himself: only the target's host may say that. */
function forged(packet: Uint8Array): Uint8Array {
  const { routing } = readRaw(packet);
  const tag = routing.get('_tag');
  return render({
    routing: { _source: routing.get('_target'), _target: routing.get('_source'), _tag_relay: tag, _tag_reply: tag },
    method: '_echo',
  });
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Data of a message: bytes that mean nothing, or try to mean something to a parser. */
export function drawData(random: Random): Uint8Array {
  const kind = random.below(8);
  if (kind === 0) return ascii('\n|\n:_tag_relay\t1\n\n_echo\n|\n');
  if (kind === 1) return new Uint8Array(0);
  const data = new Uint8Array(kind === 2 ? random.between(500, 1500) : random.between(1, 100));
  for (let i = 0; i < data.length; i++) data[i] = random.chance(0.05) ? random.below(256) : random.between(0x20, 0x7e);
  return data;
}
