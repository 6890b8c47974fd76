/** Addresses and keys as an admin writes them: read, written, compared, and guessed at. docs/operating.md#configuration */
import { expect, test } from '@jest/globals';
import {
  canonicalAddress,
  isLoopback,
  isLoopbackName,
  parseEndpoint,
  renderEndpoint,
} from '../../../server/config/address.ts';
import { shownUrl } from '../../../server/config/database-url.ts';
import { suggestion } from '../../../server/config/suggestion.ts';

test('endpoints', () => {
  for (const text of ['127.0.0.2:9404', 'b.test:1', '[::1]:65535', 'localhost:9404']) {
    expect(renderEndpoint(parseEndpoint(text)!)).toBe(text);
  }
  for (const text of [
    '',
    'b.test',
    '::1:9404',
    '[::1]',
    '[b.test]:1',
    'b.test:0',
    'b.test:65536',
    'b.test:01',
    '1.2.3:4',
    'b.test:1 ',
    '256.1.1.1:1',
  ]) {
    expect(parseEndpoint(text)).toBeNull();
  }
});

test('addresses and names of this machine', () => {
  expect(['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '128.0.0.1', '::2', 'localhost', ''].some(isLoopback)).toBe(false);
  expect(['localhost', 'a.localhost', 'b.test', 'a.b.test'].every(isLoopbackName)).toBe(true);
  expect(['test', 'localhost.org', 'mylocalhost', 'btest', 'a.test.org'].some(isLoopbackName)).toBe(false);
  expect(canonicalAddress('FE80:0::1%eth0')).toBe('fe80::1%eth0');
});

test('suggestions are near, or none', () => {
  expect(suggestion('Registraton', ['registration', 'domain'])).toBe('registration');
  expect(suggestion('prot', ['hosts', 'port'])).toBe('port');
  expect(suggestion('colour', ['domain', 'port'])).toBeNull();
  expect(suggestion('x'.repeat(10_000), ['x'])).toBeNull();
});

test("a database's URL is shown without its password, wherever that stands", () => {
  expect(shownUrl('postgres://u:secret@h/d')).toBe('postgres://u:…@h/d');
  expect(shownUrl('postgres://h/d?password=secret&user=u')).toBe('postgres://h/d?password=…&user=u');
  expect(shownUrl('u:secret@h')).toBe('…');
});
