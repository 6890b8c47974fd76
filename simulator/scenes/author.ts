/** An author's device: it numbers and signs what it says, a chain for each address. docs/spec/publication.md#chains */
import { parseOne } from '../../circuit/one-packet.ts';
import type { Suite } from '../../crypto/suite.ts';
import { type Draft, render } from '../../psyc/render.ts';
import { type Publication, publicationId } from '../../publication/fields.ts';
import { signPublication } from '../../publication/sign.ts';

const NOTHING = new Uint8Array(32);

/** Whose device it is. */
export interface AuthorOptions {
  readonly suite: Suite;
  /** Of the identity key. */
  readonly fingerprint: Uint8Array;
  readonly device: Uint8Array;
  readonly seed: Uint8Array;
}

/** One device of a person, whatever channel it speaks on. */
export class Author {
  readonly #options: AuthorOptions;
  readonly #chains = new Map<string, { counter: number; previous: Uint8Array }>();

  constructor(options: AuthorOptions) {
    this.#options = options;
  }

  /** What is said to a person or in a place, signed; routing variables of the draft count for nothing. */
  sign(address: string, { entity, method, data }: Draft, timeMs: number): Publication {
    const draft = { entity: entity ?? {}, method: method ?? null, data: data ?? null };
    return this.signContent(address, new Uint8Array(parseOne(render(draft)).content!), timeMs);
  }

  /** The same with a content that is rendered already. */
  signContent(address: string, content: Uint8Array, timeMs: number): Publication {
    const { suite, fingerprint, device, seed } = this.#options;
    const { counter, previous } = this.#chains.get(address) ?? { counter: 1, previous: NOTHING };
    const said = signPublication(suite, { address, fingerprint, device, counter, previous, timeMs, content }, seed);
    this.#chains.set(address, { counter: counter + 1, previous: publicationId(suite, said) });
    return said;
  }
}
