/** What comes out of cells for entities of this server: put together, judged, given to whom it is for. docs/spec/listener-bots.md#exits */
import type { Suite } from '../crypto/suite.ts';
import type { Packet } from '../psyc/packet.ts';
import { type Exit, readExit } from './anonymous.ts';
import type { Counts } from './counts.ts';
import type { Opener } from './opener.ts';
import { Parts } from './parts.ts';
import { place, placeOf } from './placing.ts';

/** Who acts on what comes out. */
export interface ExitsSurroundings {
  readonly domain: string;
  readonly suite: Suite;
  /** As a listener's. */
  readonly takes: (target: string) => boolean;
  readonly counts: Counts;
  readonly opener: Opener;
  exit(exit: Exit): void;
  /** Lets a new onion wait for the origin clock. */
  release(onion: Uint8Array): void;
}

/** Those of one life. */
export class Exits {
  readonly #around: ExitsSurroundings;
  readonly #parts: Parts;

  constructor(around: ExitsSurroundings) {
    this.#around = around;
    this.#parts = new Parts(around.suite);
  }

  /** How many messages are being put together. */
  get parts(): number {
    return this.#parts.length;
  }

  /** A content, or a part of one. What is put together comes as from one cell. */
  take(content: Uint8Array, nowMs: number, unixMs: number): void {
    const { domain, takes, counts } = this.#around;
    const own = placeOf(domain);
    const came = this.#parts.add(content, nowMs);
    if (came.kind === 'part') counts.add('parts');
    else if (came.kind === 'refused') counts.add(`dropped ${came.code}`);
    else {
      const exit = readExit(came.content, domain, (target) => target === own || takes(target));
      if ('code' in exit) counts.add(`dropped ${exit.code}`);
      else if (exit.target === own && !exit.isSigned) this.#place(exit.packet, Math.floor(unixMs / 1000));
      else this.#around.exit(exit);
    }
  }

  /** Gives up messages of which nothing came for too long, and tells how many those were. */
  tidy(nowMs: number): number {
    return this.#parts.tidy(nowMs);
  }

  /** A one-time secret is asked for; the answer leaves when the secret is durable. */
  #place(packet: Packet, nowSeconds: number): void {
    const { suite, domain, counts, opener } = this.#around;
    // Agreeing costs as much as fifteen layers, and anybody may ask.
    if (!opener.hasRoom) {
      counts.add('deposit ignored');
      return;
    }
    const placed = place(suite, domain, packet, nowSeconds, opener.lifeSeconds);
    if ('code' in placed) {
      counts.add(`dropped ${placed.code}`);
      return;
    }
    const { slot, onion } = placed;
    const isKept = opener.place(slot, () => this.#around.release(onion));
    counts.add(isKept ? 'secrets placed' : 'deposit ignored');
  }
}
