/** What a listener is told of its server before it begins. docs/spec/listener-bots.md#machine */
import type { Suite } from '../crypto/suite.ts';
import type { ListenerLimits } from './limits.ts';
import type { OpenedMemory } from './memory.ts';
import type { NewRecogniser } from './owners.ts';

/** What a listener is told of its server. */
export interface ListenerOptions {
  readonly domain: string;
  readonly suite: Suite;
  readonly limits: ListenerLimits;
  /** Whether this server's context reaches the whole network: what it hears elsewhere goes out on it, and the other way. */
  readonly isWide: boolean;
  /** How many servers the flood has at least, this one included; left out: those that are known here. */
  readonly servers?: number;
  /** Whether an entity of this server, by its uniform, takes packets from nobody. */
  readonly takes: (target: string) => boolean;
  /** Both clocks off: cells leave at once, there are no idle packets and no loops. For tests; it hides nothing. */
  readonly unsafe: boolean;
  /** A cell's bytes for longer than a step; left out: a copy. A shell whose frames nobody writes into gives the same memory. */
  readonly keep?: (cell: Uint8Array) => Uint8Array;
  /** What this server's listeners in other contexts remember with this one; left out: there are none. */
  readonly memory?: OpenedMemory;
  /** Whether another listener of this server puts an onion (4000 bytes) out in its context: it knows whose it is, and this one does not. */
  readonly onward?: (onion: Uint8Array) => boolean;
  /** Who looks whose a cell is; left out: it is looked here. Where one process has many listeners the answer can be shared. */
  readonly newOwners?: NewRecogniser;
}
