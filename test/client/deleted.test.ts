/** What a reader makes of publications that speak of others: answers, edits, deletions, and rows whose words are gone; and of servers that lie about them. */
import { beforeAll, expect, test } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { deletedRow } from '../../federation/feeds/feed-deletion.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { type Draft, render, renderRouted } from '../../psyc/render.ts';
import { feedOf } from '../../publication/feed.ts';
import { type Publication, publicationId } from '../../publication/fields.ts';
import { renderPublication } from '../../publication/packet.ts';
import { type Deletion, lineIn, readReference, referenceDraft, type Wanted } from '../../publication/reference.ts';
import { suite } from '../../server/suite.ts';
import { hears, signed } from './hall.ts';
import { domainKey, Home, NOW } from './home.ts';
import { Life, someone, type Someone } from './life.ts';

let keyA: SecretKey;
let ada: Someone;
let bob: Someone;
let feed: string;

beforeAll(async () => {
  keyA = await domainKey('a.example', 10);
  ada = await someone('ada', 'a.example', 30, keyA);
  bob = await someone('bob', 'b.example', 40, await domainKey('b.example', 20));
  feed = feedOf(bob.uniform);
});

const life = (): Promise<Life> => new Life(ada, new Home('a.example', keyA), { channel: 'main' }).start();

/** What bob publishes as this number, behind another one. */
function published(counter: number, before: Publication | null, draft: Draft): Publication {
  const previous = before === null ? new Uint8Array(32) : publicationId(suite, before);
  const content = new Uint8Array(parseOne(render(draft)).content!);
  return signed(bob, feed, content, { counter, previous, timeMs: NOW * 1000 + counter });
}

const words = (counter: number, before: Publication | null, text: string): Publication =>
  published(counter, before, { method: '_message_public', data: text });

const about = (counter: number, before: Publication | null, wanted: Wanted, data: string | null): Publication =>
  published(counter, before, { ...referenceDraft(wanted, '_message_public'), data });

const idOf = (publication: Publication): Uint8Array => publicationId(suite, publication);
const packetOf = (publication: Publication) => parseOne(renderPublication(publication, { _context: feed }));

const deleting = (counter: number, before: Publication, gone: Publication): Publication =>
  about(counter, before, { kind: 'deletion', id: idOf(gone), line: lineIn(packetOf(gone))! }, null);

const row = (sequence: number, bytes: Uint8Array): Uint8Array => {
  const { content, hasLength } = parseOne(bytes);
  return renderRouted({ _context: feed, _source_relay: bob.uniform, _counter: String(sequence) }, content, hasLength);
};

const rowOf = (sequence: number, publication: Publication): Uint8Array =>
  row(sequence, renderPublication(publication, { _context: feed }));

const deletionIn = (publication: Publication): Deletion =>
  readReference(packetOf(publication), publication) as Deletion;

test('each has its id, and what it says of another one', async () => {
  const client = await life();
  const one = words(1, null, 'one');
  const reply = about(2, one, { kind: 'reply', id: new Uint8Array(32).fill(7), author: ada.uniform }, 'so it is');
  const edit = about(3, reply, { kind: 'edit', id: idOf(one) }, 'one, put right');
  const deletion = deleting(4, edit, one);
  await hears(client, ...[one, reply, edit, deletion].map((publication, at) => rowOf(at + 1, publication)));
  await client.giveKeys(bob);
  const first = hexOf(idOf(one));
  expect(client.told('heard')).toMatchObject([
    { publication: first, text: 'one' },
    { about: { kind: 'reply', publication: '07'.repeat(32), author: ada.uniform }, text: 'so it is' },
    { about: { kind: 'edit', publication: first, author: bob.uniform }, text: 'one, put right' },
    { about: { kind: 'deletion', publication: first, author: bob.uniform } },
  ]);
  expect(client.told('heard')[0]).not.toHaveProperty('about');
});

test('what was deleted before it came is shown as that, by its author’s word, and is no gap', async () => {
  const client = await life();
  const one = words(1, null, 'one');
  const gone = words(2, one, 'a secret');
  const three = words(3, gone, 'three');
  const deletion = deleting(4, three, gone);
  const stub = deletedRow(feed, deletionIn(deletion), deletion);
  await hears(client, rowOf(1, one), row(2, stub), rowOf(3, three), rowOf(4, deletion));
  await client.giveKeys(bob);
  expect(client.told('gap')).toEqual([]);
  expect(client.told('deleted')).toMatchObject([
    { place: feed, sequence: 2, author: bob.uniform, word: { kind: 'author' }, publication: hexOf(idOf(gone)) },
  ]);
  expect(client.told('heard').map(({ text }) => text)).toEqual(['one', 'three', '']);
});

test('a server that says by itself that something is deleted is not believed, and what is missing is missing', async () => {
  const client = await life();
  const one = words(1, null, 'one');
  const gone = words(2, one, 'withheld');
  const three = words(3, gone, 'three');
  const other = deleting(4, three, one);
  const method = '_notice_publication_deleted';
  const entity = { _publication: hexOf(idOf(gone)) };
  const lies = [
    // Another one is deleted by it.
    render({ entity, method, data: renderPublication(other, { _context: feed }) }),
    // It deletes nothing.
    render({ entity, method, data: renderPublication(one, { _context: feed }) }),
    render({ entity, method, data: 'no packet' }),
    render({ entity, method }),
  ];
  await hears(client, rowOf(1, one), ...lies.map((lie, at) => row(at + 2, lie)), rowOf(6, three));
  await client.giveKeys(bob);
  expect(client.told('deleted').map(({ word, publication }) => [word.kind, publication])).toEqual([
    ['bad', null],
    ['bad', null],
    ['hearsay', null],
    ['hearsay', null],
  ]);
  expect(client.told('gap')).toMatchObject([{ from: 2, to: 2 }]);
});
