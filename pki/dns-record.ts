/** The TXT record at `_p3do.DOMAIN`: which key is the domain's, which comes next, where keys are. docs/spec/dns.md#record */
import { joinBytes } from '../crypto/bytes.ts';
import { decodeText, encodeText } from '../psyc/bytes.ts';
import { isDomain } from '../psyc/names.ts';
import { dnsRecordLimits } from './dns-limits.ts';
import { PkiError } from './error.ts';

const { recordBytesMax, stringBytesMax, keyServersMax } = dnsRecordLimits;

/** What one record says. */
export interface DomainRecord {
  /** Of the domain's key: 40 (version 4) or 64 (version 6) lower-case hex digits. */
  readonly fpr: string;
  /** Of the key that is to follow; null: none is announced. */
  readonly nfpr: string | null;
  /** Counts the domain's keys; never falls. */
  readonly seq: number;
  /** URIs of key servers, hkps or https, as `renderRecord` writes them. */
  readonly ks: readonly string[];
  /** Unix seconds after which the record says nothing; null: it does not end. */
  readonly x: number | null;
  /** The domain is trying it out: nobody is to act on it. */
  readonly isTest: boolean;
}

const CANDIDATE = /^v=P3DO1[ \t]*(?:;|$)/;
const TAG = /^[ \t]*([a-z][a-z0-9_]*)[ \t]*=[ \t]*(.*?)[ \t]*$/;
const VALUE = /^[\x20-\x3a\x3c-\x7e\t]*$/;
const FINGERPRINT = /^(?:[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$/;
const NUMBER = /^[1-9][0-9]{0,14}$/;
const KEY_SERVER =
  /^(hkps|https):\/\/([A-Za-z0-9.-]+)(?::([1-9][0-9]{0,4}))?(\/(?:[A-Za-z0-9._~!$&'()*+=:@/-]|%[0-9A-Fa-f]{2})*)?$/;
const PORT_MAX = 65_535;

/**
 * Reads a TXT record, given as its strings; null for one of somebody else. Throws PkiError `_invalid_record`,
 * `_oversized_record`, `_repeated_tag`, `_missing_tag`, `_invalid_tag`, `_excessive_key_servers`.
 */
export function parseRecord(strings: readonly Uint8Array[]): DomainRecord | null {
  const bytes = joinBytes(...strings);
  // What is not ASCII shows as U+FFFD or above, which no rule takes.
  const text = decodeText(bytes);
  if (!CANDIDATE.test(text)) return null;
  if (bytes.length > recordBytesMax) throw new PkiError('_oversized_record', `a record of ${bytes.length} bytes`);
  if (strings.some(({ length }) => length > stringBytesMax)) {
    throw new PkiError('_invalid_record', `a string of more than ${stringBytesMax} bytes`);
  }
  const tags = tagsOf(text);
  const isTest = tags.has('t');
  if (isTest && tags.get('t') !== 'y') throw invalid('t', 'is y, or not there');
  return {
    fpr: fingerprint('fpr', needed(tags, 'fpr')),
    nfpr: tags.has('nfpr') ? fingerprint('nfpr', tags.get('nfpr')!) : null,
    seq: number('seq', needed(tags, 'seq')),
    ks: tags.has('ks') ? keyServers(tags.get('ks')!) : [],
    x: tags.has('x') ? number('x', tags.get('x')!) : null,
    isTest,
  };
}

/** The one text for what a record says. Throws PkiError as `parseRecord` does, for what no record can say. */
export function renderRecord({ fpr, nfpr, seq, ks, x, isTest }: DomainRecord): string {
  const text = [
    'v=P3DO1',
    `fpr=${fpr}`,
    ...(nfpr === null ? [] : [`nfpr=${nfpr}`]),
    `seq=${seq}`,
    ...(ks.length === 0 ? [] : [`ks=${ks.join(',')}`]),
    ...(x === null ? [] : [`x=${x}`]),
    ...(isTest ? ['t=y'] : []),
  ].join('; ');
  parseRecord(stringsOf(text));
  return text;
}

/** The strings of a TXT record that joined are `text`. */
export function stringsOf(text: string): Uint8Array[] {
  const bytes = encodeText(text);
  const strings: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += stringBytesMax) strings.push(bytes.subarray(at, at + stringBytesMax));
  return strings;
}

/** RFC 6376 section 3.2; a semicolon at the end is free. */
function tagsOf(text: string): Map<string, string> {
  const specs = text.split(';');
  if (specs.length > 1 && /^[ \t]*$/.test(specs.at(-1)!)) specs.pop();
  const tags = new Map<string, string>();
  for (const spec of specs) {
    const [, name, value = ''] = TAG.exec(spec) ?? [];
    if (name === undefined || !VALUE.test(value)) {
      throw new PkiError('_invalid_record', 'not a list of tags in lower case: name=value; name=value');
    }
    if (tags.has(name)) throw new PkiError('_repeated_tag', `the tag ${name} stands twice`);
    tags.set(name, value);
  }
  return tags;
}

function needed(tags: ReadonlyMap<string, string>, name: string): string {
  const value = tags.get(name);
  if (value === undefined) throw new PkiError('_missing_tag', `the tag ${name} is not there`);
  return value;
}

const invalid = (name: string, allowed: string): PkiError => new PkiError('_invalid_tag', `the tag ${name} ${allowed}`);

function fingerprint(name: string, value: string): string {
  if (!FINGERPRINT.test(value)) throw invalid(name, 'is 40 or 64 hexadecimal digits');
  return value.toLowerCase();
}

function number(name: string, value: string): number {
  if (!NUMBER.test(value)) throw invalid(name, 'is a whole number from 1, of 15 digits at most');
  return Number(value);
}

/** Whether a record can name this key server, and in this form. */
export function isKeyServer(uri: string): boolean {
  try {
    return keyServers(uri).join() === uri;
  } catch {
    return false;
  }
}

/** One form for each: the host in lower case, all else as it stands. */
function keyServers(value: string): string[] {
  const servers = value.split(',').map((item) => {
    const [, scheme, name = '', port, path = ''] = KEY_SERVER.exec(item.replace(/^[ \t]+|[ \t]+$/g, '')) ?? [];
    const host = name.toLowerCase();
    if (scheme === undefined || !isDomain(host) || Number(port ?? 1) > PORT_MAX) {
      throw invalid('ks', 'is a list of URIs: hkps://host, https://host/path, with commas between');
    }
    return `${scheme}://${host}${port === undefined ? '' : `:${port}`}${path}`;
  });
  if (servers.length > keyServersMax) {
    throw new PkiError('_excessive_key_servers', `${servers.length} key servers; ${keyServersMax} are allowed`);
  }
  if (new Set(servers).size < servers.length) throw invalid('ks', 'names a server twice');
  return servers;
}
