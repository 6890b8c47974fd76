/** The reliable service, as TLS over TCP gives it: ordered bytes in chunks cut anywhere, until the connection breaks. docs/simulator.md#network */
import { copyBytes } from '../psyc/bytes.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Links } from './links.ts';
import type { Random } from './random.ts';

/** What one end of a connection is told. After `ended` or `failed` it is told nothing more. */
export interface StreamListener {
  /** The connection stands; the accepting end hears it first. */
  opened(): void;
  bytes(bytes: Uint8Array): void;
  /** So many of the bytes written at this end have arrived at the other. */
  drained(bytes: number): void;
  /** The other end closed, and all its bytes have been delivered. */
  ended(): void;
  /** The connection broke or never came to stand; bytes on their way are lost. */
  failed(): void;
}

/** Takes a connection at a host: gives a listener for the accepting end, or null to refuse. */
export type StreamAcceptor = (peer: string, end: StreamEnd) => StreamListener | null;

/** How long connecting through a cut link is tried, in microseconds. */
const connectTimeoutUs = 3_000_000;

/** What all connections share. */
interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly faults: Faults;
  readonly links: Links;
}

/** One end of a connection: what a host writes to and closes. */
export class StreamEnd {
  readonly host: string;
  readonly peerHost: string;
  /** What the connection is called at both ends. */
  readonly name: string;
  readonly #around: Surroundings;
  #listener: StreamListener | null = null;
  #other: StreamEnd | null = null;
  readonly #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #closing = false;
  /** No chunk, end or failure is planned for the other end. */
  #idle = true;
  #open = true;
  #standing = false;

  constructor(around: Surroundings, host: string, peerHost: string, name: string) {
    this.#around = around;
    this.host = host;
    this.peerHost = peerHost;
    this.name = name;
  }

  /** Whether this end is still told things. */
  get open(): boolean {
    return this.#open;
  }

  /** Bytes written that have not arrived. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Joins the two ends of a connection. */
  join(other: StreamEnd, listener: StreamListener): void {
    this.#other = other;
    this.#listener = listener;
  }

