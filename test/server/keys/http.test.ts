/** The key server at the real command: what it answers, what it refuses and with which code, and who need not wait for whom. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, expect, test } from '@jest/globals';
import { renderArmour } from '../../../pki/armour.ts';
import { readArmouredCertificate, readCertificate } from '../../../pki/certificate.ts';
import { certify, certStatus, revoke } from '../../../pki/certification.ts';
import { directoryName } from '../../../pki/hkp.ts';
import { tags } from '../../../pki/packets.ts';
import { readDomainKey } from '../../../server/domain/key-file.ts';
import { keyServerLimits } from '../../../server/keys/limits.ts';
import { Rates } from '../../../server/keys/rates.ts';
import { craft, packet, userIdData, withPackets } from '../../pki/crafted.ts';
import { identityKey, seed } from '../../pki/keys.ts';
import { Undoing } from '../../undoing.ts';
import { newSpeakerKeys, Speaker } from '../node/speaker.ts';
import { type Answer, ask, formOf, type KeyDomain, serveKeys } from './fixture.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const HOME = 'home.test';
const seconds = (): number => Math.floor(Date.now() / 1000);

/** A domain with alice, and her key as it is told. */
async function withAlice(options: Parameters<typeof serveKeys>[2] = {}): Promise<KeyDomain & { fingerprint: string }> {
  const domain = await serveKeys(undoing, HOME, options);
  const alice = await newSpeakerKeys('alice', HOME);
  (await Speaker.open(domain.served.endpoint, alice, { invite: null })).close();
  return { ...domain, fingerprint: (await readCertificate(alice.key)).key.fingerprint };
}

const lookup = (search: string, op = 'get'): string =>
  `/pks/lookup?op=${op}&options=mr&search=${encodeURIComponent(search)}`;

test('a key is found by fingerprint and address, whole and nothing else; pages may ask', async () => {
  const { keys, served, fingerprint } = await withAlice();
  const found = await ask(keys, lookup(`0x${fingerprint.toUpperCase()}`));
  expect(found).toMatchObject({ status: 200, headers: { 'access-control-allow-origin': '*' } });
  const key = await readArmouredCertificate(found.body);
  const own = await readDomainKey(served.folder, HOME);
  expect((await certStatus(key, 'alice <alice@home.test>', own.certificate, seconds())).isValid).toBe(true);
  for (const search of [
    fingerprint,
    'alice@home.test',
    'ALICE@Home.test',
    'Alice <alice@home.test>',
    ' alice@home.test ',
  ]) {
    expect(await ask(keys, lookup(search))).toMatchObject({ status: 200, body: found.body });
  }
  expect(await ask(keys, lookup('p3do@home.test', 'index'))).toMatchObject({
    body: expect.stringContaining(`pub:${own.certificate.key.fingerprint.toUpperCase()}:22:256:`),
  });
  for (const search of [
    'alice',
    'alice@',
    '@home.test',
    'lice@home.test',
    'alice@home.tes',
    fingerprint.slice(24),
    '*',
  ]) {
    expect([400, 404]).toContain((await ask(keys, lookup(search))).status);
  }
  const head = await ask(keys, lookup(fingerprint), { method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, body: '', headers: { 'content-length': String(found.body.length) } });
});

