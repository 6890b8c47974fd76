/** Four servers pass cells around: what one person hands in anonymously arrives at another's, over three hops, whoever of the others is killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readDomainKey } from '../../server/domain/key-file.ts';
import { Undoing } from '../undoing.ts';
import { linked } from './linked.ts';
import { doneOf, environmentOf, type Outcome, p3doOf, peersStarted, registered } from './commands.ts';
import { command, passableFolder, type Served } from './served.ts';

const undoing = new Undoing();
const names = ['a.test', 'b.test', 'c.test', 'd.test', 'e.test'];
/** Two of them are in a second context as well. */
const pair = ['a.test', 'b.test'];
const contextsOf = (name: string): object[] =>
  pair.includes(name) ? [{ name: 'inner', members: pair.filter((other) => other !== name), framesPerSecond: 100 }] : [];
const servers = new Map<string, Served>();
let home = '';

const p3do = (...args: string[]): Promise<Outcome> => p3doOf(home, args);
const done = async (...args: string[]): Promise<string> => (await doneOf(home, args)).out;

/** Lines of objects that a person hears, until the process is ended. */
function listening(who: string): { said(holds: (heard: Record<string, unknown>) => boolean): Promise<object> } {
  const child = spawn(process.execPath, [command, 'listen', '--as', who, '--json'], { env: environmentOf(home) });
  undoing.add(async () => {
    const over = once(child, 'exit');
    child.kill();
    await over;
  });
  const heard: Record<string, unknown>[] = [];
  let told = (): void => {};
  createInterface({ input: child.stdout }).on('line', (line) => {
    heard.push(JSON.parse(line) as Record<string, unknown>);
    told();
  });
  return {
    said: (holds) =>
      new Promise((resolve) => {
        told = () => {
          const found = heard.find(holds);
          if (found !== undefined) resolve(found);
        };
        told();
      }),
  };
}

interface InnerStatus {
  readonly links: number;
  readonly contexts: number;
  readonly counts: readonly (readonly [string, number])[];
}

async function linkedAt(domain: string, links: number): Promise<void> {
  const { folder } = servers.get(domain)!;
  await linked(undoing, async () => (await p3do('federate', 'onions', '--folder', folder, '--json')).out, links);
}

beforeAll(async () => {
  home = await passableFolder(undoing);
  const started = await peersStarted(undoing, names, (name, links) => ({
    memory: true,
    config: { mor: { links, framesPerSecond: 100, contexts: contextsOf(name) } },
  }));
  for (const served of started) servers.set(served.domain, served);
  const lines = await Promise.all(
    [...servers.values()].map(async ({ folder, domain }) => {
      const { fingerprint } = (await readDomainKey(folder, domain)).certificate.key;
      return { domain, line: `allow ${domain} ${fingerprint}\n` };
    }),
  );
  for (const { folder, domain } of servers.values()) {
    const rules = join(home, `${domain}.rules`);
    const others = lines.filter((other) => other.domain !== domain);
    await writeFile(rules, others.map(({ line }) => line).join(''));
    await done('federate', 'import', rules, '--folder', folder);
  }
  await registered(home, 'ada', servers.get('a.test')!);
  await registered(home, 'bob', servers.get('b.test')!);
  for (const name of names) await linkedAt(name, 4);
});
afterAll(() => undoing.run());

