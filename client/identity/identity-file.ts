/** An identity's secret key at rest, under a passphrase; the text only, no disk. docs/spec/pki.md#identity-file */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { parseBase64, renderBase64 } from '../../crypto/base64.ts';
import { decodeTextStrict, encodeText } from '../../psyc/bytes.ts';
import { ClientError } from '../error.ts';
import { type Argon2id, type Argon2Parameters, argon2Parameters, checkParameters } from './argon2.ts';
import { identityLimits } from './limits.ts';

const FORM =
  /^(P3DO-[A-Z]+-v1\nargon2id memory=([1-9][0-9]{0,8}) passes=([1-9][0-9]{0,3}) lanes=([1-9][0-9]{0,3}) salt=([^\n]+)\nxchacha20poly1305 nonce=([^\n]+)\n)sealed ([^\n]+)\n$/;
const CHECK = '\ncheck ';
const SALT_BYTES = 16;
const NONCE_BYTES = 24;
const CHECK_BYTES = 8;

/** What is under the passphrase: an identity's secret key, or the key of the conversations' files. */
type Kind = 'IDENTITY' | 'TALKS';

/** So many bytes that nobody can guess. */
export type Random = (length: number) => Uint8Array;

/** What sealing takes besides the key and the passphrase. */
export type Sealing = { readonly argon2id: Argon2id; readonly random: Random; readonly parameters?: Argon2Parameters };

const invalid = (): ClientError => new ClientError('_invalid_file', 'not an identity file');

/** Equal passphrases typed on different keyboards are equal bytes (RFC 8265 section 4.2.1, NFC). */
function passphraseBytes(passphrase: string): Uint8Array {
  if (passphrase === '') throw new ClientError('_empty_passphrase', 'a passphrase has a character at least');
  return encodeText(passphrase.normalize('NFC'));
}

/** Tells a damaged file from a wrong passphrase; it protects nothing. */
const checkOf = (text: string): string => renderBase64(blake2b(encodeText(text), { dkLen: CHECK_BYTES }));

/**
 * The file for a secret key's bytes (as `readSecretKey` takes them), with a new salt and nonce. Throws ClientError
 * `_empty_passphrase`, `_refused_parameters`.
 */
export async function sealIdentity(
  secretKey: Uint8Array,
  passphrase: string,
  { argon2id, random, parameters = argon2Parameters }: Sealing,
  kind: Kind = 'IDENTITY',
): Promise<string> {
  checkParameters(parameters);
  const [salt, nonce] = [random(SALT_BYTES), random(NONCE_BYTES)];
  const { memoryKiB, passes, lanes } = parameters;
  const head =
    `P3DO-${kind}-v1\n` +
    `argon2id memory=${memoryKiB} passes=${passes} lanes=${lanes} salt=${renderBase64(salt)}\n` +
    `xchacha20poly1305 nonce=${renderBase64(nonce)}\n`;
  const key = await argon2id(passphraseBytes(passphrase), salt, parameters);
  const sealed = xchacha20poly1305(key, nonce, encodeText(head)).encrypt(secretKey);
  const text = `${head}sealed ${renderBase64(sealed)}\n`;
  return `${text}check ${checkOf(text)}\n`;
}

/**
 * The secret key's bytes. Throws ClientError `_oversized_file`, `_invalid_file`, `_unsupported_file_version`,
 * `_damaged_file`, `_refused_parameters`, `_empty_passphrase`, `_wrong_passphrase`; costs nothing before the last.
 */
export async function openIdentity(
  file: Uint8Array,
  passphrase: string,
  argon2id: Argon2id,
  kind: Kind = 'IDENTITY',
): Promise<Uint8Array> {
  if (file.length > identityLimits.fileBytesMax) throw new ClientError('_oversized_file', 'at most 128 KiB');
  const whole = decodeTextStrict(file) ?? '';
  const [, written, version] = /^P3DO-([A-Z]+)-v([0-9]+)\n/.exec(whole) ?? [];
  if (written !== kind) throw invalid();
  if (version !== '1') {
    throw new ClientError('_unsupported_file_version', `version ${version} is for a newer p3do; this one knows 1`);
  }
  const checkAt = whole.lastIndexOf(CHECK) + 1;
  const text = whole.slice(0, checkAt);
  if (whole.slice(checkAt) !== `check ${checkOf(text)}\n`) {
    throw new ClientError('_damaged_file', 'the file is damaged or cut short: take the copy you keep elsewhere');
  }
  const [, head, memoryKiB, passes, lanes, salt64 = '', nonce64 = '', sealed64 = ''] = FORM.exec(text) ?? [];
  const [salt, nonce, sealed] = [salt64, nonce64, sealed64].map(parseBase64);
  if (head === undefined || salt?.length !== SALT_BYTES || nonce?.length !== NONCE_BYTES || !sealed) throw invalid();
  const parameters = { memoryKiB: Number(memoryKiB), passes: Number(passes), lanes: Number(lanes) };
  checkParameters(parameters);
  const key = await argon2id(passphraseBytes(passphrase), salt, parameters);
  try {
    return xchacha20poly1305(key, nonce, encodeText(head)).decrypt(sealed);
  } catch {
    throw new ClientError('_wrong_passphrase', 'the passphrase is wrong');
  }
}
