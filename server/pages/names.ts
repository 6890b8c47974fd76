/** Where people and publications are on the web, and how they are called there. docs/spec/pages.md#addresses */
import type { Shown } from '../../federation/feeds/page-shown.ts';
import { isDomain, isNick } from '../../psyc/names.ts';
import { parseEntity, parseUniform } from '../../psyc/uniform.ts';

/** The file of a publication that is asked for. */
export interface FileRequest {
  readonly of: string;
  readonly form: 'file';
  /** In hexadecimal. */
  readonly id: string;
}

/** What is asked for. */
export interface PageRequest {
  /** `psyc://domain/~nick` or `psyc://domain/@name`. */
  readonly of: string;
  readonly form: 'html' | 'atom';
  /** Rows before this one; null: the newest. */
  readonly before: number | null;
}

/** What a URL asks for at a server of `domain`; null: no page; 'invalid': one that cannot be. */
export function readUrl(url: string, domain: string): PageRequest | FileRequest | null | 'invalid' {
  const [path = '', query = ''] = url.split('?');
  const match = /^\/([~@])([^/]*?)(?:(\.atom)|\/file\/([^/]*))?$/.exec(path);
  if (match === null) return null;
  const [nick = '', host = domain, ...more] = match[2]!.split('@');
  const id = match[4];
  if (id !== undefined) {
    const isFile = match[1] === '~' && isNick(nick) && isDomain(host) && more.length === 0 && query === '';
    return isFile && /^[0-9a-f]{64}$/.test(id) ? { of: `psyc://${host}/~${nick}`, form: 'file', id } : 'invalid';
  }
  const before = /^(?:before=([1-9][0-9]{0,14}))?$/.exec(query);
  if (!isNick(nick) || !isDomain(host) || more.length > 0 || before === null) return 'invalid';
  const at = before[1] === undefined ? null : Number(before[1]);
  return { of: `psyc://${host}/${match[1]}${nick}`, form: match[3] === undefined ? 'html' : 'atom', before: at };
}

/** The path of a page at a server of `domain`. */
export function pathOf(of: string, domain: string, form: 'html' | 'atom', before: number | null = null): string {
  const { host, name, kind } = parseEntity(of);
  const who = `${kind === 'place' ? '@' : '~'}${name}${host === domain ? '' : `@${host}`}`;
  return `/${who}${form === 'atom' ? '.atom' : ''}${before === null ? '' : `?before=${before}`}`;
}

/** The path of the file of a publication. */
export const filePathOf = (of: string, domain: string, id: string): string =>
  `${pathOf(of, domain, 'html')}/file/${id}`;

/** `ada@a.example`, `@hall@b.example`; what is neither as it is. */
export function addressOf(uniform: string): string {
  const { host, name, kind } = parseUniform(uniform);
  if (kind === 'person') return `${name}@${host}`;
  return kind === 'place' ? `@${name}@${host}` : uniform;
}

/** A publication's name that is the same wherever it is: its digest (RFC 6920). `id`: hexadecimal. */
export const digestName = (id: string): string => `ni:///blake2b-256;${Buffer.from(id, 'hex').toString('base64url')}`;

/** The name of what is shown; what nobody has signed has one by its row. */
export const nameOf = (of: string, { id, row }: Pick<Shown, 'id' | 'row'>): string =>
  id === null ? `${of}#_row_${row}` : digestName(id);

/** Where it is on its page. */
export const anchorOf = ({ id, row }: Pick<Shown, 'id' | 'row'>): string => (id === null ? `r-${row}` : `p-${id}`);
