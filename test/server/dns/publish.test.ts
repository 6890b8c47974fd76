/** Dynamic updates of a real zone: what is changed, and what is left to whoever else has changed it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type DomainRecord, stringsOf } from '../../../pki/dns-record.ts';
import { Asker } from '../../../server/dns/ask.ts';
import { readMessage, stringsOfData } from '../../../server/dns/message.ts';
import { publish, type ZoneServer } from '../../../server/dns/publish.ts';
import { Publisher } from '../../../server/dns/publisher.ts';
import { readTsigKey } from '../../../server/dns/tsig-file.ts';
import { parseResolver } from '../../../server/dns/resolver.ts';
import { newUpdate, type TsigKey, type Update } from '../../../server/dns/update.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { StillTimers } from '../transport/still-timers.ts';
import { dig, newFolder, type Primary, startBind, withNameServers } from './name-servers.ts';

const A = 'e60d2f6ac44ac6b2a5d0a4c9e7a3b1f20d5508e4';
const B = '0123456789abcdef0123456789abcdef01234567';
const FIRST: DomainRecord = { fpr: A, nfpr: null, seq: 1, ks: [], x: null, isTest: false };
const refused = (code: string): unknown => expect.objectContaining({ code });

withNameServers('with bind', () => {
  let bind: Primary;
  let key: TsigKey;
  const asker = new Asker({ proxy: null }, systemTimers);
  const at = (domain: string, changed: Partial<ZoneServer> = {}): ZoneServer => ({
    server: { host: '127.0.0.1', port: bind.port },
    zone: domain,
    key,
    ...changed,
  });
  const heard = (domain: string): Promise<string> => dig(bind.port, 'TXT', `_p3do.${domain}`, '+short');
  const put = (domain: string, record: DomainRecord, isReplacing = false): Promise<boolean> =>
    publish(asker, at(domain), domain, record, isReplacing);

  /** The reply to an update, as it came. */
  async function sent({ bytes }: Update): Promise<Buffer> {
    let received = Buffer.alloc(0);
    const server = parseResolver(`tcp://127.0.0.1:${bind.port}`)!;
    await asker.send(server, { bytes, reply: (reply) => readMessage((received = Buffer.from(reply))) });
    return received;
  }

  beforeAll(async () => {
    bind = await startBind({
      'home.test': '',
      'others.test': '_p3do IN TXT "for something else"\n',
      'taken.test': `_p3do IN TXT "v=P3DO1; fpr=${B}; seq=1"\n`,
      'void.test': '_p3do IN TXT "v=P3DO1; fpr=1"\n',
      'life.test': '',
    });
    key = await readTsigKey(bind.key);
  });

  test('a record is published once, and signed by the zone', async () => {
    expect(await put('home.test', FIRST)).toBe(true);
    expect(await heard('home.test')).toBe(`"v=P3DO1; fpr=${A}; seq=1"`);
    expect(await put('home.test', FIRST)).toBe(false);
    expect(await dig(bind.port, 'TXT', '_p3do.home.test', '+dnssec')).toContain('RRSIG');
  });

  test('a key that follows takes its place; one that does not needs a person’s word', async () => {
    const announced = { ...FIRST, nfpr: B, ks: ['https://ks.home.test'] };
    expect(await put('home.test', announced)).toBe(true);
    const second = { ...FIRST, fpr: B, seq: 2 };
    expect(await put('home.test', second)).toBe(true);
    await expect(put('home.test', FIRST)).rejects.toThrow(refused('_dns_conflict'));
    await expect(put('taken.test', FIRST)).rejects.toThrow(refused('_dns_conflict'));
    expect(await put('taken.test', FIRST, true)).toBe(true);
    expect(await heard('taken.test')).toBe(`"v=P3DO1; fpr=${A}; seq=1"`);
  });

  test('what says nothing is replaced, and what is not ours stays', async () => {
    expect(await put('void.test', FIRST)).toBe(true);
    expect(await heard('void.test')).toBe(`"v=P3DO1; fpr=${A}; seq=1"`);
    expect(await put('others.test', FIRST)).toBe(true);
    expect((await heard('others.test')).split('\n').sort()).toEqual([
      '"for something else"',
      `"v=P3DO1; fpr=${A}; seq=1"`,
    ]);
  });

  test('whoever changed it meanwhile is not overwritten', async () => {
    const change = { zone: 'home.test', name: '_p3do.home.test', ttl: 60, after: [stringsOf('x')] };
    for (const before of [[], [stringsOf('something else')]]) {
      const update = newUpdate({ ...change, before }, key, Math.floor(Date.now() / 1000));
      const received = await sent(update);
      expect(() => update.checkReply(received)).toThrow(refused('_dns_changed'));
      // What is not signed by the key, or not as it was sent, is nobody's answer.
      const twisted = Buffer.from(received);
      twisted[3]! ^= 8;
      expect(() => update.checkReply(twisted)).toThrow(refused('_dns_unsigned'));
      const later = newUpdate({ ...change, before }, key, 1);
      twisted.set(later.bytes.subarray(0, 2));
      expect(() => later.checkReply(twisted)).toThrow(refused('_dns_unsigned'));
    }
  });

  test.each([
    [
      'another secret',
      (): Partial<ZoneServer> => ({ key: { ...key, secret: new Uint8Array(32) } }),
      'secret of the key',
    ],
    ['an unknown key', (): Partial<ZoneServer> => ({ key: { ...key, name: 'nobody' } }), 'does not know the key'],
    ['another zone', (): Partial<ZoneServer> => ({ zone: 'elsewhere.test' }), 'error 9'],
  ])('%s is refused, and says why', async (_, changed, reason) => {
    const told = expect.objectContaining({ code: '_dns_refused', message: expect.stringContaining(reason) });
    await expect(publish(asker, at('life.test', changed()), 'life.test', FIRST, false)).rejects.toThrow(told);
  });

  test('a clock that is an hour off is refused, and says why', async () => {
    const change = { zone: 'life.test', name: '_p3do.life.test', ttl: 60, before: [], after: [stringsOf('x')] };
    const update = newUpdate(change, key, Math.floor(Date.now() / 1000) - 3600);
    const received = await sent(update);
    expect(() => update.checkReply(received)).toThrow(
      expect.objectContaining({ code: '_dns_refused', message: expect.stringContaining('clock') }),
    );
  });

  test('a server keeps its record: published, looked after, and told when another key stands there', async () => {
    const lines: string[] = [];
    const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
    const timers = new StillTimers();
    const publisher = new Publisher({ asker, zone: at('life.test'), domain: 'life.test', record: FIRST, timers, log });
    const settled = async (delays: number): Promise<void> => {
      while (timers.delays.length < delays) await new Promise((resolve) => void setImmediate(resolve));
    };
    publisher.start();
    await settled(1);
    expect(await heard('life.test')).toBe(`"v=P3DO1; fpr=${A}; seq=1"`);
    await put('life.test', { ...FIRST, fpr: B, seq: 1 }, true);
    timers.pass(timers.delays[0]!);
    await settled(2);
    expect(lines.map((line) => JSON.parse(line) as { level: number; code?: string })).toMatchObject([
      { level: 30 },
      { level: 50, code: '_dns_conflict' },
    ]);
    expect(await heard('life.test')).toContain(B);
    publisher.stop();
    expect(timers.delays).toEqual([3_600_000, 60_000]);
  });
});

