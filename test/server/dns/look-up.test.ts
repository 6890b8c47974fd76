/** What a domain's DNS says of its key, asked of real servers: bind, which signs, and unbound, which checks. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import type { DnsStatement } from '../../../pki/dns-statement.ts';
import { Asker } from '../../../server/dns/ask.ts';
import { askingOf, finderOf } from '../../../server/dns/asking.ts';
import type { KeyLookUp } from '../../../server/dns/look-up.ts';
import { parseResolver, type Resolver } from '../../../server/dns/resolver.ts';
import { selfSigned } from '../../../server/transport/certificate.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { newFolder, type Primary, startBind, startUnbound, type Validator, withNameServers } from './name-servers.ts';

const A = 'e60d2f6ac44ac6b2a5d0a4c9e7a3b1f20d5508e4';
const B = '0123456789abcdef0123456789abcdef01234567';
const record = (fpr: string, rest = ''): string => `"v=P3DO1; fpr=${fpr}; seq=1${rest}"`;
const filler = Array.from({ length: 16 }, (_, at) => `_p3do.big IN TXT "filler ${at} ${'x'.repeat(200)}"\n`).join('');

/** More than one string has room for. */
const long = `v=P3DO1; fpr=${A}; seq=1; n=`.padEnd(300, 'x');

const HOME = `_p3do IN TXT ${record(A)}
_p3do.two IN TXT ${record(A)}
_p3do.two IN TXT ${record(B)}
_p3do.cut IN TXT "v=P3DO1; fpr=${A.slice(0, 20)}" "${A.slice(20)}; seq=1"
_p3do.digits IN TXT ${record(`${A}1`)}
_p3do.tags IN TXT "v=P3DO1; fpr=${A}; fpr=${A}; seq=1"
_p3do.long IN TXT "${long.slice(0, 255)}" "${long.slice(255)}"
_p3do.alias4 IN CNAME a1
a1 IN CNAME a2
a2 IN CNAME a3
a3 IN CNAME _p3do
_p3do.alias5 IN CNAME _p3do.alias4
_p3do.circle IN CNAME circle
circle IN CNAME _p3do.circle
_psycs._tcp IN SRV 1 2 9405 node.home.test.
_psycs._tcp.none IN SRV 0 0 0 .
node IN A 127.0.0.7
node IN AAAA 2001:db8::1f
_p3do.big IN TXT ${record(A)}
${filler}`;

