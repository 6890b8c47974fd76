/** Through which server a command speaks: its person's own, or, while that does not answer, others in turn. docs/spec/people.md#visitors */
import type { Profile } from '../../client/profile/profile.ts';
import type { Servers } from '../../client/profile/servers-file.ts';
import { InvalidArgumentError, Option } from 'commander';
import { isDomain } from '../../psyc/names.ts';
import { domainOf } from '../../client/session/words.ts';

/** Of commands that another server may carry. */
export interface Through {
  readonly through?: string;
}

/** For commands that another server may carry. */
export const throughOption = (): Option =>
  new Option('--through <domain>', 'through this server, in your own name, and through no other').argParser((text) => {
    if (isDomain(text)) return text;
    throw new InvalidArgumentError('It is a domain, as c.example.');
  });

/** So many others are tried. */
const OTHERS_MAX = 3;

/** How long one may take until both ends are proved, before the next is tried. */
export const noticeMs = 2500;

/** The same through a proxy: Tor takes its time. */
export const proxiedNoticeMs = 20_000;

/** A server to speak through. */
export interface Way {
  /** null: at home. */
  readonly at: string | null;
  /** Whether nothing else is left to be tried: it is kept to, as long as the command may take. */
  readonly isLast: boolean;
}

/** What others may carry. */
interface Carried {
  readonly servers: Servers;
  readonly target: string;
}

/**
 * The person's own first and last; between, those he has named, that of whom he speaks to, and those whose keys he has seen.
 * `carried` null: none but his own; `through`: none but this.
 */
export function waysOf({ whose, kept }: Profile, carried: Carried | null, through: string | null): Way[] {
  if (carried === null || through !== null) return [{ at: through, isLast: true }];
  const { servers, target } = carried;
  const seen = [...kept.pins.keys()].filter((name) => !name.startsWith('psyc://'));
  const others = new Set([...servers.keys(), domainOf(target), ...seen]);
  others.delete(whose.domain);
  const ways = [null, ...[...others].slice(0, OTHERS_MAX)].map((domain) => ({ at: domain, isLast: false }));
  return ways.length === 1 ? [{ at: null, isLast: true }] : [...ways, { at: null, isLast: true }];
}