test('the web key directory, both ways, whatever host is asked for', async () => {
  const { keys, fingerprint } = await withAlice();
  const name = directoryName('alice');
  for (const path of [`/.well-known/openpgpkey/hu/${name}`, `/.well-known/openpgpkey/${HOME}/hu/${name}`]) {
    for (const query of ['', '?l=alice', '?l=Alice']) {
      const { status, headers, body } = await ask(keys, path + query);
      expect([status, headers['content-type']]).toEqual([200, 'application/octet-stream']);
      expect((await readCertificate(Buffer.from(body, 'latin1'))).key.fingerprint).toBe(fingerprint);
    }
  }
  const code = async (path: string): Promise<string> => {
    const { status, body } = await ask(keys, `/.well-known/openpgpkey/${path}`);
    return `${status} ${body.split(':', 1)[0]!.trim()}`.trim();
  };
  expect(await code('policy')).toBe('200');
  expect(await code(`${HOME}/policy`)).toBe('200');
  expect(await code(`hu/${directoryName('nobody')}`)).toBe('404 _keys_unknown');
  expect(await code(`other.test/hu/${name}`)).toBe('404 _keys_unknown');
  expect(await code(`hu/${name}?l=bob`)).toBe('400 _keys_invalid_request');
  expect(await code('hu/short')).toBe('400 _keys_invalid_request');
});

test('the same over TLS at the port of circuits, and to who speaks HTTP/1.0', async () => {
  const { keys, served, fingerprint } = await withAlice();
  const heard = async (socket: ReturnType<typeof connect>): Promise<string> => {
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
    socket.write(`GET ${lookup(`0x${fingerprint}`)} HTTP/1.0\r\nHost: elsewhere:11371\r\nPragma: no-cache\r\n\r\n`);
    await once(socket, 'end');
    return text;
  };
  for (const socket of [
    connect(keys),
    connectTls({ ...served.endpoint, rejectUnauthorized: false }),
    connectTls({ ...served.endpoint, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }),
  ]) {
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*-----END PGP PUBLIC KEY BLOCK-----\n$/);
  }
});

test('what is refused, each with its code', async () => {
  const { keys } = await withAlice();
  const eve = await identityKey('eve', HOME, 81, seconds());
  const said = ({ status, body }: Answer): string => `${status} ${body.split(':', 1)[0]}`;
  const form = (text: string): Promise<Answer> => ask(keys, '/pks/add', { form: text });
  expect(said(await form(formOf(renderArmour('public', eve.certificate.bytes))))).toBe('422 _uncertified');
  expect(said(await form(formOf(renderArmour('secret', eve.bytes))))).toBe('422 _secret_packet');
  expect(said(await form(formOf('no key')))).toBe('422 _invalid_armour');
  expect(said(await form('other=1'))).toBe('422 _invalid_armour');
  expect(said(await form('x'.repeat(keyServerLimits.formBytesMax + 1)))).toBe('413 _keys_oversized_request');
  expect(said(await ask(keys, '/pks/add'))).toBe('400 _keys_invalid_request');
  expect(said(await ask(keys, lookup('alice@home.test'), { form: '' }))).toBe('400 _keys_invalid_request');
  expect(said(await ask(keys, lookup('alice@home.test', 'stats')))).toBe('501 _keys_unsupported');
  expect(said(await ask(keys, lookup('nobody@home.test')))).toBe('404 _keys_unknown');
  expect(said(await ask(keys, lookup(`${'a'.repeat(600)}@home.test`)))).toBe('400 _keys_invalid_request');
  expect((await ask(keys, '/')).status).toBe(404);
});

test('who brings too many keys waits, and others do not', async () => {
  const { keys } = await withAlice();
  const add = (from: string): Promise<Answer> => ask(keys, '/pks/add', { form: 'keytext=x', from });
  const answers = [];
  for (let at = 0; at <= keyServerLimits.addsMax; at++) answers.push(await add('127.0.1.1'));
  expect(answers.slice(0, -1).every(({ status }) => status === 422)).toBe(true);
  expect(answers.at(-1)).toMatchObject({ status: 429, headers: { 'retry-after': expect.stringMatching(/^[1-9]$/) } });
  expect((await add('127.0.1.2')).status).toBe(422);
});

test('a bucket refills, and places that are not heard of are forgotten', () => {
  const rates = new Rates(2, 100, 2);
  expect([0, 0, 0].map(() => rates.take('a', 1000))).toEqual([0, 0, 100]);
  expect(rates.take('a', 1099)).toBe(1);
  expect(rates.take('a', 1100)).toBe(0);
  expect(rates.take('a', 1100)).toBe(100);
  expect([rates.take('b', 1100), rates.take('c', 1100)]).toEqual([0, 0]);
  // The third has pushed the first out.
  expect(rates.take('a', 1100)).toBe(0);
});

