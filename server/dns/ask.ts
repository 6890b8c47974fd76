/** A question to one resolver: attempts, times, the change to TCP, and whether to believe that it was validated. docs/spec/dns.md#asking */
import type { Timers } from '../transport/timers.ts';
import { DnsError } from './errors.ts';
import { dnsLimits } from './limits.ts';
import { type DnsMessage, type DnsRecord, FLAG, RCODE, TYPE } from './message.ts';
import { type Asked, knowsCookies, newQuery, type Query, wantsTcp } from './question.ts';
import { renderResolver, type Resolver } from './resolver.ts';
import { askDatagram, askHttps, askStream, type Ways } from './ways.ts';

/** What a resolver says: the records at the end of the aliases, none, or that what it heard does not validate. */
export type Heard =
  | {
      readonly kind: 'records';
      /** Empty: the name has none of this type, or is not there. */
      readonly records: readonly DnsRecord[];
      readonly secure: boolean;
      /** Seconds that the answer may be kept. */
      readonly ttl: number;
    }
  | { readonly kind: 'bogus' };

/** Seconds that an answer without records is kept. */
const NONE_TTL = 300;

/** Asks resolvers; remembers of them who knows cookies. */
export class Asker {
  readonly #ways: Ways;
  readonly #timers: Timers;
  readonly #knowCookies = new Set<string>();

  constructor(ways: Ways, timers: Timers) {
    this.#ways = ways;
    this.#timers = timers;
  }

  /** Rejects with DnsError. `isStream`: not over UDP, whatever the resolver is. */
  async ask(at: Resolver, name: string, type: Asked, isStream = false): Promise<Heard> {
    const message = await this.#exchange(at, name, type, false, isStream);
    if (message.rcode === RCODE.SERVFAIL) {
      const unchecked = await this.#exchange(at, name, type, true, isStream).catch(() => null);
      // It has an answer, and does not stand by it. That answer is not looked at.
      if (unchecked?.rcode === RCODE.NOERROR || unchecked?.rcode === RCODE.NXDOMAIN) return { kind: 'bogus' };
    }
    if (message.rcode !== RCODE.NOERROR && message.rcode !== RCODE.NXDOMAIN) {
      throw new DnsError('_dns_failed', `${renderResolver(at)} answers with error ${message.rcode}`);
    }
    const secure = at.isValidator && (message.flags & FLAG.AD) !== 0;
    const records = behindAliases(message.answers, name, TYPE[type]);
    const ttl = records.reduce(
      (least, record) => Math.min(least, record.ttl),
      records.length === 0 ? NONE_TTL : Infinity,
    );
    return { kind: 'records', records, secure, ttl };
  }

  /** A message that is no question, over TCP. Rejects with DnsError. */
  send(at: Resolver, message: Query): Promise<DnsMessage> {
    return this.#within(dnsLimits.askMsMax, (signal) => askStream(at, message, this.#ways, signal));
  }

  async #exchange(
    at: Resolver,
    name: string,
    type: Asked,
    isUnchecked: boolean,
    isStream: boolean,
  ): Promise<DnsMessage> {
    const deadline = this.#timers.nowMs() + dnsLimits.askMsMax;
    const left = (): number => Math.max(0, deadline - this.#timers.nowMs());
    if (at.kind === 'https') {
      return this.#within(left(), (signal) => askHttps(at, newQuery(name, type, isUnchecked), this.#ways, signal));
    }
    if (at.kind === 'udp' && !isStream && this.#ways.proxy === null) {
      const message = await this.#datagrams(at, () => newQuery(name, type, isUnchecked));
      if (message !== null) return message;
    }
    return this.#within(left(), (signal) => askStream(at, newQuery(name, type, isUnchecked), this.#ways, signal));
  }

  /** null: it has to be asked over TCP. */
  async #datagrams(at: Resolver, query: () => Query): Promise<DnsMessage | null> {
    const key = renderResolver(at);
    for (let attempt = 0; attempt < dnsLimits.attemptsMax; attempt++) {
      try {
        const hasCookies = this.#knowCookies.has(key);
        const message = await this.#within(dnsLimits.attemptMsMax, (signal) =>
          askDatagram(at, query(), hasCookies, signal),
        );
        if (knowsCookies(message)) this.#knowCookies.add(key);
        return wantsTcp(message) ? null : message;
      } catch (error) {
        if (!(error instanceof DnsError)) throw error;
        if (error.code !== '_dns_timeout') return null;
      }
    }
    return null;
  }

  async #within<T>(ms: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const control = new AbortController();
    const cancel = this.#timers.after(ms, () => control.abort());
    try {
      return await act(control.signal);
    } finally {
      cancel();
    }
  }
}

/** The records of this type that the name has, or that its aliases lead to. Throws DnsError `_dns_aliases`. */
function behindAliases(answers: readonly DnsRecord[], name: string, type: number): readonly DnsRecord[] {
  let at = name.toLowerCase();
  for (let hop = 0; hop <= dnsLimits.aliasesMax; hop++) {
    const here = answers.filter((record) => record.name === at && record.class === 1);
    const records = here.filter((record) => record.type === type);
    if (records.length > 0) return records;
    const aliases = here.filter((record) => record.type === TYPE.CNAME);
    if (aliases.length === 0) return [];
    const [alias] = aliases;
    if (aliases.length > 1 || alias!.target === null) throw new DnsError('_dns_aliases', `${at} has no one alias`);
    at = alias!.target;
  }
  throw new DnsError(
    '_dns_aliases',
    `${name} has more than ${dnsLimits.aliasesMax} aliases, or they lead round in a circle`,
  );
}
