/** What a server shows of somebody's publications to readers without a client, and of whom it shows nothing. docs/spec/pages.md */
import { expect, test } from '@jest/globals';
import type { AdminQuestion, PageScope } from '../../federation/admin-questions.ts';
import type { FederationLimits } from '../../federation/limits.ts';
import type { Page, Shown } from '../../federation/feeds/page-shown.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { encodeText } from '../../psyc/bytes.ts';
import type { Draft } from '../../psyc/render.ts';
import { feedOf } from '../../publication/feed.ts';
import { publicationId } from '../../publication/fields.ts';
import { readPublication } from '../../publication/packet.ts';
import { lineIn, referenceDraft, type Wanted } from '../../publication/reference.ts';
import { channel } from './node-fixture.ts';
import { World } from './feeds-world.ts';
import { said } from './said.ts';

const ada = 'psyc://a.example/~ada';
const feed = feedOf(ada);
const adas = channel('ada', 'phone');
const [a, b] = ['a.example', 'b.example'];

const own = { people: 'own', places: 'published' } as const;
const followed = { people: 'followed', places: 'none' } as const;
const none = { people: 'none', places: 'none' } as const;

/** Ada has published these, at home; bob follows her at b. */
function begun(texts: readonly string[], limits: Partial<FederationLimits> = {}): { world: World; say: Say } {
  const world = new World([a, b], limits);
  const at = world.login(ada, 'phone');
  const bobAt = world.login('psyc://b.example/~bob', 'phone');
  let counter = 0;
  const say: Say = (text, wanted) => {
    const plain = said(adas, feed, ++counter, '_message_public', text);
    const bytes = world.signedDraft(adas, feed, wanted === undefined ? plain : { ...plain, ...draftOf(wanted) });
    world.node(a).sayBytes(at, bytes);
    world.settle();
    world.pass(1);
    const packet = parseOne(bytes);
    return {
      id: publicationId(world.keys.suite, readPublication(packet, (name) => packet.ownRoute(name))!),
      line: lineIn(packet)!,
    };
  };
  for (const text of texts) say(text);
  world.node(b).say(bobAt, said(channel('bob', 'phone', b), feed, 1, '_request_context_enter'));
  world.pass(2000);
  return { world, say };
}

type Say = (text: string, wanted?: Wanted) => { readonly id: Uint8Array; readonly line: Uint8Array };

const draftOf = (wanted: Wanted): object => {
  const draft = referenceDraft(wanted, '_message_public');
  return wanted.kind === 'deletion' ? { ...draft, data: null } : draft;
};

function pageAt(
  world: World,
  domain: string,
  more: Partial<Extract<AdminQuestion, { kind: 'page' }>> = {},
): Page | null {
  const { told } = world.node(domain);
  const question = { kind: 'page', of: ada, before: null, scope: own as PageScope, ...more } as const;
  const count = told.length;
  world.node(domain).tell({ kind: 'asked', request: 1, question });
  world.settle();
  if (told.length === count) world.pass(3000);
  const answer = told.at(-1);
  return answer?.kind === 'page' ? answer.page : null;
}

const words = (page: Page | null): string[] =>
  (page?.shown ?? []).map((one) => (one.kind === 'deleted' ? 'deleted' : `${one.signature} ${one.text}`));

test('at home what she has published, the newest first, each signature checked', () => {
  const { world } = begun(['one', 'two']);
  const page = pageAt(world, a);
  expect(page).toMatchObject({ of: ada, before: null });
  expect(words(page)).toEqual(['good two', 'good one']);
});

test('elsewhere only where somebody follows her, and the admin says so', () => {
  const { world } = begun(['one']);
  expect(pageAt(world, b)).toBeNull();
  expect(words(pageAt(world, b, { scope: followed }))).toEqual(['good one']);
  expect(pageAt(world, b, { scope: followed, of: 'psyc://a.example/~zoe' })).toBeNull();
});

test('of who does not live here, has published nothing or is frozen nothing is shown, and nothing where there are no pages', () => {
  const { world } = begun(['one']);
  expect(pageAt(world, a, { of: 'psyc://a.example/~nobody' })).toBeNull();
  expect(pageAt(world, b, { of: 'psyc://b.example/~bob' })).toBeNull();
  expect(pageAt(world, a, { scope: none })).toBeNull();
  const value = encodeText('1');
  const frozen = { op: 'record', context: ada, lease: 1, name: 'frozen', value } as const;
  world.stores.get(a)!.perform({ kind: 'write', request: 0, operations: [frozen] });
  expect(pageAt(world, a)).toBeNull();
});

