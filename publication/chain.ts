/** What one device says to one address, in order: what is missing shows, and so does what was said twice. docs/spec/publication.md#chains */
import { hexOf } from '../crypto/bytes.ts';
import type { Statement } from './fields.ts';
import { publicationLimits } from './limits.ts';

/** What a publication is to its chain. */
export interface Verdict {
  readonly kind: /** The one after the highest; or it names the highest as the one before it, and its author takes back what lies between. */
    | 'next'
    /** It was seen already. */
    | 'known'
    /** Another one than that with its counter: keep both, pass it on, show it. */
    | 'fork'
    /** There are `forksMax` with its counter: keep and pass on nothing. */
    | 'excess'
    /** Above the highest, and those from `missingFrom` on up to it are missing. */
    | 'gap'
    /** One that was missing. */
    | 'late'
    /** Below what is remembered: only the store knows. */
    | 'old';
  /** With `gap`: the first counter that is missing. */
  readonly missingFrom?: number;
  /** The one before it is another than that which we know by this counter: there is a fork, of which we have seen one side. */
  readonly broken: boolean;
  /** Counters of what was seen although its author takes it back: he was told that it had not arrived. */
  readonly withdrawn?: readonly number[];
}

/** Ids seen with one counter, as hexadecimal. */
type Ids = string[];

interface Chain {
  highest: number;
  /** What the store had as its newest: below it, only the store knows. */
  readonly recalled: number;
  readonly ids: Map<number, Ids>;
  /** Counters that their author has taken back. */
  readonly skipped: Set<number>;
}

/** The limits of the memory. */
export type ChainLimits = { readonly [K in 'chainsMax' | 'chainWindowMax' | 'forksMax']: number };

/** The newest of every chain, as long as there is room; those unheard of for longest go first. */
export class Chains {
  private readonly limits: ChainLimits;
  private readonly chains = new Map<string, Chain>();

  constructor(limits: ChainLimits = publicationLimits) {
    this.limits = limits;
  }

  /** How many chains are remembered. */
  get size(): number {
    return this.chains.size;
  }

  /** Begins to remember a chain with the newest that the store has of it: its counter and id, or 0 and no id. */
  recall(statement: Statement, counter: number, id: Uint8Array | null): void {
    const chain: Chain = { highest: counter, recalled: counter, ids: new Map(), skipped: new Set() };
    if (id !== null) chain.ids.set(counter, [hexOf(id)]);
    this.put(chainName(statement), chain);
  }

  /**
   * Takes a publication that was checked, and its id; null when its chain is not remembered: ask the store, `recall`, and
   * take it again.
   */
  take(statement: Statement, id: Uint8Array): Verdict | null {
    const name = chainName(statement);
    const chain = this.chains.get(name);
    if (chain === undefined) return null;
    this.put(name, chain);
    const { counter } = statement;
    const { highest } = chain;
    if (counter < chain.recalled || counter <= highest - this.limits.chainWindowMax)
      return { kind: 'old', broken: false };
    const from = jumpFrom(chain, statement);
    const before = chain.ids.get(counter - 1);
    const broken = before !== undefined && from === null && !before.includes(hexOf(statement.previous));
    const seen = chain.ids.get(counter);
    const key = hexOf(id);
    if (seen !== undefined) {
      if (seen.includes(key)) return { kind: 'known', broken: false };
      if (seen.length >= this.limits.forksMax) return { kind: 'excess', broken };
      seen.push(key);
      return { kind: 'fork', broken };
    }
    chain.ids.set(counter, [key]);
    // Whoever jumps far makes nobody remember more than the window.
    const since = from === null ? counter : Math.max(from + 1, counter - this.limits.chainWindowMax);
    for (let between = since; between < counter; between++) chain.skipped.add(between);
    const withdrawn = [...chain.ids.keys()].filter((at) => at >= since && at <= counter && chain.skipped.has(at));
    const rest = { broken, ...(withdrawn.length > 0 && { withdrawn }) };
    if (counter < highest) return { kind: 'late', ...rest };
    this.raise(chain, counter);
    const isNext = counter === highest + 1 || from !== null;
    return isNext ? { kind: 'next', ...rest } : { kind: 'gap', missingFrom: highest + 1, ...rest };
  }

  private raise(chain: Chain, counter: number): void {
    chain.highest = counter;
    for (const known of chain.ids.keys()) {
      if (known <= counter - this.limits.chainWindowMax) chain.ids.delete(known);
    }
    for (const one of chain.skipped) if (one <= counter - this.limits.chainWindowMax) chain.skipped.delete(one);
  }

  private put(name: string, chain: Chain): void {
    this.chains.delete(name);
    this.chains.set(name, chain);
    if (this.chains.size <= this.limits.chainsMax) return;
    const [oldest] = this.chains.keys();
    this.chains.delete(oldest!);
  }
}

/** The counter of the one that it names as the one before it, where that is not the one right before; null: it is, or it is none that is known. */
function jumpFrom({ ids }: Chain, { counter, previous }: Statement): number | null {
  const name = hexOf(previous);
  return [...ids].find(([at, known]) => at < counter - 1 && known.includes(name))?.[0] ?? null;
}

/** One for each key, device and address. */
const chainName = ({ fingerprint, device, address }: Statement): string =>
  `${hexOf(fingerprint)} ${hexOf(device)} ${address}`;