test('a message over three hops arrives, as nobody’s, and its sender is told no more than is known', async () => {
  const bob = listening('bob@b.test');
  const logged = new Map([...servers.values()].map(({ domain, log }) => [domain, log.length]));
  const sent = await p3do('send', '--anonymous', '--hops', '3', 'bob@b.test', 'who', 'am', 'I', '--as', 'ada@a.test');
  expect(sent).toMatchObject({
    code: 0,
    out: 'handed to a.test over 3 servers by their keys; nobody tells whether it arrives\n',
  });
  expect(sent.complaints).toContain('nobody else vouches for the servers on the way');
  // His key came over a ticket: his server has answered nobody, and her home was not asked to look for it.
  expect(sent.complaints).toContain('key of bob@b.test, found as nobody and kept here');
  expect(await done('federate', 'onions', '--folder', servers.get('b.test')!.folder, '--json')).toContain(
    'requests done',
  );
  const heard = await bob.said(({ kind, text }) => kind === 'heard' && text === 'who am I');
  expect(heard).toMatchObject({ author: 'psyc://b.test/$mor', isSealed: true, isStranger: true });
  expect(JSON.stringify(heard)).not.toContain('ada');
  // Nor do the servers' logs name anybody.
  for (const { log } of servers.values()) expect(log.join('\n')).not.toMatch(/~|ada@|bob@/);
  // The second context of two of them has a link, a key and cover of its own.
  const inner = async (domain: string): Promise<InnerStatus | undefined> => {
    const shown = await done('federate', 'onions', '--folder', servers.get(domain)!.folder, '--json');
    return (JSON.parse(shown) as { further: InnerStatus[] }).further[0];
  };
  for (const domain of pair) {
    for (;;) {
      const status = await inner(domain);
      const heard = new Map(status?.counts).get('heard cell') ?? 0;
      if (heard > 0 && status?.contexts === 1) break;
    }
    expect(await inner(domain)).toMatchObject({ name: 'inner', links: 1, stations: 1 });
    expect(await done('federate', 'onions', '--folder', servers.get(domain)!.folder)).toContain(
      'context inner:\n1 links',
    );
  }
  expect(await inner('c.test')).toBeUndefined();
  // While it was under way they have named no server, key or cell; nor does what their admins are shown.
  const route = /\.test|[0-9a-f]{16}/;
  for (const { domain, folder, log } of servers.values()) {
    for (const line of log.slice(logged.get(domain))) expect(line).not.toMatch(route);
    for (const form of [[], ['--json']])
      expect(await done('federate', 'onions', '--folder', folder, ...form)).not.toMatch(route);
  }

  // Whoever wants to hears every cell that is new to his home: cover, and whatever else there is.
  const overheard = (await done('overhear', '--count', '3', '--json', '--as', 'ada@a.test')).trimEnd().split('\n');
  const cells = overheard.map((line) => JSON.parse(line) as { cell: string });
  expect(cells.map(({ cell }) => cell.length)).toEqual([8192, 8192, 8192]);
  expect(new Set(cells.map(({ cell }) => cell)).size).toBe(3);

  // Whoever takes everything along takes it along too, as what nobody has signed.
  const exported = join(home, 'exported');
  await done('export', exported, '--as', 'bob@b.test');
  const checked = await p3do('export', exported, '--verify', '--as', 'bob@b.test');
  expect(checked).toMatchObject({ code: 0 });
  // It takes room among what strangers have written until it is dismissed.
  const requests = (): Promise<string> => done('requests', '--as', 'bob@b.test');
  expect(await requests()).toBe('- request nobody (out of an onion): who am I\n');
  await done('requests', 'dismiss', 'nobody', '--as', 'bob@b.test');
  expect(await requests()).toBe('');

  // What is too long for one cell comes in parts, over ways of their own.
  const long = 'a long story '.repeat(700).trimEnd();
  const told = await p3do('send', '--anonymous', '--hops', '3', 'bob@b.test', long, '--as', 'ada@a.test');
  expect(told).toMatchObject({
    code: 0,
    out: 'handed to a.test in 8 cells, of which 5 are needed, over 3 servers by their keys; nobody tells whether it arrives\n',
  });
  await bob.said(({ kind, text }) => kind === 'heard' && text === long);
  const longer = await p3do('send', '--anonymous', 'bob@b.test', 'x'.repeat(20_000), '--as', 'ada@a.test');
  expect(longer.complaints).toContain('_anonymous_oversized_message');

  await servers.get('e.test')!.kill();
  for (const name of ['a.test', 'b.test', 'c.test', 'd.test']) await linkedAt(name, 3);
  await done('send', '--anonymous', '--hops', '3', 'bob@b.test', 'over another way', '--as', 'ada@a.test');
  await bob.said(({ kind, text }) => kind === 'heard' && text === 'over another way');

  // On a clock, one of four cells is the message.
  const clocked = await p3do(
    ...'send --anonymous --clock 1 --cells 4 --as ada@a.test bob@b.test'.split(' '),
    'at some time',
  );
  expect(clocked).toMatchObject({
    code: 0,
    out: 'handed to a.test over 3 servers by their keys; nobody tells whether it arrives\n',
  });
  expect(clocked.complaints).toContain('4 cells leave in about 4 seconds, one of them with the message');
  await bob.said(({ kind, text }) => kind === 'heard' && text === 'at some time');

  // Who knows another domain believes his home no more than that one: what b.test says of the others has come along.
  await done('say', 'bob@b.test', 'openly', '--as', 'ada@a.test');
  for (;;) {
    const vouched = await p3do('send', '--anonymous', '--hops', '3', 'bob@b.test', 'vouched for', '--as', 'ada@a.test');
    expect(vouched.complaints).not.toContain('nobody else vouches');
    if (vouched.code === 0) break;
    expect(vouched.complaints).toContain('_anonymous_unvouched');
    await wait(500);
  }
  await bob.said(({ kind, text }) => kind === 'heard' && text === 'vouched for');
});
