/** The file with the key of dynamic updates, as bind's tsig-keygen, knot's keymgr or dig write it. docs/operating.md#publishing */
import { readPrivate } from '../../disk/private-file.ts';
import { decodeTextStrict } from '../../psyc/bytes.ts';
import { isDomain } from '../../psyc/names.ts';
import { DnsError } from './errors.ts';
import { dnsLimits } from './limits.ts';
import type { TsigKey } from './update.ts';

const SECRET = '[A-Za-z0-9+/]{22,}={0,2}';
const BIND = new RegExp(
  `^\\s*key\\s+"?([^\\s"]+)"?\\s*\\{\\s*algorithm\\s+"?hmac-sha256"?;\\s*secret\\s+"(${SECRET})";\\s*\\};\\s*$`,
);
const LINE = new RegExp(`^(?:#\\s*)?hmac-sha256:([^\\s:]+):(${SECRET})$`, 'm');

/** Throws FileError, DnsError `_dns_invalid_key`; system errors pass. */
export async function readTsigKey(path: string): Promise<TsigKey> {
  const text = decodeTextStrict(await readPrivate(path, dnsLimits.keyFileBytesMax)) ?? '';
  const [, written = '', secret = ''] = BIND.exec(text) ?? LINE.exec(text) ?? [];
  const name = written.toLowerCase().replace(/\.$/, '');
  if (!isDomain(name)) {
    throw new DnsError('_dns_invalid_key', `${path} holds no key: tsig-keygen -a hmac-sha256 NAME writes one`);
  }
  return { name, secret: new Uint8Array(Buffer.from(secret, 'base64')) };
}
