/** Five servers, one of which keeps boxes and has a mailbox: a box is made, filled and emptied, and two talk, over onions and tickets, and no server but the two homes ever hears of who asks. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseAddress } from '../../client/pigeonhole/address.ts';
import { readBox } from '../../client/pigeonhole/files.ts';
import { readDomainKey } from '../../server/domain/key-file.ts';
import { Undoing } from '../undoing.ts';
import { linked } from './linked.ts';
import { at, doneOf, type Outcome, p3doOf, peersStarted } from './commands.ts';
import { seized } from './seized.ts';
import { passableFolder, type Served } from './served.ts';

const undoing = new Undoing();
const names = ['a.test', 'b.test', 'c.test', 'd.test', 'e.test'];
const servers = new Map<string, Served>();
let home = '';

const words = 'Look under the stone by the third well';
const spoken = 'the well is dry';

const p3do = (...args: string[]): Promise<Outcome> => p3doOf(home, args);
const done = async (...args: string[]): Promise<string> => (await doneOf(home, args)).out;

async function linkedAt(domain: string, links: number): Promise<void> {
  const { folder } = servers.get(domain)!;
  await linked(undoing, async () => (await p3do('federate', 'onions', '--folder', folder, '--json')).out, links);
}

beforeAll(async () => {
  home = await passableFolder(undoing);
  const started = await peersStarted(undoing, names, (name, links) => {
    // Clocks as everywhere, and more than twice as fast: a loopback carries that, on a busy machine too.
    const config = { registration: 'open', mor: { links, framesPerSecond: 100 } };
    if (name !== 'e.test') return { memory: true, config };
    return { config: { ...config, pigeonhole: { boxes: 4, workBits: 8 }, mailbox: { workBits: 8 } } };
  });
  for (const served of started) servers.set(served.domain, served);
  const lines = await Promise.all(
    [...servers.values()].map(async ({ folder, domain }) => {
      const { fingerprint } = (await readDomainKey(folder, domain)).certificate.key;
      return { domain, line: `allow ${domain} ${fingerprint}\n` };
    }),
  );
  const importing = [...servers.values()].map(async ({ folder, domain }) => {
    const rules = join(home, `${domain}.rules`);
    const others = lines.filter((other) => other.domain !== domain);
    await writeFile(rules, others.map(({ line }) => line).join(''));
    await done('federate', 'import', rules, '--folder', folder);
  });
  await Promise.all(importing);
  for (const [nick, domain] of [
    ['ada', 'a.test'],
    ['bob', 'b.test'],
  ] as const) {
    await done('register', `${nick}@${domain}`, '--server', at(servers.get(domain)!));
  }
  await Promise.all(names.map(async (name) => linkedAt(name, 4)));
});
afterAll(() => undoing.run());

const asAda = ['--level', '0', '--as', 'ada@a.test'];

let address = '';

test('a box is made as nobody, and is asked so from then on', async () => {
  const made = await done('box', 'make', 'letters', '--at', 'e.test', '--bits', '8', '--anonymous', ...asAda);
  address = made.trim();
  const state = await readBox(join(home, 'people', 'ada@a.test'), 'letters');
  expect(state.way).toBe('anonymous');
  // Nobody shows by a slip whose it is.
  const shown = await p3do('box', 'fetch', 'letters', '--direct', '--as', 'ada@a.test');
  expect(shown).toMatchObject({ code: 2, out: '' });
  expect(shown.complaints).toContain('this shows your home and e.test that letters is yours');
});

test('as nobody somebody puts something in', async () => {
  const stored = await done('box', 'deposit', address, words, '--anonymous', '--level', '0', '--as', 'bob@b.test');
  expect(stored).toBe('in the box at e.test\n');
});

test('two talk as nobody over its mailbox', async () => {
  const asBob = ['--level', '0', '--as', 'bob@b.test'];
  const invited = await done('talk', 'invite', 'bob', '--at', 'e.test', '--anonymous', '--as', 'ada@a.test');
  const way = ['--anonymous', ...asBob, '--every', '1'];
  expect(await done('talk', 'accept', invited.trim(), 'ada', ...way)).toContain('compare with ada: ');
  // One of four looks is at an address that nobody has: of six seldom all.
  const looking = ['--looks', '6', '--every', '1'];
  const known = await p3do('talk', 'read', 'bob', ...looking, ...asAda);
  expect(known.complaints).toContain('bob has accepted');
  expect(await done('talk', 'say', 'bob', spoken, '--every', '1', ...asAda)).toBe('in the mailbox at e.test\n');
  expect(await done('talk', 'read', 'ada', ...looking, ...asBob)).toContain(`ada: ${spoken}\n`);
  const shown = await p3do('talk', 'say', 'ada', 'no', '--direct', '--as', 'bob@b.test');
  expect(shown).toMatchObject({ code: 2, out: '' });
});

test('it is fetched as nobody; the server that keeps it has neither owner, nor who wrote, nor words', async () => {
  expect(await done('box', 'fetch', 'letters', ...asAda)).toContain(`letters somebody: ${words}\n`);
  const { root, reader } = await readBox(join(home, 'people', 'ada@a.test'), 'letters');
  const { keys } = parseAddress(address);
  const e = servers.get('e.test')!;
  await e.kill();
  await e.killDatabase();
  const [said, talked, ada, bob] = [words, spoken, '~ada', '~bob'].map((text) => new TextEncoder().encode(text)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  // What it does keep is found: it was looked where it is.
  expect(await seized(e.folder, { said, talked, ada, bob, root, keys, reader })).toEqual(['reader']);
  for (const served of servers.values()) expect(served.log.join('\n')).not.toMatch(/~ada|~bob|pigeonhole|mailbox/);
});
