/** The certificate made on demand, as Node's own reader sees it. docs/spec/transport.md#certificate */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { selfSigned } from '../../../server/transport/certificate.ts';
import { readCredentials } from '../../../server/transport/pem.ts';

const now = Date.UTC(2027, 0, 31, 12);

test.each([
  ['b.example', 'DNS:b.example'],
  ['127.0.0.1', 'IP Address:127.0.0.1'],
  ['::1', 'IP Address:0:0:0:0:0:0:0:1'],
  ['2001:db8::ffff:192.0.2.1', 'IP Address:2001:DB8:0:0:0:FFFF:C000:201'],
  [`${'a'.repeat(60)}.${'b'.repeat(60)}.example`, `DNS:${'a'.repeat(60)}.${'b'.repeat(60)}.example`],
])('for %s', (host, alternative) => {
  const { key, cert } = selfSigned(host, now);
  const certificate = new X509Certificate(cert);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(certificate.checkIssued(certificate)).toBe(true);
  expect(certificate.subjectAltName).toBe(alternative);
  expect(certificate.subject).toBe(`CN=${host.slice(0, 64)}`);
  expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  expect(Date.parse(certificate.validFrom)).toBe(now - 86_400_000);
  expect(Date.parse(certificate.validTo)).toBe(now + 397 * 86_400_000);
  expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
  expect(selfSigned(host, now).cert).not.toBe(cert);
});

test('PEM files of the configuration are read, and what is wrong with them is said', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'p3do-pem-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const [one, other] = [selfSigned('b.example', now), selfSigned('b.example', now)];
  const [key, cert, foreign] = [file('key', one.key), file('cert', one.cert), file('foreign', other.cert)];
  const none = join(folder, 'none');
  try {
    expect(await readCredentials(key, cert)).toEqual(one);
    const code = '_transport_invalid_certificate';
    await expect(readCredentials(key, foreign)).rejects.toMatchObject({
      code,
      message: `${key} is not the key of ${foreign}`,
    });
    await expect(readCredentials(none, cert)).rejects.toMatchObject({
      code,
      message: `${none} cannot be read: ENOENT`,
    });
    await expect(readCredentials(cert, cert)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('no private key'),
    });
    await expect(readCredentials(key, key)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('no certificate'),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
