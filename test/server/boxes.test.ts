/** Boxes and conversations on the command line: one domain keeps them on its own PostgreSQL, and whoever takes all that it has finds neither owner nor words. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addressOf, parseAddress } from '../../client/pigeonhole/address.ts';
import { readBox } from '../../client/pigeonhole/files.ts';
import { suite } from '../../server/suite.ts';
import { Undoing } from '../undoing.ts';
import { at, doneOf, type Outcome, p3doOf, peersStarted } from './commands.ts';
import { seized } from './seized.ts';
import { passableFolder, type Served } from './served.ts';

const undoing = new Undoing();
let a: Served;
let b: Served;
let home = '';
let elsewhere = '';

const words = 'Look under the stone by the third well';

/** A command with something on its standard input, in one of two places where somebody has folders. */
const p3do = (folder: string, args: readonly string[], input = ''): Promise<Outcome> => p3doOf(folder, args, { input });

/** The same, which must succeed: what it says. */
const done = async (folder: string, args: readonly string[]): Promise<string> =>
  (await doneOf(folder, args, { input: '' })).out;

const box = (...args: string[]): Promise<string> => done(home, ['box', ...args, '--direct', '--as', 'ada@a.test']);

beforeAll(async () => {
  home = await passableFolder(undoing);
  elsewhere = await passableFolder(undoing);
  [a, b] = (await peersStarted(undoing, ['a.test', 'b.test'], (name) =>
    name === 'a.test'
      ? { memory: true, config: { registration: 'open' } }
      : { config: { registration: 'open', pigeonhole: { boxes: 3, workBits: 8 }, mailbox: { workBits: 8 } } },
  )) as [Served, Served];
  await done(home, ['register', 'ada@a.test', '--server', at(a)]);
  await done(elsewhere, ['register', 'bob@b.test', '--server', at(b)]);
});
afterAll(async () => undoing.run());

const bob = (...args: string[]): Promise<Outcome> => p3do(elsewhere, ['box', ...args]);
const idle = '--timeout';

