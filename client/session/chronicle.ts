/** What each device of each author said here, in order, also across crashes: what is missing, doubled or old shows. docs/spec/people.md#shown */
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { Chains } from '../../publication/chain.ts';
import type { Statement } from '../../publication/fields.ts';
import type { Notice } from './events.ts';
import type { Head } from './kept.ts';
import { sessionLimits } from './limits.ts';

/** What a publication is to people: news, something that was handed out before, or older than what is remembered. */
export interface Standing {
  readonly kind: 'news' | 'known' | 'old';
  readonly notices: readonly Notice[];
}

/** Chains in memory, and the newest of each to be kept. */
export class Chronicle {
  readonly #chains = new Chains();
  /** The one longest unheard of first. */
  readonly #heads: Map<string, Head>;

  constructor(heads: ReadonlyMap<string, Head>) {
    this.#heads = new Map(heads);
  }

  /** What is to be kept. */
  heads(): ReadonlyMap<string, Head> {
    return new Map(this.#heads);
  }

  /** Takes what was checked to be `author`'s, with its id. */
  take(author: string, statement: Statement, id: Uint8Array): Standing {
    const { counter, address, previous } = statement;
    const name = `${hexOf(statement.fingerprint)} ${hexOf(statement.device)} ${address}`;
    let verdict = this.#chains.take(statement, id);
    if (verdict === null) {
      const head = this.#heads.get(name);
      // The first that is heard of a device: whatever it said before is not missed.
      if (head !== undefined) this.#chains.recall(statement, head.counter, bytesOfHex(head.id));
      else this.#chains.recall(statement, counter - 1, counter === 1 ? null : previous);
      verdict = this.#chains.take(statement, id)!;
    }
    const notices: Notice[] = [];
    const { kind, missingFrom, broken, withdrawn = [] } = verdict;
    if (kind === 'next' || kind === 'gap') this.#raise(name, { counter, id: hexOf(id) });
    if (kind === 'gap') notices.push({ kind: 'gap', author, address, from: missingFrom!, to: counter - 1 });
    if (kind === 'fork' || broken) notices.push({ kind: 'fork', author, address, counter });
    for (const one of withdrawn) notices.push({ kind: 'withdrawn', author, address, counter: one });
    if (kind === 'known' || kind === 'excess') return { kind: 'known', notices };
    return { kind: kind === 'old' ? 'old' : 'news', notices };
  }

  #raise(name: string, head: Head): void {
    this.#heads.delete(name);
    this.#heads.set(name, head);
    if (this.#heads.size <= sessionLimits.headsMax) return;
    const [oldest] = this.#heads.keys();
    this.#heads.delete(oldest!);
  }
}
