/** Contents that come out of cells in parts, put together at the exit. docs/spec/listener-bots.md#parts */
import type { Suite } from '../crypto/suite.ts';
import { Assembly } from '../onion/assembly.ts';
import type { OnionCode } from '../onion/error.ts';

/** A content that is a part of something bigger begins with this; no packet does. */
const PART = 0;

/** What a content is, or what came of a part. */
export type Content =
  | { readonly kind: 'whole'; readonly content: Uint8Array }
  /** It was kept, or was not needed any more. */
  | { readonly kind: 'part' }
  | { readonly kind: 'refused'; readonly code: OnionCode };

/** Packed contents are for readers who know whom they come from: at an exit nobody is made to unpack anything. */
const unpackNothing = (): null => null;

/** Those of one life: what is there of a message is in memory only. */
export class Parts {
  readonly #assembly: Assembly;

  constructor(suite: Suite) {
    this.#assembly = new Assembly(suite, unpackNothing);
  }

  /** How many messages are being put together. */
  get length(): number {
    return this.#assembly.size.messages;
  }

  /** Takes what was in a cell for its exit. */
  add(content: Uint8Array, nowMs: number): Content {
    if (content[0] !== PART) return { kind: 'whole', content };
    const came = this.#assembly.add(content, nowMs);
    switch (came.kind) {
      case 'whole':
        return { kind: 'whole', content: came.message };
      case 'refused':
        return came;
      case 'part':
      case 'spare':
        return { kind: 'part' };
    }
  }

  /** Gives up what nothing came of for too long, and tells how many that were. */
  tidy(nowMs: number): number {
    return this.#assembly.tidy(nowMs).length;
  }
}