test('a box of ada’s at b.test: bob puts something in, she gets it, and it is there no more', async () => {
  const address = (await box('make', 'letters', '--at', 'b.test', '--bits', '8')).trim();
  expect(address).toMatch(/^psyc:\/\/b\.test\/\$pigeonhole#[0-9a-f]{128}$/);
  expect(await bob('deposit', address, words, '--direct')).toMatchObject({ code: 0, out: 'in the box at b.test\n' });
  expect(await bob('deposit', address, '-', '--direct')).toMatchObject({ code: 2 });
  const long = 'so much to say '.repeat(300);
  const told = await p3do(elsewhere, ['box', 'deposit', address, '-', '--direct'], `${long}\n`);
  expect(told).toMatchObject({ code: 0 });
  expect(told.complaints).toContain('3 of 3 parts are there');
  const heard = await box('fetch', 'letters');
  expect(heard).toContain(`letters somebody: ${words}\n`);
  expect(heard).toContain(long.trim());
  expect(await box('fetch', 'letters')).toBe('');
  expect(await done(home, ['box', 'list', '--as', 'ada@a.test'])).toMatch(
    /^letters at b\.test, until .*, asked by way/,
  );
});

test('whoever takes b.test’s database, its log, all its files and keys finds neither owner nor words', async () => {
  const address = (await done(home, ['box', 'list', 'letters', '--as', 'ada@a.test'])).trim();
  expect(await bob('deposit', address, words, '--direct')).toMatchObject({ code: 0 });
  const folder = join(home, 'people', 'ada@a.test');
  const state = await readBox(folder, 'letters');
  expect(addressOf(suite, state)).toBe(address);
  const { keys } = parseAddress(address);
  const text = (what: string): Uint8Array => new TextEncoder().encode(what);
  const wanted = {
    words: text(words),
    'some of the words': text('under the stone'),
    owner: text('~ada'),
    'the owner, otherwise': text('ada@a.test'),
    'the name of the box': text('letters'),
    secret: state.root,
    'key of orders': keys.subarray(0, 32),
    'key of deposits': keys.subarray(32),
  };
  await b.kill();
  await b.killDatabase();
  expect(await seized(b.folder, wanted)).toEqual([]);
  // What it does keep is found: it was looked where it is.
  expect(await seized(b.folder, { reader: state.reader, place: text('box 1 of psyc://b.test/$pigeonhole') })).toEqual([
    'place',
    'reader',
  ]);
  expect(b.log.join('\n')).not.toMatch(/ada|stone|pigeonhole#/);
  // And who owns it has lost nothing.
  b.start();
  await b.ready;
  expect(await box('fetch', 'letters')).toContain(words);
});

test('another device reads it too, by what lies sealed at home or was carried over; an answer finds its way', async () => {
  const secret = await done(home, ['box', 'secret', 'letters', '--as', 'ada@a.test']);
  expect(await p3do(elsewhere, ['box', 'adopt', '-'], secret)).toMatchObject({
    code: 0,
    out: 'this device reads letters at b.test\n',
  });
  expect(await done(home, ['box', 'share', 'letters', '--as', 'ada@a.test'])).toContain('p3do box adopt');
  // It lies there already, and here.
  expect(await p3do(home, ['box', 'adopt', '--as', 'ada@a.test'])).toMatchObject({ code: 0, out: '' });
  await done(elsewhere, ['box', 'fetch', 'letters', '--direct']);
  expect(await bob('make', 'mine', '--direct')).toMatchObject({ code: 0 });
  const address = (await done(home, ['box', 'list', 'letters', '--as', 'ada@a.test'])).trim();
  expect(await bob('deposit', address, 'answer me', '--direct', '--reply', 'mine')).toMatchObject({ code: 0 });
  const heard = await box('fetch', 'letters');
  const [, reply = ''] = /answers go to (\S+)/.exec(heard) ?? [];
  await box('deposit', reply, 'here I am');
  expect((await bob('fetch', 'mine', '--direct', '--json')).out).toContain('"text":"here I am"');
  expect((await bob('fetch', 'letters', '--direct')).out).toContain('answer me');
  expect(await bob('leave', 'letters', '--direct')).toMatchObject({ code: 0 });
  expect(await bob('fetch', 'letters', '--direct')).toMatchObject({ code: 1, out: '' });
});

test('the admin sees how many there are, and no more', async () => {
  const boxes = (served: Served): Promise<string> => done(home, ['account', 'boxes', '--folder', served.folder]);
  expect(await boxes(b)).toBe('2 of 3 boxes; the next one takes 11 bits of work\n');
  expect(await boxes(a)).toBe('no boxes: "pigeonhole" is not in config.json\n');
});

test('what cannot be done is said', async () => {
  expect(await bob('make', 'more')).toMatchObject({ code: 2 });
  // As it was made so it is asked.
  expect(await bob('fetch', 'mine')).toMatchObject({ code: 0 });
  expect(await bob('deposit', 'psyc://b.test/$pigeonhole#00', 'x', '--direct')).toMatchObject({ code: 2 });
  const nobodys = `psyc://b.test/$pigeonhole#${'07'.repeat(64)}`;
  const lost = await bob('deposit', nobodys, 'x', '--direct', idle, '20');
  expect(lost).toMatchObject({ code: 1 });
  expect(lost.complaints).toContain('_box_unknown');
  const none = await p3do(home, ['box', 'make', 'more', '--direct', '--as', 'ada@a.test']);
  expect(none.complaints).toContain('this domain keeps no boxes');
  await box('close', 'letters', '--yes');
  const gone = await p3do(home, ['box', 'fetch', 'letters', '--direct', '--as', 'ada@a.test']);
  expect(gone.complaints).toContain('_box_nowhere');
});

const talk = (folder: string, ...args: string[]): Promise<Outcome> => p3do(folder, ['talk', ...args]);
const adas = (...args: string[]): Promise<Outcome> => talk(home, ...args, '--as', 'ada@a.test');

test('ada and bob talk over b.test’s mailbox, which is killed in between; nothing of it shows what they say, or that it is she', async () => {
  const invited = await adas('invite', 'bob', '--at', 'b.test', '--direct', '--qr');
  expect(invited.out).toMatch(/^p3do-talk-v1:b\.test:[0-9a-f]{136}\n$/);
  expect(invited.complaints).toContain('█');
  expect((await adas('list')).out).toBe('bob at b.test, nobody has accepted yet, asked by way of your home\n');
  expect(await adas('say', 'bob', 'too early')).toMatchObject({ code: 1 });
  const accepted = await p3do(elsewhere, ['talk', 'accept', '-', 'ada', '--direct'], invited.out);
  const [, check = 'none'] = /compare with ada: (.*)\n/.exec(accepted.out) ?? [];
  // It is good once.
  const late = await p3do(elsewhere, ['talk', 'accept', '-', 'eve', '--direct'], invited.out);
  expect(late).toMatchObject({ code: 1, out: '' });
  expect(late.complaints).toContain('_conversation_taken_invitation');
  expect((await talk(elsewhere, 'list')).out).toBe(`ada at b.test, ${check}, asked by way of your home\n`);
  const known = await adas('read', 'bob');
  expect(known).toMatchObject({ code: 0, out: '' });
  expect(known.complaints).toContain(`bob has accepted; compare with bob: ${check}\n`);
  expect(await adas('say', 'bob', words)).toMatchObject({ code: 0, out: 'in the mailbox at b.test\n' });
  await b.kill();
  await b.killDatabase();
  const text = (what: string): Uint8Array => new TextEncoder().encode(what);
  expect(
    await seized(b.folder, { words: text(words), owner: text('~ada'), log: text('psyc://b.test/$mailbox') }),
  ).toEqual(['log']);
  expect(b.log.join('\n')).not.toMatch(/ada|stone|mailbox/);
  b.start();
  await b.ready;
  expect((await talk(elsewhere, 'read', 'ada')).out).toContain(`ada: ${words}\n`);
  expect((await talk(elsewhere, 'read', 'ada')).out).toBe('');
  await talk(elsewhere, 'say', 'ada', 'found it');
  expect((await adas('read', 'bob', '--json')).out).toContain('"text":"found it"');
});

test('one side asks to begin anew, and the other agrees; a conversation is forgotten; a passphrase is the same for all', async () => {
  expect(await adas('renew', 'bob')).toMatchObject({ code: 2 });
  expect(await adas('renew', 'bob', '--yes')).toMatchObject({ code: 0 });
  expect((await talk(elsewhere, 'read', 'ada')).complaints).toContain('SOMEBODY ASKS TO BEGIN ANEW');
  expect((await talk(elsewhere, 'renew', 'ada', '--yes')).out).toContain('begun anew; compare with ada: ');
  expect((await adas('read', 'bob')).complaints).toContain('bob has begun anew');
  await adas('say', 'bob', 'with new keys');
  expect((await talk(elsewhere, 'read', 'ada')).out).toContain('ada: with new keys\n');
  const slip = join(home, 'slip');
  await writeFile(slip, 'another passphrase');
  const locked = await adas('list', '--passphrase-file', slip);
  expect(locked).toMatchObject({ code: 1, out: '' });
  expect(locked.complaints).toContain('_wrong_passphrase');
  expect(await adas('forget', 'bob', '--yes')).toMatchObject({ code: 0, out: 'forgot bob\n' });
  expect((await adas('read', 'bob')).complaints).toContain('_conversation_nowhere');
});
