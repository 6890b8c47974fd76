/** What the admin wants of other domains, as text: to be read, sent to another admin, and kept. docs/spec/trust.md#policy */
import { isDomain } from '../../psyc/names.ts';

/** `limit`: it is spoken with and never vouched for; `block`: not at all. */
export type Rule = 'allow' | 'limit' | 'block';

/** One domain's. */
export interface PolicyLine {
  readonly rule: Rule;
  readonly domain: string;
  /** Of its key, as the admin knows it; null: he has not said. */
  readonly fingerprint: string | null;
}

/** A change: `rule` null takes the domain's line out. */
export type PolicyChange = Omit<PolicyLine, 'rule'> & { readonly rule: Rule | null };

/** All of it. */
export interface PolicyText {
  /** Whether domains without a line are met; null: the text does not say. */
  readonly unknown: 'open' | 'closed' | null;
  readonly lines: readonly PolicyLine[];
}

const LINE = /^(allow|limit|block) (\S+)(?: ([0-9a-fA-F]{40}|[0-9a-fA-F]{64}))?$/;

/** The number of the first line that is wrong, or what the text says. Blank lines, and what follows `#`, count for nothing. */
export function parsePolicy(text: string): PolicyText | number {
  let unknown: PolicyText['unknown'] = null;
  const lines: PolicyLine[] = [];
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.replace(/#.*/, '').trim().replace(/\s+/g, ' ');
    if (line === '') continue;
    if (line === 'unknown open' || line === 'unknown closed') unknown = line === 'unknown open' ? 'open' : 'closed';
    else {
      const [, rule, domain = '', fingerprint] = LINE.exec(line) ?? [];
      if (rule === undefined || !isDomain(domain)) return at + 1;
      lines.push({ rule: rule as Rule, domain, fingerprint: fingerprint?.toLowerCase() ?? null });
    }
  }
  return { unknown, lines };
}

/** The one text for it, in the order of names. */
export function renderPolicy({ unknown, lines }: PolicyText): string {
  const sorted = [...lines].sort((a, b) => (a.domain < b.domain ? -1 : 1));
  const texts = sorted.map(
    ({ rule, domain, fingerprint }) => `${rule} ${domain}${fingerprint === null ? '' : ` ${fingerprint}`}`,
  );
  return [...(unknown === null ? [] : [`unknown ${unknown}`]), ...texts].map((line) => `${line}\n`).join('');
}
