/** What publications have of their node beside its desk: the ways to other servers. docs/spec/feeds.md#relay */
import type { Letter } from '../letter.ts';

/** What a feed needs of its node beside its desk. */
export interface FeedHub {
  /** Sends to another domain, if there is a circuit with room. */
  send(domain: string, letter: Letter): boolean;
  /** Domains to which a circuit is ready. */
  linked(): readonly string[];
  /** Whether one more publication of a visitor is taken now; it is counted. */
  takes(author: string): boolean;
  /** The same of a chunk of a visitor's file. */
  takesChunk(author: string): boolean;
  /** Hands what was taken from its author here to all other servers. */
  flood(letter: Letter, id: string): void;
}
