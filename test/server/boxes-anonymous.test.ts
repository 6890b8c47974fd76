/** Five servers, one of which keeps boxes: a box is made, filled and emptied over onions and tickets, and no server but the two homes ever hears of who asks. */
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
    return { config: { ...config, pigeonhole: { boxes: 4, workBits: 8 } } };
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

test('it is fetched as nobody; the server that keeps it has neither owner, nor who wrote, nor words', async () => {
  expect(await done('box', 'fetch', 'letters', ...asAda)).toContain(`letters somebody: ${words}\n`);
  const { root, reader } = await readBox(join(home, 'people', 'ada@a.test'), 'letters');
  const { keys } = parseAddress(address);
  const e = servers.get('e.test')!;
  await e.kill();
  await e.killDatabase();
  const [said, ada, bob] = [words, '~ada', '~bob'].map((text) => new TextEncoder().encode(text)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  // What it does keep is found: it was looked where it is.
  expect(await seized(e.folder, { said, ada, bob, root, keys, reader })).toEqual(['reader']);
  for (const served of servers.values()) expect(served.log.join('\n')).not.toMatch(/~ada|~bob|pigeonhole/);
});
