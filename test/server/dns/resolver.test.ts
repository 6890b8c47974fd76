/** Resolvers as an admin writes them. */
import { expect, test } from '@jest/globals';
import { parseResolver, renderResolver, systemResolvers } from '../../../server/dns/resolver.ts';

test.each([
  ['udp://127.0.0.1', { kind: 'udp', host: '127.0.0.1', port: 53, isValidator: true }],
  ['tcp://[::1]:5353', { kind: 'tcp', host: '::1', port: 5353, isValidator: true }],
  ['tls://192.0.2.1#dns.example', { kind: 'tls', port: 853, certified: 'dns.example', isValidator: false }],
  ['tls://[2001:db8::1]', { certified: '2001:db8::1' }],
  ['https://192.0.2.1/dns-query#dns.example', { kind: 'https', port: 443, path: '/dns-query' }],
])('%s', (text, resolver) => {
  expect(parseResolver(text)).toMatchObject(resolver);
  expect(renderResolver(parseResolver(text)!)).toBe(text);
});

test('what is the same everywhere need not be said', () => {
  expect(renderResolver(parseResolver('udp://127.0.0.1:53')!)).toBe('udp://127.0.0.1');
  expect(renderResolver(parseResolver('https://192.0.2.1')!)).toBe('https://192.0.2.1/dns-query');
});

test.each([
  '',
  '127.0.0.1',
  'dns.example',
  'udp://dns.example',
  'UDP://127.0.0.1',
  'udp://127.0.0.1:0',
  'udp://127.0.0.1:65536',
  'udp://127.0.0.1/dns-query',
  'udp://127.0.0.1#dns.example',
  'udp://256.0.0.1',
  'udp://::1',
  'udp://[127.0.0.1]',
  'tls://192.0.2.1#-.example',
  'https://192.0.2.1/dns-query?dns=1',
  'http://192.0.2.1/dns-query',
])('no resolver: %j', (text) => {
  expect(parseResolver(text)).toBeNull();
});

test('those of the system are addresses, and no validators', () => {
  for (const { kind, isValidator } of systemResolvers())
    expect({ kind, isValidator }).toEqual({ kind: 'udp', isValidator: false });
});
