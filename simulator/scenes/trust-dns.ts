/** The DNS of the scene `trust`: what owners publish, who believes a validator, and who is lied to how long. docs/simulator.md#trust */
import { hexOf } from '../../crypto/bytes.ts';
import type { DnsStatement } from '../../pki/dns-statement.ts';
import type { IdealKeys } from '../ideal.ts';
import type { Random } from '../random.ts';
import { idealRecord, liarsKey } from './ideal-dns.ts';

/** What an owner says of his keys. */
interface Published {
  readonly fpr: Uint8Array;
  readonly nfpr: Uint8Array | null;
  readonly seq: number;
}

/** A domain's zone in somebody else's hands. */
interface Seizure {
  /** Who is lied to; all others hear the truth. */
  readonly askers: readonly string[];
  /** The liar signs, too. */
  readonly isSigned: boolean;
  /** The time of its end, in microseconds. */
  readonly untilUs: number;
  /** What it names: a key of the domain by name, and a number; without, the liar's. */
  readonly key?: string;
  readonly seq?: number;
}

export interface ZonesOptions {
  readonly keys: IdealKeys;
  readonly random: Random;
  readonly domains: readonly string[];
  readonly nowUs: () => number;
  /** Whether nothing fails any more. */
  readonly isCalm: () => boolean;
}

/** All zones of one run. */
export class Zones {
  readonly #options: ZonesOptions;
  readonly #published = new Map<string, Published>();
  readonly #seized = new Map<string, Seizure>();
  readonly #signed: ReadonlySet<string>;
  readonly #validating: ReadonlySet<string>;
  /** How often an answer is none, or a lie. */
  readonly #trouble: number;

  constructor(options: ZonesOptions) {
    const { random, domains, keys } = options;
    this.#options = options;
    const some = (): ReadonlySet<string> => new Set(domains.filter(() => random.chance(0.5)));
    this.#signed = some();
    this.#validating = some();
    this.#trouble = random.pick([0, 0.2, 0.5]);
    for (const domain of domains) this.publish(domain, { fpr: keys.domain(domain).fingerprint, nfpr: null, seq: 1 });
  }

  /** The owner says this from now on. */
  publish(domain: string, published: Published): void {
    this.#published.set(domain, published);
  }

  /** Somebody else says what he likes in the domain's name. */
  seize(domain: string, seizure: Seizure): void {
    this.#seized.set(domain, seizure);
  }

  /** Whether this server has a validator, and the zone is signed. */
  isValidated(asker: string, domain: string): boolean {
    return this.#signed.has(domain) && this.#validating.has(asker);
  }

  /** What one server is told, anew each time. */
  resolver(asker: string): (domain: string) => DnsStatement {
    const random = this.#options.random.stream(asker);
    return (domain) => {
      const seized = this.#seized.get(domain);
      const isLiedTo = seized !== undefined && this.#options.nowUs() < seized.untilUs && seized.askers.includes(asker);
      const isChecked = this.isValidated(asker, domain);
      if (isLiedTo) return this.#lie(domain, isChecked, seized);
      if (this.#options.isCalm() || !random.chance(this.#trouble)) return this.#truth(domain, isChecked);
      if (random.chance(0.3)) return this.#lie(domain, isChecked, { isSigned: false });
      return random.pick<DnsStatement>([
        { kind: 'timeout' },
        { kind: 'bogus' },
        { kind: 'differing' },
        { kind: 'none', secure: false },
        { kind: 'ambiguous', code: '_ambiguous_record', secure: false },
      ]);
    };
  }

  #truth(domain: string, secure: boolean): DnsStatement {
    const { fpr, nfpr, seq } = this.#published.get(domain)!;
    const told = idealRecord(this.#options.keys, domain, undefined, { secure, seq });
    return { ...told, fpr: hexOf(fpr), nfpr: nfpr === null ? null : hexOf(nfpr) } as DnsStatement;
  }

  /** A validator sees a lie that its zone has not signed. */
  #lie(
    domain: string,
    isChecked: boolean,
    { isSigned, key = liarsKey, seq = 1 }: Pick<Seizure, 'isSigned' | 'key' | 'seq'>,
  ): DnsStatement {
    if (isChecked && !isSigned) return { kind: 'bogus' };
    return idealRecord(this.#options.keys, domain, key, { secure: isChecked, seq });
  }
}
