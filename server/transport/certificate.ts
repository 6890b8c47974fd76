/** A self-signed TLS certificate made on demand: it carries the handshake, and is nobody's identity. docs/spec/transport.md#certificate */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { addressBytes } from './address-bytes.ts';
import { bits, explicit, integer, octets, oid, primitive, sequence, set, tags, utcTime } from './der.ts';

/** A private key and its certificate chain, PEM. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
}

/** How long before now a certificate begins, and how long it lasts: nobody checks, but clocks differ. */
const BACKDATED_MS = 86_400_000;
const VALID_DAYS = 397;
const DAY_MS = 86_400_000;
/** RFC 5280 section 4.1.2.2: at most 20 bytes, positive. */
const SERIAL_BYTES = 16;

const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const COMMON_NAME = '2.5.4.3';
const SUBJECT_ALT_NAME = '2.5.29.17';
/** X.520's upper bound for a common name; the alternative name is the one that counts. */
const COMMON_NAME_CHARS_MAX = 64;

/** A fresh P-256 key (browsers refuse Ed25519) and a certificate for `host`, a domain or address; RFC 5280. */
export function selfSigned(host: string, nowMs: number): Credentials {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  const name = sequence(set(sequence(oid(COMMON_NAME), primitive(tags.utf8, host.slice(0, COMMON_NAME_CHARS_MAX)))));
  const tbs = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial()),
    algorithm,
    name,
    sequence(utcTime(nowMs - BACKDATED_MS), utcTime(nowMs + VALID_DAYS * DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(sequence(oid(SUBJECT_ALT_NAME), octets(sequence(alternativeName(host)))))),
  );
  return { key: pemKey(privateKey), cert: pem(sequence(tbs, algorithm, bits(sign('sha256', tbs, privateKey)))) };
}

/** Positive, and without a leading zero byte. */
function serial(): Buffer {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

/** dNSName or iPAddress, RFC 5280 section 4.2.1.6. */
function alternativeName(host: string): Buffer {
  return isIP(host) === 0 ? primitive(tags.dnsName, host) : primitive(tags.ipAddress, addressBytes(host));
}

const pemKey = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

function pem(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
