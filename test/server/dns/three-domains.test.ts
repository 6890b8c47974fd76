/** Three domains that know of each other what the DNS says: they federate, one changes its key, the DNS of one is taken over, and its person speaks on. */
import { chmodSync, copyFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Endpoint } from '../../../server/transport/resolve.ts';
import { Undoing } from '../../undoing.ts';
import { at, doneOf, fingerprintOf, type Outcome, p3doOf } from '../commands.ts';
import { freeEndpoint, passableFolder, Served } from '../served.ts';
import {
  dig,
  type Primary,
  startBind,
  startUnbound,
  updateZone,
  type Validator,
  withNameServers,
} from './name-servers.ts';

/** Three days are six and a half seconds. */
const TIME_SCALE = 40_000;

const undoing = new Undoing();
const names = ['a.test', 'b.test', 'c.test'];
let a: Served;
let b: Served;
let c: Served;
let mallory: Served;
let bind: Primary;
let resolver: Validator;
let people = '';
let villains = '';

const p3do = (...args: string[]): Promise<Outcome> => p3doOf(people, args);
const done = async (...args: string[]): Promise<string> => (await doneOf(people, args)).out;

const federate = (served: Served, ...args: string[]): Promise<Outcome> =>
  p3do('federate', ...args, '--folder', served.folder);
const shown = async (served: Served, domain: string): Promise<string> => (await federate(served, 'show', domain)).out;

/** Asks until it is so; the test's own time ends it. */
async function eventually(told: () => Promise<string>, what: RegExp): Promise<string> {
  for (;;) {
    const said = await told();
    if (what.test(said)) return said;
    await wait(100);
  }
}

/** A fingerprint as the page of a domain groups it. */
const grouped = (fingerprint: string): string => fingerprint.toUpperCase().replace(/(.{4})(?=.)/g, '$1 ');

/** A domain that has no peers: a resolver, and a name server that takes its record. Not started yet. */
async function domainAt(name: string, endpoint: Endpoint): Promise<Served> {
  const dns = {
    resolvers: [`udp://127.0.0.1:${resolver.port}`],
    update: { server: `127.0.0.1:${bind.port}`, key: 'tsig.key' },
  };
  const policy = { timeScale: TIME_SCALE };
  const served = await Served.make(undoing, name, {
    memory: true,
    endpoint,
    config: { dns, policy, registration: 'open' },
  });
  const key = join(served.folder, 'tsig.key');
  copyFileSync(bind.key, key);
  chmodSync(key, 0o600);
  return served;
}

/** What stands in the log from a line on: an alarm of the table about a domain. */
const alarmed = (served: Served, from: number, domain: string, row: string): Promise<string> =>
  served.logged(
    (line) => line.includes('KEY:') && line.includes(`"${domain}"`) && line.includes(`"row":"${row}"`),
    from,
  );