test('an edit stands for the first words, the newest of several; a deletion for nothing; an answer names what it answers', () => {
  const { world, say } = begun(['one']);
  const slip = say('a slip');
  const gone = say('a secret');
  say('better', { kind: 'edit', id: slip.id });
  say('best', { kind: 'edit', id: slip.id });
  say('of nothing', { kind: 'edit', id: new Uint8Array(32) });
  say('so it is', { kind: 'reply', id: slip.id, author: ada });
  say('', { kind: 'deletion', ...gone });
  world.pass(1000);
  for (const page of [pageAt(world, a), pageAt(world, b, { scope: followed })]) {
    expect(words(page)).toEqual(['good so it is', 'deleted', 'good best', 'good one']);
    const [answer, deleted, edited] = page!.shown as [Shown, Shown, Shown];
    expect(answer).toMatchObject({ answers: { author: ada, id: hexOf(slip.id) }, editedMs: null });
    expect(deleted).toMatchObject({ id: hexOf(gone.id) });
    expect(edited).toMatchObject({ id: hexOf(slip.id), editedMs: expect.any(Number) });
  }
});

test('page by page, each within rows and bytes', () => {
  const texts = Array.from({ length: 45 }, (_, at) => `word ${at}`);
  const { world } = begun(texts, { pageRowsMax: 20 });
  const seen: string[] = [];
  let before: number | null = null;
  for (let pages = 0; pages < 3; pages++) {
    const page: Page | null = pageAt(world, a, { before });
    seen.push(...words(page));
    before = page!.before;
  }
  expect(before).toBeNull();
  expect(seen).toEqual(texts.toReversed().map((text) => `good ${text}`));
  expect(pageAt(world, a, { before: 1 })).toBeNull();
  const large = begun(
    Array.from({ length: 40 }, (_, at) => `${at} `.padEnd(10_000, 'x')),
    { pageBytesMax: 50_000 },
  );
  expect(pageAt(large.world, a)).toMatchObject({ before: 25 });
});

test('what is longer than is shown is cut, and says so', () => {
  const { world } = begun(['x'.repeat(40_000)]);
  expect(pageAt(world, a)!.shown[0]).toMatchObject({ isCut: true, text: 'x'.repeat(32_768) });
});

test('where nobody gives her keys it was checked when it came', () => {
  const { world } = begun(['one']);
  world.kill(b);
  world.start(b);
  world.cut(a, b);
  expect(words(pageAt(world, b, { scope: followed }))).toEqual(['unchecked one']);
});

test('what a device has signed that was revoked since is not shown as hers', () => {
  const { world } = begun(['one']);
  const seed = world.node(a).seedOf('ada', 'phone', a);
  const { statement } = world.keys.person(ada, [], { counter: 2, revoked: [seed] });
  world.kill(a);
  const operations = [{ op: 'record', context: ada, lease: 1, name: 'statement', value: statement }] as const;
  world.stores.get(a)!.perform({ kind: 'write', request: 0, operations });
  world.start(a);
  expect(words(pageAt(world, a))).toEqual(['unlisted one']);
});

test('of a place what is said since its owner has it published, until he has not any more', () => {
  const world = new World([a, b]);
  const hall = 'psyc://a.example/@hall';
  const [adaAt, bobAt] = [world.login(ada, 'phone'), world.login('psyc://b.example/~bob', 'phone')];
  let counter = 0;
  const tell = (draft: Draft): void => world.node(a).say(adaAt, { ...said(adas, hall, ++counter, ''), ...draft });
  const mode = (value: string): void => tell({ method: '_request_context_mode', entity: { _mode: value } });
  const shown = (scope: PageScope = own): unknown =>
    pageAt(world, a, { of: hall, scope })?.shown.map((one) =>
      one.kind === 'said' ? [one.author, one.signature, one.text] : one.kind,
    );
  tell({ method: '_request_context_enter' });
  tell({ method: '_request_context_topic', entity: { _topic: 'tea' } });
  tell({ method: '_message_public', data: 'before' });
  expect(shown()).toBeUndefined();
  mode('published');
  expect(shown()).toBeUndefined();
  tell({ method: '_message_public', data: 'for everybody' });
  const bobs = channel('bob', 'phone', b);
  world.node(b).say(bobAt, said(bobs, hall, 1, '_request_context_enter'));
  world.pass(1000);
  world.node(b).say(bobAt, said(bobs, hall, 2, '_message_public', 'from elsewhere'));
  world.pass(1000);
  const all = [
    ['psyc://b.example/~bob', 'good', 'from elsewhere'],
    [ada, 'good', 'for everybody'],
  ];
  expect(shown()).toEqual(all);
  expect(pageAt(world, a, { of: hall })).toMatchObject({ of: hall, topic: 'tea', before: null });
  expect([shown(followed), pageAt(world, b, { of: hall })]).toEqual([undefined, null]);
  // Said again it begins anew for nobody.
  mode('published');
  expect(shown()).toEqual(all);
  tell({ method: '_request_context_clear', entity: { _sequence: '5' } });
  expect(shown()).toEqual(all.slice(0, 1));
  mode('public');
  expect(shown()).toBeUndefined();
  tell({ method: '_message_public', data: 'among us' });
  mode('published');
  tell({ method: '_message_public', data: 'to all again' });
  expect(shown()).toEqual([[ada, 'good', 'to all again']]);
});
