/** What a domain's DNS says of its key, of one resolver or of two that must agree. docs/spec/dns.md#statement */
import { agreed, type DnsStatement, statementOf } from '../../pki/dns-statement.ts';
import type { Asker } from './ask.ts';
import { DnsError } from './errors.ts';
import { dnsLimits } from './limits.ts';
import { stringsOfData } from './message.ts';
import { renderResolver, type Resolver } from './resolver.ts';

/** The name that a domain's record is at. */
export const recordName = (domain: string): string => `_p3do.${domain}`;

/** What one resolver says. */
export interface Told {
  /** As the configuration writes it. */
  readonly resolver: string;
  readonly statement: DnsStatement;
  /** Seconds that it may be kept. */
  readonly ttl: number;
  /** Why, where there is none. */
  readonly reason: string | null;
}

/** Seconds before a question without an answer is asked again. */
const FAILED_TTL = 60;

/** Asks after domains' keys. */
export class KeyLookUp {
  readonly #asker: Asker;
  readonly #resolvers: readonly Resolver[];
  readonly #unixSeconds: () => number;

  constructor(asker: Asker, resolvers: readonly Resolver[], unixSeconds: () => number) {
    this.#asker = asker;
    this.#resolvers = resolvers;
    this.#unixSeconds = unixSeconds;
  }

  /** What the first resolver says that says anything, of `resolversAskedMax`. Never rejects. */
  async statement(domain: string): Promise<DnsStatement> {
    for (const resolver of this.#resolvers.slice(0, dnsLimits.resolversAskedMax)) {
      const { statement } = await this.#ask(resolver, domain, false);
      if (statement.kind !== 'timeout') return statement;
    }
    return { kind: 'timeout' };
  }

  /**
   * What two resolvers agree on, asked over different ways: for a key that is about to be changed. With one resolver only,
   * that one over UDP and over TCP. Never rejects.
   */
  async confirmed(domain: string): Promise<DnsStatement> {
    const [first, ...others] = this.#resolvers;
    if (first === undefined) return { kind: 'timeout' };
    const second = others.find(({ kind }) => kind !== first.kind) ?? others[0];
    const [one, other] = await Promise.all([
      this.#ask(first, domain, false),
      this.#ask(second ?? first, domain, second === undefined || second.kind === first.kind),
    ]);
    return agreed(one.statement, other.statement);
  }

  /** What each resolver says, in their order. Never rejects. */
  all(domain: string): Promise<Told[]> {
    return Promise.all(this.#resolvers.map((resolver) => this.#ask(resolver, domain, false)));
  }

  async #ask(at: Resolver, domain: string, isStream: boolean): Promise<Told> {
    const resolver = renderResolver(at);
    try {
      const heard = await this.#asker.ask(at, recordName(domain), 'TXT', isStream);
      if (heard.kind === 'bogus') {
        return { resolver, statement: { kind: 'bogus' }, ttl: FAILED_TTL, reason: 'the answer does not validate' };
      }
      const records = heard.records.map(({ data }) => stringsOfData(data) ?? []);
      const statement = statementOf(records, heard.secure, this.#unixSeconds());
      return { resolver, statement, ttl: heard.ttl, reason: null };
    } catch (error) {
      if (!(error instanceof DnsError)) throw error;
      return { resolver, statement: { kind: 'timeout' }, ttl: FAILED_TTL, reason: `${error.message} (${error.code})` };
    }
  }
}
