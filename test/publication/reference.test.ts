/** What a publication says of another one: answers, edits and deletions, as they are signed, and what is none. docs/spec/feeds.md#references */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { deletedRow, deletionIn } from '../../federation/feeds/feed-deletion.ts';
import { render } from '../../psyc/render.ts';
import { publicationId } from '../../publication/fields.ts';
import { readPublication, renderPublication } from '../../publication/packet.ts';
import { deletionOf, readReference, referenceDraft, type Wanted } from '../../publication/reference.ts';
import { signPublication } from '../../publication/sign.ts';
import { suite } from '../../server/suite.ts';
import { parse, readVectors, routeOf, seed, statement, unhex } from './vectors.ts';

interface Says {
  readonly kind: 'reply' | 'edit' | 'deletion';
  readonly publication: string;
  readonly author?: string;
  /** Counter of what is deleted. */
  readonly counter?: number;
}

const vectors = readVectors<{
  address: string;
  publications: {
    name: string;
    counter: number;
    previous: string;
    timeMs: number;
    content: string;
    id: string;
    passedOn: string;
    says: Says;
    /** What stands in the row of what is deleted. */
    row?: string;
  }[];
  refused: { name: string; content: string; code: string }[];
}>('references.json');

test.each(vectors.publications)('$name', (vector) => {
  const own = { ...statement, address: vectors.address, counter: vector.counter, timeMs: vector.timeMs };
  const content = unhex(vector.content);
  const signed = signPublication(suite, { ...own, previous: unhex(vector.previous), content }, seed);
  expect(hexOf(publicationId(suite, signed))).toBe(vector.id);
  expect(hexOf(renderPublication(signed, { _context: vectors.address }))).toBe(vector.passedOn);
  const packet = parse(unhex(vector.passedOn));
  const publication = readPublication(packet, routeOf(packet))!;
  const reference = readReference(packet, publication)!;
  const { kind, publication: id, author, counter } = vector.says;
  expect([reference.kind, hexOf(reference.id)]).toEqual([kind, id]);
  expect(reference).toMatchObject({ ...(author && { author }), ...(counter && { fields: { counter } }) });
  const wanted: Wanted =
    reference.kind === 'deletion' ? { ...reference, line: packet.value('_signature_deleted')! } : reference;
  const said = referenceDraft(wanted, packet.method!);
  const draft = { ...said, entity: { _nick: 'alice', ...said.entity }, data: packet.data };
  expect(hexOf(parse(render(draft)).content!)).toBe(vector.content);
  if (vector.row === undefined) return;
  const row = deletedRow(vectors.address, deletionOf(packet, publication)!, publication);
  expect(hexOf(row)).toBe(vector.row);
  expect(hexOf(deletionIn(row)!)).toBe(vector.passedOn);
});

test.each(vectors.refused)('$name is refused', ({ content, code }) => {
  const own = { ...statement, address: vectors.address, content: unhex(content) };
  const packet = parse(renderPublication(signPublication(suite, own, seed), { _context: vectors.address }));
  const publication = readPublication(packet, routeOf(packet))!;
  expect(() => readReference(packet, publication)).toThrow(expect.objectContaining({ code }));
});
