/** Words that one server carries and nobody has answered are said again through whichever comes next, as they were signed. */
import { beforeAll, expect, test } from '@jest/globals';
import type { Command } from '../../client/session/events.ts';
import type { Kept, Voice } from '../../client/session/kept.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { domainKey, Home, type HeardPacket } from './home.ts';
import { fresh, Life, someone, type Someone } from './life.ts';

const hall = 'psyc://b.example/@hall';
const keys = new Map<string, SecretKey>();
let ada: Someone;

beforeAll(async () => {
  for (const [at, name] of ['a', 'c', 'd'].entries())
    keys.set(`${name}.example`, await domainKey(`${name}.example`, 10 + at));
  ada = await someone('ada', 'a.example', 30, keys.get('a.example')!);
});

/** A session at a server: null, at home. */
const at = (domain: string | null, kept: Kept): Promise<Life> => {
  const host = domain ?? 'a.example';
  return new Life(ada, new Home(host, keys.get(host)!), { kept, at: domain }).start();
};
const say = (command: number, text: string, target = hall): Command => ({ kind: 'say', command, target, text });
const words = (life: Life): HeardPacket[] => life.said('_message_public');
const contents = (life: Life): Uint8Array[] => words(life).map(({ packet }) => packet.content!);
const heading = ({ routing }: HeardPacket): (string | undefined)[] => [
  routing.get('_source')?.replace(/^.*#[0-9a-f]{16}/, ''),
  routing.get('_counter'),
];
const waiting = ({ kept }: Life): [number, number][] =>
  [kept.speaking as Voice, ...kept.visits.values()].map(({ pending, numbers }) => [pending.length, numbers.size]);

/** What was said at home, where nobody answered. */
async function unanswered(): Promise<{ kept: Kept; content: Uint8Array }> {
  const home = await at(null, fresh(ada));
  await home.command(say(1, 'first'));
  return { kept: home.kept, content: contents(home)[0]! };
}

/** The target answers the last of what it has heard. */
async function answered(life: Life, method = '_echo_message_public', entity = {}): Promise<void> {
  life.home.answer(words(life).at(-1)!, method, entity);
  await life.settle();
}

test('what the home carries a visited server is given as it was signed, under numbers of its own; answered there it is answered', async () => {
  const { kept, content } = await unanswered();
  const visit = await at('c.example', kept);
  await visit.command(say(1, 'second'));
  expect([contents(visit), words(visit).map(heading)]).toEqual([[content], [['-1@c.example', '1']]]);
  await answered(visit);
  await visit.pass(1_000);
  expect(visit.told('stored before')).toMatchObject([
    { target: hall, at: 'b.example', publication: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ]);
  // Who had it already counts no number for it.
  expect(words(visit).map(heading).at(-1)).toEqual(['-2@c.example', '1']);
  await answered(visit);
  expect(visit.told('stored')).toHaveLength(1);
  expect(visit.kept.speaking).toMatchObject({ pending: [], isSpent: true });
  // At home nothing is left to be said, and its numbers begin anew: one of them stands for what was answered elsewhere.
  const home = await at(null, visit.kept);
  expect(words(home)).toEqual([]);
  await home.command(say(1, 'third'));
  expect(words(home).map(heading)).toEqual([['-2', '1']]);
});

test('the home is given what a visited server carries', async () => {
  const visit = await at('c.example', fresh(ada));
  await visit.command(say(1, 'there'));
  const home = await at(null, visit.kept);
  expect(contents(home)).toEqual(contents(visit));
  await answered(home);
  expect(home.kept.visits.get('c.example')).toMatchObject({ pending: [], isSpent: true });
});

test('however many carry it, each says it once, and one answer is for all', async () => {
  const { kept, content } = await unanswered();
  const first = await at('c.example', kept);
  const second = await at('d.example', first.kept);
  expect([contents(first), contents(second)]).toEqual([[content], [content]]);
  const home = await at(null, second.kept);
  // Byte for byte as it was.
  expect([contents(home), words(home).map(heading)]).toEqual([[content], [['-1', '1']]]);
  expect(waiting(home).map(([pending]) => pending)).toEqual([1, 1, 1]);
  await answered(home);
  expect(waiting(home).map(([pending]) => pending)).toEqual([0, 0, 0]);
  await home.pass(1_000);
  await answered(second);
  await second.pass(1_000);
  expect([contents(home), contents(second)]).toEqual([[content], [content]]);
});

test('it is kept before it leaves, and a crash says nothing in another way', async () => {
  const { kept, content } = await unanswered();
  const visit = new Life(ada, new Home('c.example', keys.get('c.example')!), { kept, at: 'c.example' });
  await visit.start();
  await visit.pass(60_000);
  expect(new Set(contents(visit).map(String))).toEqual(new Set([String(content)]));
  const again = await at('c.example', visit.kept);
  expect([contents(again), words(again).map(heading)]).toEqual([[content], [['-1@c.example', '1']]]);
});

test('what is refused elsewhere is not refused: who carries it may yet bring it', async () => {
  const { kept, content } = await unanswered();
  const visit = await at('c.example', kept);
  await answered(visit, '_error_necessary_membership', { _code: '_necessary_membership' });
  expect(visit.told('refused')).toEqual([]);
  expect(waiting(visit).map(([pending]) => pending)).toEqual([1, 0]);
  const home = await at(null, visit.kept);
  expect(contents(home)).toEqual([content]);
  await answered(home, '_error_necessary_membership', { _code: '_necessary_membership' });
  expect(home.told('refused')).toHaveLength(1);
  expect(home.kept.speaking.pending).toEqual([]);
});

test('what nobody has signed, and what is asked of a place, is said again by whoever carries it alone', async () => {
  const home = await at(null, fresh(ada));
  await home.command({ kind: 'enter', command: 1, place: hall });
  await home.command({ kind: 'act', command: 2, place: 'psyc://b.example/@den', act: { kind: 'topic', text: 'x' } });
  expect(home.kept.speaking.pending).toHaveLength(2);
  const visit = await at('c.example', home.kept);
  expect(visit.home.heard).toEqual([]);
});

test('in the order in which they were signed, to each target', async () => {
  const visit = await at('c.example', fresh(ada));
  await visit.command(say(1, 'first'));
  // Refused at home, and perhaps taken there: it goes on being carried there.
  const home = await at(null, visit.kept);
  await answered(home, '_error_necessary_membership', { _code: '_necessary_membership' });
  await home.command(say(1, 'second'));
  await home.pass(1_000);
  const [first, second] = [contents(visit)[0]!, contents(home).at(-1)!];
  const there = await at('d.example', home.kept);
  // One at a time.
  expect(contents(there)).toEqual([first]);
  await answered(there);
  await there.pass(1_000);
  expect(contents(there)).toEqual([first, second]);
});
