/** What a look at a domain from outside finds: one line each, good, warning or bad, with what to do. docs/operating.md#doctor */
import type { Told } from '../dns/look-up.ts';
import type { Way } from '../keys/ask.ts';
import type { Endpoint, Finding as Finding_, Resolver as Finder } from '../transport/resolve.ts';
import type { Proxy } from '../transport/socks.ts';

export type Verdict = 'good' | 'warning' | 'bad';

/** One line. */
export interface Finding {
  /** What was looked at: a word or two, the same for the same thing. */
  readonly what: string;
  readonly verdict: Verdict;
  readonly text: string;
  /** What to do; null where it is good. */
  readonly remedy: string | null;
}

/** A domain, and what it is looked at with. */
export interface Visit {
  readonly domain: string;
  /** Of its key, 40 hex digits, where the domain is one of this machine; null: of somebody else. */
  readonly ownKey: string | null;
  /** The domain of this machine that looks, its key, and where its server is; null: none does. */
  readonly looker: { readonly domain: string; readonly fingerprint: string; readonly at: Endpoint } | null;
  /** Its name is of this machine or of a test, and no resolver is configured that might know it: none is asked. */
  readonly isAlone: boolean;
  /** What each resolver says of its record. */
  readonly told: readonly Told[];
  /** A resolver that is asked here is a validator. */
  readonly hasValidator: boolean;
  readonly finder: Finder;
  /** Domains whose server is told by the configuration. */
  readonly peers: ReadonlyMap<string, Endpoint>;
  /** Through which everything goes; no SRV record is asked then. */
  readonly proxy: Proxy | null;
  /** Where web key directories are, and which authorities count for certificates (PEM); those of Node.js where none are named. */
  readonly web: { readonly port: number; readonly authorities?: readonly string[] };
  /** Whether the domain passes onions on; null: it is not one of this machine. */
  readonly hasOnions: boolean | null;
  readonly unixMs: () => number;
}

/** Looks at one side of it; what was found so far is known. Never rejects for what a domain or network does. */
export type Check = (visit: Visit, before: readonly Finding[]) => Promise<readonly Finding[]>;

export const good = (what: string, text: string): Finding => ({ what, verdict: 'good', text, remedy: null });
export const warning = (what: string, text: string, remedy: string): Finding => ({
  what,
  verdict: 'warning',
  text,
  remedy,
});
export const bad = (what: string, text: string, remedy: string): Finding => ({ what, verdict: 'bad', text, remedy });

/** How key servers and directories are reached. */
export const wayOf = ({ proxy, finder, web }: Visit): Way => ({ proxy, resolver: finder, ...web });

/** How the domain's server is found. */
export const findingOf = ({ finder, peers }: Visit): Finding_ => ({ resolver: finder, peers, random: () => 0 });

/** A day as people write it, of Unix seconds. */
export const dayOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

/** All checks, one after the other; each finding is given as soon as it is there. */
export async function examine(
  visit: Visit,
  checks: readonly Check[],
  found: (finding: Finding) => void,
): Promise<Finding[]> {
  const all: Finding[] = [];
  for (const check of checks) {
    for (const finding of await check(visit, all)) {
      all.push(finding);
      found(finding);
    }
  }
  return all;
}
