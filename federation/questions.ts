/** What a node has asked of its shell and is not answered: of the store, of OpenPGP, of the DNS. docs/spec/federation.md#node */
import type { DnsStatement } from '../pki/dns-statement.ts';
import type { StoreOutcome } from '../store/store.ts';
import type { Asked, Whose } from './desk.ts';
import type { NodeEffect, NodeEvent } from './events.ts';
import { domainOf } from './letter.ts';
import type { FederationLimits } from './limits.ts';
import type { PkiAnswer, PkiQuestion } from './keys/pki.ts';

type Answer = NodeEvent & { readonly kind: 'stored' | 'answered' | 'looked up' };

/** Those of one node; they are numbered together. */
export class Questions {
  readonly #limits: FederationLimits;
  readonly #effect: (effect: NodeEffect) => void;
  readonly #stored = new Map<number, (outcome: StoreOutcome) => void>();
  readonly #pki = new Map<number, (answer: PkiAnswer) => void>();
  readonly #looked = new Map<number, (found: DnsStatement) => void>();
  #request = 0;
  /** How many of those to OpenPGP are not for our own people, and by whose share. */
  #strangers = 0;
  readonly #shares = new Map<string, number>();

  constructor(limits: FederationLimits, effect: (effect: NodeEffect) => void) {
    this.#limits = limits;
    this.#effect = effect;
  }

  queues(): [string, number][] {
    return [
      ['questions', this.#stored.size],
      ['pki questions', this.#pki.size],
      ['look-ups', this.#looked.size],
    ];
  }

  ask(asked: Asked, answer: (outcome: StoreOutcome) => void): void {
    const request = ++this.#request;
    this.#stored.set(request, answer);
    this.#effect({ kind: 'store', request: { ...asked, request } });
  }

  askPki(
    question: PkiQuestion,
    answer: (answer: PkiAnswer) => void,
    whose: Whose = { stranger: subjectOf(question) },
  ): void {
    const { pkiAskedMax, pkiStrangersMax, pkiOfStrangerMax } = this.#limits;
    const stranger = whose === 'ours' ? null : whose.stranger;
    const share = stranger === null ? 0 : (this.#shares.get(stranger) ?? 0);
    const isCrowded = stranger !== null && (this.#strangers >= pkiStrangersMax || share >= pkiOfStrangerMax);
    if (this.#pki.size >= pkiAskedMax || isCrowded) {
      answer({ kind: 'refused', code: '_trust_unavailable' });
      return;
    }
    const request = ++this.#request;
    this.#count(stranger, 1);
    this.#pki.set(request, (read) => {
      this.#count(stranger, -1);
      answer(read);
    });
    this.#effect({ kind: 'pki', request, question });
  }

  lookUp(domain: string, isChange: boolean, found: (statement: DnsStatement) => void): void {
    if (this.#looked.size >= this.#limits.lookUpsMax) {
      found({ kind: 'timeout' });
      return;
    }
    const request = ++this.#request;
    this.#looked.set(request, found);
    this.#effect({ kind: 'look up', request, domain, isChange });
  }

  #count(stranger: string | null, more: 1 | -1): void {
    if (stranger === null) return;
    this.#strangers += more;
    const share = (this.#shares.get(stranger) ?? 0) + more;
    if (share === 0) this.#shares.delete(stranger);
    else this.#shares.set(stranger, share);
  }

  /** An answer; one that was given before counts for nothing. */
  take(event: Answer): void {
    if (event.kind === 'stored') taken(this.#stored, event.outcome.request)?.(event.outcome);
    else if (event.kind === 'answered') taken(this.#pki, event.request)?.(event.answer);
    else taken(this.#looked, event.request)?.(event.found);
  }
}

/** The domain that it is about, if it is about one. */
function subjectOf(question: PkiQuestion): string {
  if ('domain' in question) return question.domain;
  return 'person' in question ? domainOf(question.person) : `any ${question.kind}`;
}

function taken<T>(asked: Map<number, T>, request: number): T | undefined {
  const answer = asked.get(request);
  asked.delete(request);
  return answer;
}