describe('the file with the key', () => {
  const secret = Buffer.alloc(32, 7).toString('base64');
  const file = (text: string, mode = 0o600): string => {
    const path = join(newFolder(), 'tsig.key');
    writeFileSync(path, text, { mode });
    return path;
  };

  test.each([
    ['tsig-keygen', `key "p3do-update" {\n\talgorithm hmac-sha256;\n\tsecret "${secret}";\n};\n`],
    [
      'keymgr',
      `# hmac-sha256:p3do-update:${secret}\nkey:\n- id: p3do-update\n  algorithm: hmac-sha256\n  secret: ${secret}\n`,
    ],
    ['dig', `hmac-sha256:P3do-Update.:${secret}\n`],
  ])('as %s has it', async (_, text) => {
    expect(await readTsigKey(file(text))).toEqual({ name: 'p3do-update', secret: new Uint8Array(32).fill(7) });
  });

  test.each([
    ['nothing', ''],
    ['another algorithm', `key "k" { algorithm hmac-md5; secret "${secret}"; };`],
    ['half a secret', 'hmac-sha256:k:abc'],
    [
      'two keys',
      `key "k" { algorithm hmac-sha256; secret "${secret}"; };\nkey "l" { algorithm hmac-sha256; secret "${secret}"; };`,
    ],
  ])('%s is no key', async (_, text) => {
    await expect(readTsigKey(file(text))).rejects.toThrow(refused('_dns_invalid_key'));
  });

  test('others may not read it', async () => {
    const path = file(`hmac-sha256:k:${secret}`, 0o644);
    expect(readFileSync(path, 'utf8')).toContain(secret);
    await expect(readTsigKey(path)).rejects.toThrow(refused('_exposed_file'));
  });
});

test('records with strings at their bounds go into an update as they are', () => {
  const key = { name: 'k', secret: new Uint8Array(32) };
  const change = {
    zone: 'a.test',
    name: '_p3do.a.test',
    ttl: 60,
    before: [],
    after: [[new Uint8Array(255), new Uint8Array(0)]],
  };
  const { authorities } = readMessage(newUpdate(change, key, 1).bytes);
  expect(stringsOfData(authorities.at(-1)!.data)).toEqual(change.after[0]!.map((string) => Buffer.from(string)));
});
