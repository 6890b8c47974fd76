/** A home is dead, and its person lives somewhere else: by the word of her old key, whoever knew her is told, and places give her what she had there; nobody else can say so. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Undoing } from '../undoing.ts';
import { at, doneOf, type Outcome, p3doOf, peersStarted } from './commands.ts';
import { passableFolder, type Served } from './served.ts';

const undoing = new Undoing();
let a: Served;
let b: Served;
let c: Served;
let home = '';
let villains = '';

const p3do = (...args: string[]): Promise<Outcome> => p3doOf(home, args);
const done = (folder: string, ...args: string[]): Promise<Outcome> => doneOf(folder, args);

beforeAll(async () => {
  home = await passableFolder(undoing);
  villains = await passableFolder(undoing);
  const names = ['a.test', 'b.test', 'c.test'];
  const options = { memory: true, config: { registration: 'open' } } as const;
  [a, b, c] = (await peersStarted(undoing, names, () => options)) as [Served, Served, Served];
  await done(home, 'register', 'alice@a.test', '--server', at(a));
  await done(home, 'register', 'bob@b.test', '--server', at(b));
  for (const who of ['alice@a.test', 'bob@b.test']) await done(home, 'enter', '@hall@b.test', '--as', who);
  await done(home, 'say', '@hall@b.test', 'at', 'home', '--as', 'alice@a.test');
  await done(home, 'enter', '@closed@b.test', '--as', 'bob@b.test');
  await done(home, 'place', 'mode', '@closed@b.test', 'invited', '--as', 'bob@b.test');
  await done(home, 'place', 'aide', '@closed@b.test', 'alice@a.test', '--as', 'bob@b.test');
  await done(home, 'enter', '@closed@b.test', '--as', 'alice@a.test');
  // He knows her key from here on.
  await done(home, 'history', '@hall@b.test', '--as', 'bob@b.test');
  await a.kill();
});
afterAll(async () => undoing.run());

test('her new home takes what both her keys have signed, once and again', async () => {
  await done(home, 'register', 'alice@c.test', '--server', at(c));
  const line = 'alice@a.test is alice@c.test from now on, for all who knew that key\n';
  const first = await p3do('move', 'alice@a.test', '--as', 'alice@c.test');
  expect(first).toMatchObject({ code: 0, complaints: expect.not.stringContaining('mov') as unknown });
  expect(first.out.startsWith(line)).toBe(true);
  for (const place of ['@hall@b.test', '@closed@b.test'])
    expect(first.out).toContain(`${place} knows you by the new name\n`);
  const again = await p3do('move', 'alice@a.test', '--as', 'alice@c.test');
  expect(again).toMatchObject({ code: 0, out: line });
  expect(again.complaints).toContain('@closed@b.test: nobody of this name is there');
  expect(await p3do('move', 'alice@c.test', '--as', 'alice@c.test')).toMatchObject({ code: 2 });
});

test('who knew her is told once when he hears her, and again when he writes to the old name', async () => {
  await done(home, 'say', '@hall@b.test', 'I live here now', '--as', 'alice@c.test');
  const moved = 'alice@a.test has moved, as the key says that is pinned: it is alice@c.test now\n';
  const first = await done(home, 'history', '@hall@b.test', '--as', 'bob@b.test');
  expect(first.complaints).toContain(moved);
  expect(first.out).toContain('alice@c.test: I live here now');
  expect((await done(home, 'history', '@hall@b.test', '--as', 'bob@b.test')).complaints).not.toContain('moved');
  const late = await p3do('say', 'alice@a.test', 'where are you?', '--as', 'bob@b.test', '--timeout', '1');
  expect(late.complaints).toContain(moved);
});

test('where she looked after a place she does so under the new name, and not under the old one', async () => {
  const shown = await done(home, 'place', 'show', '@closed@b.test', '--as', 'bob@b.test');
  expect(shown.out).toContain('aides     alice@c.test\n');
  expect(shown.out).toContain('members   2: bob@b.test, alice@c.test\n');
  await done(home, 'place', 'topic', '@closed@b.test', 'moved in', '--as', 'alice@c.test');
  const said = (await done(home, 'history', '@closed@b.test', '--as', 'bob@b.test')).out;
  expect(said).toContain('alice@c.test says that until now this was the name here: alice@a.test\n');
});

test('whoever else says that he was she is nobody to those who knew her', async () => {
  // Keys under her name, which no domain has certified: her home is dead.
  await p3doOf(villains, ['register', 'alice@a.test', '--server', at(a), '--timeout', '1']);
  await done(villains, 'register', 'mallory@c.test', '--server', at(c));
  // The home cannot know whose key that is; those who ask it do.
  await done(villains, 'move', 'alice@a.test', '--as', 'mallory@c.test');
  await done(villains, 'enter', '@hall@b.test', '--as', 'mallory@c.test');
  await done(villains, 'say', '@hall@b.test', 'it is me, alice', '--as', 'mallory@c.test');
  const heard = await done(home, 'history', '@hall@b.test', '--as', 'bob@b.test');
  expect(heard.out).toContain('mallory@c.test: it is me, alice');
  expect(heard.complaints).not.toContain('moved');
  // Nor does a place whose server knows hers.
  const asked = await p3doOf(villains, ['place', 'moved', '@closed@b.test', 'alice@a.test', '--as', 'mallory@c.test']);
  expect(asked).toMatchObject({ code: 1, complaints: expect.stringContaining('_unknown_move') as unknown });
  const shown = await done(home, 'place', 'show', '@closed@b.test', '--as', 'bob@b.test');
  expect(shown.out).toContain('aides     alice@c.test\n');
});

test('her old home is back, has forgotten her, and certifies another key under her name: nobody who knew her takes it', async () => {
  a.start();
  await a.ready;
  await done(villains, 'register', 'alice@a.test', '--server', at(a));
  // To the place as to anybody: what her old key has not named is not hers.
  for (const target of ['@hall@b.test', 'bob@b.test']) {
    const said = await p3doOf(villains, ['say', target, 'send me money', '--as', 'alice@a.test', '--timeout', '10']);
    expect(said).toMatchObject({ code: 1, out: '', complaints: expect.stringContaining('or another one') });
  }
  const heard = await done(home, 'history', '@hall@b.test', '--as', 'bob@b.test');
  expect(heard.out).not.toContain('money');
  expect(heard.out).toContain('alice@c.test: I live here now');
  expect(heard.complaints).toMatch(
    /ANOTHER KEY for alice@a\.test: [0-9a-f]{40}; pinned is [0-9a-f]{40}\. It is not believed/,
  );
  const asked = await p3do('say', 'alice@a.test', 'is it you?', '--as', 'bob@b.test', '--timeout', '3');
  expect(asked).toMatchObject({ code: 1, complaints: expect.stringContaining('(_trust_changed_key)') });
});