test('what is searched stands in no log, whatever its level', async () => {
  const { keys, served } = await withAlice({ logLevel: 'debug' });
  await ask(keys, lookup('alice@home.test'));
  await ask(keys, lookup('carol@home.test'));
  await ask(keys, `/.well-known/openpgpkey/hu/${directoryName('alice')}?l=alice`);
  await served.stop();
  expect(served.log.length).toBeGreaterThan(0);
  for (const word of ['alice', 'carol', directoryName('alice'), 'search']) {
    expect(served.log.join('\n')).not.toContain(word);
  }
});

test('what was brought is there after a crash', async () => {
  const { keys, served, fingerprint } = await withAlice({ memory: undefined as never });
  const own = await readDomainKey(served.folder, HOME);
  const before = await readArmouredCertificate((await ask(keys, lookup(fingerprint))).body);
  const revoked = await revoke(own, before, 'alice <alice@home.test>', seconds());
  expect(await ask(keys, '/pks/add', { form: formOf(renderArmour('public', revoked)) })).toMatchObject({ status: 200 });
  await served.killTogether();
  served.start();
  await served.ready;
  const after = await readArmouredCertificate((await ask(keys, lookup(fingerprint))).body);
  expect(await certStatus(after, 'alice <alice@home.test>', own.certificate, seconds())).toMatchObject({
    code: '_revoked_certification',
  });
});

// How long others wait meanwhile: bench/flood.ts.
test('40,000 signatures are too long, of as many as a form holds none of a stranger is kept, and others are answered meanwhile', async () => {
  const { keys, served, fingerprint } = await withAlice();
  const own = await readDomainKey(served.folder, HOME);
  const now = seconds();
  const bob = await identityKey('bob', HOME, 61, now);
  const certified = await certify(own, bob.certificate, 'bob <bob@home.test>', now);
  const subject = userIdData(bob.certificate, 'bob <bob@home.test>');
  const one = packet(tags.signature, craft(seed(3), '0'.repeat(40), { type: 0x13, created: now }, subject));
  const flood = (count: number): Uint8Array => withPackets(certified, new Array<Uint8Array>(count).fill(one));
  // Too long to be read at all, and as many as are read.
  const whole = `keytext=${'A'.repeat(40_000 * one.length)}`;
  const most = formOf(renderArmour('public', flood(700)));
  expect(most.length).toBeLessThan(keyServerLimits.formBytesMax);
  let isOver = false;
  let answered = 0;
  const look = async (): Promise<void> => {
    while (!isOver) {
      const { status } = await ask(keys, lookup(fingerprint), { from: '127.0.2.1' });
      expect(status).toBe(200);
      if (!isOver) answered++;
      await new Promise((resume) => setImmediate(resume));
    }
  };
  const others = look();
  const statuses: number[] = [];
  const attack = async (from: string): Promise<void> => {
    for (let at = 0; at < 6; at++) {
      const form = at % 3 === 2 ? whole : most;
      // Who is answered before he has said all sees his connection break.
      await ask(keys, '/pks/add', { form, from }).then(
        ({ status }) => statuses.push(status),
        () => statuses.push(413),
      );
    }
  };
  await Promise.all(['127.0.3.1', '127.0.3.2', '127.0.3.3', '127.0.3.4'].map(attack));
  isOver = true;
  await others;
  expect(new Set(statuses)).toEqual(new Set([200, 413]));
  expect(answered).toBeGreaterThan(0);
  const kept = await ask(keys, lookup(bob.certificate.key.fingerprint));
  expect((await readArmouredCertificate(kept.body)).userIds[0]!.foreign).toHaveLength(1);
});