withNameServers('with bind and unbound', () => {
  let honest: Primary;
  let validator: Validator;
  let deceived: Validator;
  let liar: Primary;
  let certificate: string;

  beforeAll(async () => {
    honest = await startBind({ 'home.test': HOME });
    // Whoever owns the answers, and not the keys that sign them.
    liar = await startBind({ 'home.test': `_p3do IN TXT ${record(B)}\n` }, false);
    const folder = newFolder();
    const made = selfSigned('resolver.test', Date.now());
    certificate = join(folder, 'cert.pem');
    writeFileSync(certificate, made.cert);
    writeFileSync(join(folder, 'key.pem'), made.key, { mode: 0o600 });
    validator = await startUnbound({ 'home.test': honest.port }, honest.anchors, {
      key: join(folder, 'key.pem'),
      certificate,
    });
    deceived = await startUnbound({ 'home.test': liar.port }, honest.anchors);
  });

  /** As a server's configuration names them, and whom they have their certificates from. */
  const lookUp = async (...resolvers: string[]): Promise<KeyLookUp> => {
    const dns = { resolvers: resolvers.map((text) => parseResolver(text)!), authority: certificate };
    return (await askingOf({ ...dns, keyServers: [], update: null, responder: null }, null)).keys;
  };
  const ask = async (domain: string, ...resolvers: string[]): Promise<DnsStatement> =>
    (await lookUp(...resolvers)).statement(domain);
  const said = (secure: boolean) => ({
    kind: 'record',
    fpr: A,
    nfpr: null,
    seq: 1,
    ks: [],
    x: null,
    isTest: false,
    secure,
  });

  test('a validator says that it is secure, a server without validation does not', async () => {
    expect(await ask('home.test', `udp://127.0.0.1:${validator.port}`)).toEqual(said(true));
    expect(await ask('home.test', `udp://127.0.0.1:${honest.port}`)).toEqual(said(false));
  });

  test('over TCP, TLS and HTTP/2 as well', async () => {
    expect(await ask('home.test', `tcp://127.0.0.1:${validator.port}`)).toEqual(said(true));
    expect(await ask('home.test', `tls://127.0.0.1:${validator.tlsPort}#resolver.test`)).toEqual(said(true));
    expect(await ask('home.test', `https://127.0.0.1:${validator.httpsPort}/dns-query#resolver.test`)).toEqual(
      said(true),
    );
  });

  test('a resolver with the certificate of another is not asked', async () => {
    for (const name of ['#other.test', '']) {
      const [told] = await (await lookUp(`tls://127.0.0.1:${validator.tlsPort}${name}`)).all('home.test');
      expect(told).toMatchObject({
        statement: { kind: 'timeout' },
        reason: expect.stringContaining('_dns_unreachable'),
      });
    }
  });

  test('a lie under signed keys is bogus', async () => {
    expect(await ask('home.test', `udp://127.0.0.1:${deceived.port}`)).toEqual({ kind: 'bogus' });
  });

  test('no record, no name, two records; one in two strings, of 300 bytes, with 41 digits, with a tag twice', async () => {
    const at = `udp://127.0.0.1:${validator.port}`;
    expect(await ask('ns.home.test', at)).toEqual({ kind: 'none', secure: true });
    expect(await ask('nobody.home.test', at)).toEqual({ kind: 'none', secure: true });
    expect(await ask('two.home.test', at)).toEqual({ kind: 'ambiguous', code: '_ambiguous_record', secure: true });
    expect(await ask('cut.home.test', at)).toEqual(said(true));
    expect(await ask('long.home.test', at)).toMatchObject({ kind: 'record', fpr: A });
    expect(await ask('digits.home.test', at)).toEqual({
      kind: 'ambiguous',
      code: '_invalid_tag',
      secure: true,
    });
    expect(await ask('tags.home.test', at)).toEqual({ kind: 'ambiguous', code: '_repeated_tag', secure: true });
  });

  test('an answer that has no room in a datagram comes over TCP', async () => {
    expect(await ask('big.home.test', `udp://127.0.0.1:${validator.port}`)).toEqual(said(true));
  });

  test('four aliases are followed; a fifth, and a circle, say nothing', async () => {
    for (const port of [validator.port, honest.port]) {
      const at = `udp://127.0.0.1:${port}`;
      expect(await ask('alias4.home.test', at)).toMatchObject({ kind: 'record', fpr: A });
      expect(await ask('alias5.home.test', at)).toEqual({ kind: 'timeout' });
      expect(await ask('circle.home.test', at)).toEqual({ kind: 'timeout' });
    }
  });

  test('a zone that the server does not have says nothing', async () => {
    const [told] = await (await lookUp(`udp://127.0.0.1:${honest.port}`)).all('elsewhere.test');
    expect(told).toMatchObject({ statement: { kind: 'timeout' }, reason: expect.stringContaining('_dns_failed') });
  });

  test('two resolvers: what both say, and nothing where they differ', async () => {
    const [udp, tls] = [`udp://127.0.0.1:${honest.port}`, `tls://127.0.0.1:${validator.tlsPort}#resolver.test`];
    expect(await (await lookUp(udp, tls)).confirmed('home.test')).toEqual(said(true));
    expect(await (await lookUp(udp)).confirmed('home.test')).toEqual(said(false));
    expect(await (await lookUp(udp, `udp://127.0.0.1:${liar.port}`)).confirmed('home.test')).toEqual({
      kind: 'differing',
    });
    expect(await (await lookUp(udp, `udp://127.0.0.1:${deceived.port}`)).confirmed('home.test')).toEqual({
      kind: 'bogus',
    });
    expect(await (await lookUp()).confirmed('home.test')).toEqual({ kind: 'timeout' });
  });

  test('where a server is: SRV records and addresses of the same resolvers', async () => {
    const asker = new Asker({ proxy: null }, systemTimers);
    const at = (port: number): Resolver => parseResolver(`udp://127.0.0.1:${port}`)!;
    // The first has nothing to say.
    const finder = finderOf(asker, [at(deceived.port), at(validator.port)]);
    expect(await finder.services('_psycs._tcp.home.test')).toEqual([
      { name: 'node.home.test', priority: 1, weight: 2, port: 9405 },
    ]);
    expect(await finder.services('_psycs._tcp.none.home.test')).toMatchObject([{ name: '' }]);
    expect(await finder.services('_psycs._tcp.ns.home.test')).toEqual([]);
    expect(await finder.addresses('node.home.test')).toEqual([
      { address: '2001:db8:0:0:0:0:0:1f', family: 6 },
      { address: '127.0.0.7', family: 4 },
    ]);
    await expect(finder.addresses('nobody.home.test')).rejects.toThrow('nobody.home.test has no address');
    expect(await finder.addresses('a.localhost')).toContainEqual({ address: '127.0.0.1', family: 4 });
  });

  test('how long an answer may be kept', async () => {
    const [told] = await (await lookUp(`udp://127.0.0.1:${honest.port}`)).all('home.test');
    expect(told).toMatchObject({ ttl: 60, reason: null, resolver: `udp://127.0.0.1:${honest.port}` });
  });
});
