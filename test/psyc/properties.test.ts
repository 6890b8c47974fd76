/** What holds for every packet and every byte string. docs/spec/psyc.md#packet */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PsycError } from '../../psyc/error.ts';
import { Parser } from '../../psyc/parse.ts';
import { type Draft, render, renderCanonical, renderRouted, renderVerbatim } from '../../psyc/render.ts';
import { draft, grammarBytes } from './arbitraries.ts';
import { describePacket, every, read } from './reading.ts';
import { latin1 } from './vectors.ts';

/** What `describePacket` would say of a draft made of lines. */
function describeDraft({ routing, sync, entity, method, data }: Draft) {
  const lines = (variables: Draft['entity']) =>
    (variables as readonly { operator: string; name: string; value: Uint8Array }[]).map(({ operator, name, value }) => [
      operator,
      name,
      latin1(value),
    ]);
  // Data of no bytes is rendered as none.
  const text = data?.length ? latin1(data as Uint8Array) : null;
  return { routing: lines(routing), sync, entity: lines(entity), method, data: text };
}

const cutsOf = (length: number) =>
  fc.uniqueArray(fc.nat(length), { maxLength: 8 }).map((cuts) => cuts.sort((a, b) => a - b));

describe('packets', () => {
  test('parse ∘ render = id, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(draft, { minLength: 1, maxLength: 4 }), fc.infiniteStream(fc.nat(997)), (drafts, random) => {
        const bytes = Buffer.concat(drafts.map((each) => render(each)));
        const cuts = [...random.take(5)].map((at) => at % (bytes.length + 1)).sort((a, b) => a - b);
        const { packets, error } = read(bytes, cuts);
        expect(error).toBeNull();
        expect(packets.map(describePacket)).toEqual(drafts.map(describeDraft));
      }),
      { numRuns: 500 },
    );
  });

  test('what parses is reproduced, and its canonical form is stable and means the same', () => {
    fc.assert(
      fc.property(fc.array(grammarBytes(30), { maxLength: 8 }), draft, (pieces, seed) => {
        // Bytes near a packet: mutations of one, so that many are still valid.
        const bytes = Uint8Array.from(Buffer.concat([...pieces, render(seed)]));
        const { packets } = read(bytes, []);
        const again = Buffer.concat(packets.map(renderVerbatim));
        expect(latin1(again)).toBe(latin1(bytes.subarray(0, again.length)));
        const canonical = Buffer.concat(packets.map(renderCanonical));
        const reread = read(canonical, []);
        expect(reread.error).toBeNull();
        const meaning = (each: (typeof packets)[number]) => ({
          ...describePacket(each),
          sync: [...new Set(each.sync)].join(''),
          data: each.data?.length ? latin1(each.data) : null,
        });
        expect(reread.packets.map(describePacket)).toEqual(packets.map(meaning));
        expect(latin1(Buffer.concat(reread.packets.map(renderCanonical)))).toBe(latin1(canonical));
      }),
      { numRuns: 500 },
    );
  });

  test('any bytes give packets and a PsycError, the same at any split', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          grammarBytes(120),
          fc.tuple(draft, fc.nat(400), fc.nat(255)).map(([each, at, byte]) => {
            const bytes = render(each).slice();
            if (bytes.length > 0) bytes[at % bytes.length] = byte;
            return bytes;
          }),
        ),
        (bytes) => {
          const whole = read(bytes, []);
          for (const cuts of [
            [...every(bytes.length, 1)],
            [...every(bytes.length, 3)],
            [Math.floor(bytes.length / 2)],
          ]) {
            const cut = read(bytes, cuts);
            expect(cut.error).toEqual(whole.error);
            expect(cut.packets.map(describePacket)).toEqual(whole.packets.map(describePacket));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('the same at any split under limits so small that they are met', () => {
    const small = fc.record({
      nameBytesMax: fc.nat(6),
      lengthDigitsMax: fc.nat(3),
      routingModifiersMax: fc.nat(3),
      routingBytesMax: fc.nat(40),
      syncLinesMax: fc.nat(2),
      entityModifiersMax: fc.nat(3),
      valueBytesMax: fc.nat(12),
      contentBytesMax: fc.nat(60),
    });
    const lines = fc.array(
      fc.constantFrom('=\n', '?\n', ':_a\tb\n', '=_b 2\tcd\n', '_m\n', '\n', '|\n', 'x\n', '9\n', ':_abc\t'),
      { maxLength: 10 },
    );
    const bytes = fc.oneof(
      lines.map((each) => Uint8Array.from(Buffer.from(each.join('')))),
      draft.map((each) => render(each).slice()),
    );
    fc.assert(
      fc.property(bytes, small, (each, limits) => {
        const whole = read(each, [], limits);
        for (const cuts of [[...every(each.length, 1)], ...[...every(each.length, 1)].map((cut) => [cut])]) {
          const cut = read(each, cuts, limits);
          expect(cut.error).toEqual(whole.error);
          expect(cut.packets.length).toBe(whole.packets.length);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a content is carried on as it came', () => {
    fc.assert(
      fc.property(draft, fc.boolean(), (each, withLength) => {
        const [packet] = read(render(each), []).packets;
        const sent = renderRouted({ _target: 'psyc://b.example/' }, packet!.content, withLength);
        const { packets, error } = read(sent, []);
        expect([packets.length, error]).toEqual([1, null]);
        const [carried] = packets;
        expect(carried!.content && latin1(carried!.content)).toBe(packet!.content && latin1(packet!.content));
        expect(carried!.ownRoute('_target')).toBe('psyc://b.example/');
        if (packet!.content !== null && withLength) expect(carried!.hasLength).toBe(true);
        expect(packet!.hasLength).toBe(/^[0-9]+$/m.test(latin1(packet!.raw).split('\n')[packet!.routingCount]!));
      }),
    );
  });

  test('limits lowered for one parser hold at any split', () => {
    const bytes = render({ entity: { _nick: 'alice' }, method: '_message', data: 'x'.repeat(100) });
    fc.assert(
      fc.property(cutsOf(bytes.length), (cuts) => {
        const parser = new Parser({ contentBytesMax: 100 });
        let from = 0;
        const all = () => {
          for (const to of [...cuts, bytes.length]) {
            parser.feed(bytes.slice(from, to));
            while (parser.next() !== null);
            from = to;
          }
        };
        expect(all).toThrow(expect.objectContaining({ code: '_oversized_content', offset: 0 }));
        expect(() => parser.next()).toThrow(PsycError);
        for (let again = 0; again < 2; again++) parser.feed(bytes);
        expect(() => parser.next()).toThrow(PsycError);
        expect(() => parser.end()).toThrow(PsycError);
      }),
    );
  });
});
