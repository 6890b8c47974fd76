/** What is asked of a key server, out of an HTTP request's line: HKP, and the web key directory. docs/spec/key-server.md#requests */
import { directoryName, readSearch, type RingSearch } from '../../pki/hkp.ts';
import { KeyServerError } from './errors.ts';
import { keyServerLimits } from './limits.ts';

/** What is asked. */
export type KeyRequest =
  | { readonly kind: 'get' | 'index'; readonly search: RingSearch }
  /** Which devices somebody has enrolled, by his own statement. */
  | { readonly kind: 'devices'; readonly address: string }
  | { readonly kind: 'add' }
  /** A key of a directory: the name of the local part there, and the local part, where it was said. */
  | { readonly kind: 'directory'; readonly name: string; readonly local: string | null }
  /** That there is a directory, and nothing special about it. */
  | { readonly kind: 'policy' };

/** Of our own: HKP leaves names with `x-` to each server (draft-shaw-openpgp-hkp-00 section 3.1.2). */
export const OP_DEVICES = 'x-p3do-devices';

const DIRECTORY = '/.well-known/openpgpkey/';

/**
 * What a request asks, of the key server of this domain; null: it is none of a key server's. Throws KeyServerError
 * `_keys_invalid_request`, `_keys_unsupported`, `_keys_unknown` for another domain's directory.
 */
export function readRequest(method: string, target: string, domain: string): KeyRequest | null {
  const at = target.indexOf('?');
  const path = at === -1 ? target : target.slice(0, at);
  const query = new URLSearchParams(at === -1 ? '' : target.slice(at + 1));
  const isGet = method === 'GET' || method === 'HEAD';
  if (path === '/pks/add') {
    if (method !== 'POST') throw new KeyServerError('_keys_invalid_request', 'a key is brought by POST');
    return { kind: 'add' };
  }
  if (path === '/pks/lookup') {
    if (!isGet) throw new KeyServerError('_keys_invalid_request', 'a key is looked up by GET');
    return readLookup(query);
  }
  if (!path.startsWith(DIRECTORY) || !isGet) return null;
  return readDirectory(path.slice(DIRECTORY.length).split('/'), query.get('l'), domain);
}

function readLookup(query: URLSearchParams): KeyRequest {
  const op = query.get('op');
  const search = query.get('search') ?? '';
  if (op === 'get') return { kind: 'get', search: searchOf(search) };
  if (op === 'index' || op === 'vindex') return { kind: 'index', search: searchOf(search) };
  if (op === OP_DEVICES) {
    const sought = searchOf(search);
    if ('address' in sought) return { kind: 'devices', address: sought.address };
    throw new KeyServerError('_keys_invalid_request', 'devices are those of an address');
  }
  throw new KeyServerError('_keys_unsupported', `what can be asked for is op=get, op=index and op=${OP_DEVICES}`);
}

/** As `readSearch`; an address may stand behind a name. */
function searchOf(text: string): RingSearch {
  const given = text.trim();
  const [, named] = /^[^<>]*<([^<>]+@[^<>]+)>$/.exec(given) ?? [];
  const search = given.length <= keyServerLimits.searchBytesMax ? readSearch(named ?? given) : null;
  if (search !== null) return search;
  throw new KeyServerError(
    '_keys_invalid_request',
    'keys are found by a whole fingerprint, 0x and 40 digits, or a whole address',
  );
}

/** `hu/NAME` at the domain's own host, `DOMAIN/hu/NAME` at `openpgpkey.DOMAIN`; which host it was does not matter. */
function readDirectory(steps: readonly string[], local: string | null, domain: string): KeyRequest | null {
  const [of, rest] = steps.length > (steps.at(-2) === 'hu' ? 2 : 1) ? [steps[0], steps.slice(1)] : [domain, steps];
  if (of !== domain) throw new KeyServerError('_keys_unknown', 'no directory of that domain is here');
  const [first, name, ...more] = rest;
  if (first === 'policy' && name === undefined) return { kind: 'policy' };
  if (first !== 'hu' || name === undefined || more.length > 0) return null;
  if (!/^[a-z0-9]{32}$/.test(name) || (local !== null && directoryName(local) !== name)) {
    throw new KeyServerError('_keys_invalid_request', 'a name in the directory is 32 letters, and those of ?l=');
  }
  return { kind: 'directory', name, local };
}