withNameServers('three domains that know nobody', () => {
  beforeAll(async () => {
    people = await passableFolder(undoing);
    villains = await passableFolder(undoing);
    const ends = await Promise.all(names.map(() => freeEndpoint()));
    const zones = names.map((name, one) => {
      const { host, port } = ends[one]!;
      return [name, `_psycs._tcp IN SRV 0 0 ${port} node\nnode IN A ${host}\n`] as const;
    });
    bind = await startBind(Object.fromEntries(zones), true, () => 'zonesub ANY');
    // What a resolver keeps is scaled like every other time.
    resolver = await startUnbound(Object.fromEntries(names.map((name) => [name, bind.port])), bind.anchors, null, 0);
    [a, b, c] = (await Promise.all(names.map((name, one) => domainAt(name, ends[one]!)))) as [Served, Served, Served];
    for (const served of [a, b, c]) served.start();
    await Promise.all([a.ready, b.ready, c.ready]);
    for (const name of names) await eventually(() => dig(resolver.port, 'TXT', `_p3do.${name}`, '+short'), /v=P3DO1/);
  });
  afterAll(async () => undoing.run());

  test('who enters a place of a domain that was never met brings the two together, where the admin lets strangers in', async () => {
    await done('register', 'carol@c.test', '--server', at(c));
    const enter = (): Promise<Outcome> => p3do('enter', '@hall@a.test', '--as', 'carol@c.test', '--timeout', '5');
    const rules = join(c.folder, 'rules');
    const unknown = async (word: 'closed' | 'open'): Promise<void> => {
      await writeFile(rules, `unknown ${word}\n`);
      expect(await federate(c, 'import', rules)).toMatchObject({ code: 0 });
    };
    await unknown('closed');
    const refused = await enter();
    expect([refused.code, refused.complaints]).toEqual([1, expect.stringContaining('_trust_blocked')]);
    expect((await federate(c, 'list')).out).toBe('no other domain\n');
    await unknown('open');
    expect(await enter()).toMatchObject({ code: 0 });
    expect(await shown(c, 'a.test')).toMatch(/^a\.test, connected, normal, corroborated/);
  });

  test('the DNS alone leads them to each other: each is corroborated (row 16), and countersigns the others', async () => {
    for (const [served, other] of [
      [a, 'b.test'],
      [b, 'c.test'],
    ] as const) {
      const added = await federate(served, 'add', other);
      expect([added.code, added.out, added.complaints]).toEqual([0, expect.stringContaining('corroborated'), '']);
    }
    const countersigned = /by us {3}countersigned until \d{4}.*\n {2}by them countersigned until \d{4}/;
    for (const served of [a, b, c]) {
      for (const other of [a, b, c].filter((one) => one !== served)) {
        const page = await eventually(() => shown(served, other.domain), countersigned);
        expect(page).toMatch(/^[abc]\.test, connected, normal, corroborated/);
        expect(page).toContain(grouped(await fingerprintOf(people, other)));
      }
      // Nobody had to be taken at his word.
      expect(served.log.join('\n')).not.toContain('FIRST CONTACT');
    }
  });

  test('one changes its key, and both others follow at once (row 9); both countersign the new one', async () => {
    const old = await fingerprintOf(people, b);
    const lines = [a.log.length, c.log.length];
    const made = await done('key', 'rotate', '--folder', b.folder);
    const next = /^key ([0-9a-f]{40}) takes its place at /.exec(made)?.[1] ?? '';
    await b.logged((line) => line.includes('ROTATED') && line.includes(next));
    for (const [one, served] of [a, c].entries()) {
      expect(JSON.parse(await alarmed(served, lines[one]!, 'b.test', '9'))).toMatchObject({ alarm: 'key followed' });
      const page = await eventually(
        () => shown(served, 'b.test'),
        /^b\.test, connected, normal, rotated[^]*by us {3}countersigned until .*\n {2}by them countersigned until/,
      );
      expect(page).toContain(grouped(next));
      expect(page).not.toContain(grouped(old));
    }
    expect(await dig(resolver.port, 'TXT', '_p3do.b.test', '+short')).toBe(`"v=P3DO1; fpr=${next}; seq=2"`);
  });

  test('who has the DNS of one, its keys for DNSSEC with it, gets an alarm: it names his key, and the pinned one stays (row 8)', async () => {
    for (const [nick, served] of [
      ['alice', a],
      ['bob', b],
    ] as const)
      await done('register', `${nick}@${served.domain}`, '--server', at(served));
    for (const who of ['alice@a.test', 'bob@b.test']) await done('enter', '@hall@b.test', '--as', who);
    await done('say', '@hall@b.test', 'at home', '--as', 'alice@a.test');
    await done('servers', 'add', 'c.test', '--server', at(c), '--as', 'alice@a.test');
    const lines = [b.log.length, c.log.length];
    const own = a.log.length;
    mallory = await domainAt('a.test', await freeEndpoint());
    mallory.start();
    await mallory.ready;
    const taken = await done('dns', 'publish', '--replace', '--folder', mallory.folder);
    expect(taken).toContain(`_p3do.a.test names ${await fingerprintOf(people, mallory)}: published`);
    const { host, port } = mallory.endpoint;
    await updateZone(
      bind,
      'a.test',
      'delete _psycs._tcp.a.test. SRV',
      `add _psycs._tcp.a.test. 60 SRV 0 0 ${port} evil.a.test.`,
      `add evil.a.test. 60 A ${host}`,
    );
    for (const [one, served] of [b, c].entries()) {
      const alarm: unknown = JSON.parse(await alarmed(served, lines[one]!, 'a.test', '8'));
      expect(alarm).toMatchObject({ alarm: 'dns names another key' });
      const page = await shown(served, 'a.test');
      expect(page).toMatch(/^a\.test, connected, normal, corroborated/);
      expect(page).toContain(grouped(await fingerprintOf(people, a)));
      // Its own admin hears it as well, by the word of each.
      const word = await a.logged((line) => line.includes('OUR NAME') && line.includes(`"${served.domain}"`), own);
      expect(JSON.parse(word)).toMatchObject({ fingerprint: await fingerprintOf(people, mallory) });
    }
  });

  test('the home is killed, and all who look for it come to him: refused, with an alarm (row 13); nothing is said in its name', async () => {
    const lines = [b.log.length, c.log.length];
    const [real, false_] = [await fingerprintOf(people, a), await fingerprintOf(people, mallory)];
    await a.kill();
    for (const [one, served] of [b, c].entries()) {
      const alarm = await served.logged((line) => line.includes('ANOTHER KEY') && line.includes('a.test'), lines[one]);
      expect(JSON.parse(alarm)).toMatchObject({ domain: 'a.test', fingerprint: false_, expected: real });
      const page = await eventually(() => shown(served, 'a.test'), /\(_trust_changed_key, row 13\)/);
      expect(page).toMatch(/^a\.test, away, normal, corroborated/);
      expect(page).toContain(grouped(real));
      expect(page).not.toContain(grouped(false_));
    }
  });

  test('alice speaks there within seconds all the same, through a third, under her own name; nobody else does', async () => {
    // A person of his says that she is alice, of a.test as he has it.
    expect(await p3doOf(villains, ['register', 'alice@a.test', '--server', at(mallory)])).toMatchObject({ code: 0 });
    const given = new AbortController();
    const words = ['say', '@hall@b.test', 'send me money', '--as', 'alice@a.test'];
    const lie = p3doOf(villains, words, { signal: given.signal });
    await mallory.logged((line) => line.includes('b.test') && line.includes('refused'));
    const beganMs = performance.now();
    const said = await p3do('say', '@hall@b.test', 'my home is gone', '--as', 'alice@a.test');
    const tookMs = performance.now() - beganMs;
    expect(said).toMatchObject({ code: 0, out: 'stored at b.test\n' });
    expect(said.complaints).toContain('through c.test, as alice@a.test\n');
    // The whole command, its start and the noticing with it.
    expect(tookMs).toBeLessThan(30_000);
    const history = await done('history', '@hall@b.test', '--as', 'bob@b.test', '--json');
    const rows = history
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const hers = rows.filter(({ kind, author }) => kind === 'heard' && author === 'psyc://a.test/~alice');
    expect(hers.map(({ text, word }) => [text, word])).toEqual([
      ['at home', { kind: 'author' }],
      ['my home is gone', { kind: 'author' }],
    ]);
    expect(c.log.some((line) => line.includes('a.test') && line.includes('visitor'))).toBe(true);
    given.abort();
    expect(await lie).toMatchObject({ code: NaN, out: expect.not.stringContaining('stored') });
  });
});