  /** Tells this end that the connection stands. */
  stand(): void {
    if (!this.#open) return;
    this.#standing = true;
    this.#listener?.opened();
    if (this.#unsent.length > 0 || this.#closing) this.#move();
  }

  /** Writes bytes, which must not be changed afterwards; on a broken connection they vanish. */
  write(bytes: Uint8Array): void {
    if (!this.#open || this.#closing || bytes.length === 0) return;
    this.#unsent.push(bytes);
    this.#unsentBytes += bytes.length;
    this.#move();
  }

  /** Closes this end: bytes written before still arrive, nothing more is told. */
  close(): void {
    if (!this.#open || this.#closing) return;
    this.#closing = true;
    this.#listener = null;
    this.#move();
  }

  /** Breaks the connection from this end, without telling it. The other end hears of it later, or never. */
  abort(): void {
    if (!this.#open) return;
    this.#shut();
    const { clock, random, faults, links } = this.#around;
    if (random.chance(faults.rates.halfOpen)) {
      faults.happened('half-open');
      return;
    }
    links.whenOpen(this.host, this.peerHost, () => clock.after(this.#delayUs(), () => this.#other?.fail()));
  }

  /** Breaks the connection here: this end is told, now. */
  fail(): void {
    if (!this.#open) return;
    const listener = this.#listener;
    this.#shut();
    listener?.failed();
  }

  /** The same from somewhere on the way: this end is told now. */
  reset(): void {
    const listener = this.#listener;
    this.abort();
    listener?.failed();
  }

  #shut(): void {
    this.#open = false;
    this.#listener = null;
    if (this.#unsentBytes > 0) this.#around.faults.happened('lost in flight');
    this.#unsent.length = 0;
  }

  #delayUs(): number {
    const { random, faults } = this.#around;
    const { delayUsMin, delayUsMean, delay } = faults.rates;
    if (!random.chance(delay)) return delayUsMin + random.exponential(delayUsMean);
    faults.happened('delay');
    return delayUsMin + random.exponential(delayUsMean) + 10 * delayUsMean;
  }

  /** Plans the next chunk, or the end, unless one is planned: chunks never overtake each other. */
  #move(): void {
    if (!this.#idle || !this.#standing) return;
    this.#idle = false;
    this.#around.clock.after(this.#delayUs(), () =>
      this.#around.links.whenOpen(this.host, this.peerHost, () => {
        this.#idle = true;
        this.#arrive();
      }),
    );
  }

  #arrive(): void {
    if (!this.#open) return;
    if (this.#other !== null && this.#other.#open && !this.#other.#standing) {
      // The accepting end may write before the other has heard that the connection stands.
      this.#move();
      return;
    }
    const first = this.#unsent[0];
    if (first === undefined) {
      if (!this.#closing) return;
      this.#shut();
      this.#other?.end();
      return;
    }
    // An end that is gone without our hearing of it takes nothing: the bytes stay unsent.
    if (this.#other === null || !this.#other.#open) return;
    const chunk = this.#cut(first);
    this.#unsentBytes -= chunk.length;
    this.#other.take(chunk);
    this.#listener?.drained(chunk.length);
    if (this.#open && (this.#unsent.length > 0 || this.#closing)) this.#move();
  }

  /** Tells this end that the other closed. */
  end(): void {
    if (!this.#open) return;
    const listener = this.#listener;
    this.#shut();
    listener?.ended();
  }

  /** Hands a chunk to this end. The buffer is spoilt afterwards, as a network's would be: keeping a view of it is a bug. */
  take(chunk: Uint8Array): void {
    if (!this.#open) return;
    const buffer = copyBytes(chunk);
    this.#listener?.bytes(buffer);
    buffer.fill(0x21);
  }

  /** Takes the next chunk from what is unsent: all of it, or cut where no packet ends. */
  #cut(first: Uint8Array): Uint8Array {
    const { random, faults } = this.#around;
    if (!random.chance(faults.rates.chopping)) {
      // Writes that waited together arrive together.
      if (this.#unsent.length === 1) {
        this.#unsent.length = 0;
        return first;
      }
      const all = new Uint8Array(this.#unsentBytes);
      let at = 0;
      for (const written of this.#unsent) {
        all.set(written, at);
        at += written.length;
      }
      this.#unsent.length = 0;
      return all;
    }
    const size = 1 + random.below(random.chance(0.2) ? Math.min(first.length, 4) : first.length);
    if (size === first.length) this.#unsent.shift();
    else {
      faults.happened('chopped');
      this.#unsent[0] = first.subarray(size);
    }
    return first.subarray(0, size);
  }
}

/** Connections between hosts. */
export class Streams {
  readonly #around: Surroundings;
  readonly #acceptors = new Map<string, StreamAcceptor>();
  #connected = 0;

  constructor(clock: Clock, random: Random, faults: Faults, links: Links) {
    this.#around = { clock, random, faults, links };
  }

  /** Connections to this host go here from now on; null: nobody is there, and they are refused. */
  listen(host: string, acceptor: StreamAcceptor | null): void {
    if (acceptor === null) this.#acceptors.delete(host);
    else this.#acceptors.set(host, acceptor);
  }

  /** Connects two hosts; the listener hears `opened` or `failed` later. Gives the near end. */
  connect(from: string, to: string, listener: StreamListener): StreamEnd {
    const { clock, random, faults, links } = this.#around;
    const name = `stream ${++this.#connected}`;
    const near = new StreamEnd(this.#around, from, to, name);
    const far = new StreamEnd(this.#around, to, from, name);
    const delayUs = (): number => faults.rates.delayUsMin + random.exponential(faults.rates.delayUsMean);
    const refuse = (afterUs: number): void => {
      faults.happened('refused connection');
      // Some walls answer nothing.
      if (random.chance(faults.rates.halfOpen)) faults.happened('half-open');
      else clock.after(afterUs, () => near.fail());
    };
    near.join(far, listener);
    clock.after(delayUs(), () => {
      if (!near.open) return;
      if (links.isCut(from, to) || links.isCut(to, from)) {
        refuse(connectTimeoutUs);
        return;
      }
      const accepted = this.#acceptors.get(to)?.(from, far) ?? null;
      if (accepted === null) {
        refuse(delayUs());
        return;
      }
      far.join(near, accepted);
      far.stand();
      clock.after(delayUs(), () => near.stand());
      this.#doom(near, far);
    });
    return near;
  }

  /** Plans the reset that most connections meet before they are closed. */
  #doom(near: StreamEnd, far: StreamEnd): void {
    const { clock, random, faults } = this.#around;
    if (faults.rates.resetIntervalUsMean === 0) return;
    clock.after(random.exponential(faults.rates.resetIntervalUsMean), () => {
      if (faults.rates.resetIntervalUsMean === 0 || !near.open || !far.open) return;
      faults.happened('reset');
      (random.chance(0.5) ? near : far).reset();
    });
  }
}
