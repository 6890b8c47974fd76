/** Asking a key server over TLS: keys looked up, and brought. docs/spec/key-server.md#requests */
import { request } from 'node:https';
import { parseArmour, renderArmour } from '../../pki/armour.ts';
import type { Endpoint } from '../transport/resolve.ts';
import { KeyServerError } from './errors.ts';

/** How long an answer may take, and how long it may be: a list of keys or one key as text. */
const ANSWER_MS_MAX = 10_000;
const ANSWER_BYTES_MAX = 262_144;

/**
 * Fingerprints of an address' keys, 40 lower-case hex digits, the newest first; none where it has none. Whose server it is
 * is not checked: keys prove themselves. Rejects with KeyServerError `_keys_unreachable`, `_keys_refused`.
 */
export async function fingerprintsOf(at: Endpoint, address: string): Promise<string[]> {
  const { status, text } = await ask(at, `/pks/lookup?op=index&options=mr&search=${encodeURIComponent(address)}`);
  if (status === 404) return [];
  insist(status, text);
  return [...text.matchAll(/^pub:([0-9A-F]{40}):/gm)].map(([, digits]) => digits!.toLowerCase());
}

/** A key as it is on that ring, not checked; null: it is not there. Rejects as `fingerprintsOf`, and with PkiError for what is no key. */
export async function keyAt(at: Endpoint, fingerprint: string): Promise<Uint8Array | null> {
  const { status, text } = await ask(at, `/pks/lookup?op=get&options=mr&search=0x${fingerprint}`);
  if (status === 404) return null;
  insist(status, text);
  return parseArmour(text);
}

/** Brings a key; resolves when it is durable there. Rejects as `fingerprintsOf`. */
export async function bringKey(at: Endpoint, key: Uint8Array): Promise<void> {
  const form = `keytext=${encodeURIComponent(renderArmour('public', key))}`;
  const { status, text } = await ask(at, '/pks/add', form);
  insist(status, text);
}

function insist(status: number, text: string): void {
  if (status !== 200) throw new KeyServerError('_keys_refused', `the key server answers ${status}: ${text.trim()}`);
}

function ask({ host, port }: Endpoint, path: string, form?: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void =>
      reject(new KeyServerError('_keys_unreachable', `no key server at ${host}, port ${port}: ${error.message}`));
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const method = form === undefined ? 'GET' : 'POST';
    const options = { host, port, path, method, signal, agent: false, rejectUnauthorized: false };
    const asked = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more: string) => {
        text += more;
        if (text.length > ANSWER_BYTES_MAX) response.destroy(new Error('its answer is too long'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', failed);
    });
    asked.on('error', failed);
    asked.end(form);
  });
}
