/** Where people and publications are on the web, and how they are called there. docs/spec/pages.md#addresses */
import { isDomain, isNick } from '../../psyc/names.ts';
import { parseEntity } from '../../psyc/uniform.ts';

/** What is asked for. */
export interface PageRequest {
  /** `psyc://domain/~nick`. */
  readonly person: string;
  readonly form: 'html' | 'atom';
  /** Rows before this one; null: the newest. */
  readonly before: number | null;
}

/** What a URL asks for at a server of `domain`; null: no page; 'invalid': one that cannot be. */
export function readUrl(url: string, domain: string): PageRequest | null | 'invalid' {
  const [path = '', query = ''] = url.split('?');
  const match = /^\/~([^/]*?)(\.atom)?$/.exec(path);
  if (match === null) return null;
  const [nick = '', host = domain, ...more] = match[1]!.split('@');
  const before = /^(?:before=([1-9][0-9]{0,14}))?$/.exec(query);
  if (!isNick(nick) || !isDomain(host) || more.length > 0 || before === null) return 'invalid';
  const at = before[1] === undefined ? null : Number(before[1]);
  return { person: `psyc://${host}/~${nick}`, form: match[2] === undefined ? 'html' : 'atom', before: at };
}

/** The path of somebody's page at a server of `domain`. */
export function pathOf(person: string, domain: string, form: 'html' | 'atom', before: number | null = null): string {
  const { host, name } = parseEntity(person);
  const who = host === domain ? name : `${name}@${host}`;
  return `/~${who}${form === 'atom' ? '.atom' : ''}${before === null ? '' : `?before=${before}`}`;
}

/** `ada@a.example`. */
export function addressOf(person: string): string {
  const { host, name } = parseEntity(person);
  return `${name}@${host}`;
}

/** A publication's name that is the same wherever it is: its digest (RFC 6920). `id`: hexadecimal. */
export const nameOf = (id: string): string => `ni:///blake2b-256;${Buffer.from(id, 'hex').toString('base64url')}`;
