/** Which domains this one has to do with, as its admin wants it; kept in the store, and changed while the server runs. docs/spec/trust.md#policy */
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import type { Desk } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import {
  parsePolicy,
  type PolicyChange,
  type PolicyLine,
  type PolicyText,
  renderPolicy,
  type Rule,
} from './policy-lines.ts';
import { insistOnRecords, record } from '../records.ts';
import { nodeUniform } from '../waking.ts';

/** One node's. */
export class Policy {
  readonly #desk: Desk;
  #unknown: 'open' | 'closed' = 'open';
  #lines = new Map<string, PolicyLine>();
  #isKnown = false;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  load(): void {
    insistOnRecords(this.#desk, nodeUniform(this.#desk.domain), (records) => {
      const kept = parsePolicy(decodeText(records.get('policy') ?? new Uint8Array(0)));
      if (typeof kept === 'number') throw new Error('the policy that was kept cannot be read');
      this.#take(kept);
      this.#isKnown = true;
    });
  }

  /** Why a domain is not spoken with; null: it is. */
  faultOf(domain: string): FederationCode | null {
    if (!this.#isKnown) return '_trust_unavailable';
    const rule = this.ruleOf(domain);
    return rule === 'block' || (rule === null && this.#unknown === 'closed') ? '_trust_blocked' : null;
  }

  /** null: the admin has said nothing of it. */
  ruleOf(domain: string): Rule | null {
    return this.#lines.get(domain)?.rule ?? null;
  }

  /** The key that the admin knows, by policy or configuration; null: none. */
  fingerprintOf(domain: string): string | null {
    return this.#lines.get(domain)?.fingerprint ?? this.#desk.options.pins.get(domain) ?? null;
  }

  get text(): PolicyText {
    return { unknown: this.#unknown, lines: [...this.#lines.values()] };
  }

  /** Keeps it, and goes by it once it is durable; `done` is given why not, or null. */
  change(
    unknown: 'open' | 'closed' | null,
    changes: readonly PolicyChange[],
    done: (code: FederationCode | null) => void,
  ): void {
    const lines = new Map(this.#lines);
    for (const { rule, domain, fingerprint } of changes) {
      if (rule === null) lines.delete(domain);
      // Whoever only changes the rule has not forgotten the key.
      else lines.set(domain, { rule, domain, fingerprint: fingerprint ?? lines.get(domain)?.fingerprint ?? null });
    }
    const text = { unknown: unknown ?? this.#unknown, lines: [...lines.values()] };
    const bytes = encodeText(renderPolicy(text));
    if (!this.#isKnown || bytes.length > this.#desk.options.federationLimits.policyBytesMax) {
      done(this.#isKnown ? '_excessive_rules' : '_trust_unavailable');
      return;
    }
    const operations = [record(nodeUniform(this.#desk.domain), 'policy', bytes)];
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind === 'written') this.#take(text);
      done(outcome.kind === 'written' ? null : '_trust_unavailable');
    });
  }

  #take({ unknown, lines }: PolicyText): void {
    this.#unknown = unknown ?? 'open';
    // A rule about the node itself, which could once be made, says nothing.
    const others = lines.filter(({ domain }) => domain !== this.#desk.domain);
    this.#lines = new Map(others.map((line) => [line.domain, line]));
  }
}
