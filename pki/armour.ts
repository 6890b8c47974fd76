/** The text form of a key, with the checksum that GnuPG 2.2 needs (RFC 9580 section 6). docs/spec/pki.md#armour */
import { parseBase64, renderBase64 } from '../crypto/base64.ts';
import { PkiError } from './error.ts';
import { limits } from './limits.ts';
import { renderUnsigned } from './packets.ts';

const kinds = { public: 'PGP PUBLIC KEY BLOCK', secret: 'PGP PRIVATE KEY BLOCK' };
const LINE_LETTERS = 64;
const FORM =
  /^-----BEGIN ([A-Z ]+)-----\n(?:[A-Za-z]+: .*\n)*\n([A-Za-z0-9+/=\n]*?)\n(?:=([A-Za-z0-9+/]{4})\n)?-----END \1-----\n*$/;

/** CRC-24 (RFC 9580 section 6.1.1). */
function checksum(bytes: Uint8Array): Uint8Array {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x800000 ? 0x1864cfb : 0);
  }
  return renderUnsigned(crc & 0xffffff, 3);
}

/**
 * Text of a public or secret key, or of a revocation, which goes as a public key. Without the checksum GnuPG 2.2 fails
 * wherever the bytes are a multiple of three (its bug T7071).
 */
export function renderArmour(kind: keyof typeof kinds, bytes: Uint8Array): string {
  const letters = renderBase64(bytes);
  const lines: string[] = [];
  for (let at = 0; at < letters.length; at += LINE_LETTERS) lines.push(letters.slice(at, at + LINE_LETTERS));
  const title = kinds[kind];
  return [
    `-----BEGIN ${title}-----`,
    '',
    ...lines,
    `=${renderBase64(checksum(bytes))}`,
    `-----END ${title}-----`,
    '',
  ].join('\n');
}

/**
 * The bytes of one text form, with or without headers and checksum; a checksum that stands there must be right. Throws
 * PkiError `_invalid_armour`, `_oversized_key`.
 */
export function parseArmour(text: string, bytesMax: number = limits.keyBytesMax): Uint8Array {
  // Base64 makes four letters of three bytes, and lines and headers take some more.
  if (text.length > 2 * bytesMax) throw new PkiError('_oversized_key', `a key has at most ${bytesMax / 1024} KiB`);
  // Not by a pattern: blanks in great number would take it long.
  const lines = text.split('\n').map((line) => line.trimEnd());
  const [, title, letters = '', sum] = FORM.exec(lines.join('\n').trimStart()) ?? [];
  const bytes = parseBase64(letters.replaceAll('\n', ''));
  const isRight = bytes !== null && (sum === undefined || sum === renderBase64(checksum(bytes)));
  if (bytes === null || !isRight || title === undefined || !Object.values(kinds).includes(title)) {
    throw new PkiError('_invalid_armour', 'not the text form of one OpenPGP key');
  }
  return bytes;
}
