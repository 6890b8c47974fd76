/** Fragments, tags, counters and templates. docs/spec/psyc.md#fragments */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FRAGMENT_METHOD, Reassembly, renderFragments, type Whole } from '../../psyc/fragments.ts';
import { limits } from '../../psyc/limits.ts';
import type { Packet } from '../../psyc/packet.ts';
import { type Draft, render } from '../../psyc/render.ts';
import { counterOf, packetId, parseCounter, replyRouting, tagAnswered } from '../../psyc/reply.ts';
import { RoutingMemory } from '../../psyc/routing-memory.ts';
import { renderText } from '../../psyc/text.ts';
import { draft, grammarBytes } from './arbitraries.ts';
import { describePacket, read } from './reading.ts';
import { latin1 } from './vectors.ts';

const code = (wanted: string) => expect.objectContaining({ name: 'PsycError', code: wanted });
const parse = (bytes: Uint8Array): Packet => read(bytes, []).packets[0]!;
const route = (packet: Packet) => (name: string) => packet.ownRoute(name);
const take = (reassembly: Reassembly, packet: Packet) => reassembly.take(packet, new RoutingMemory().take(packet));
const routing = { _context: 'psyc://h/@p', _counter: '7' };

/** One piece of packet `counter`. */
const piece = (counter: number, index: number, amount: number, data: Draft['data'] = 'x') =>
  parse(
    render({
      routing: {
        _source: 'psyc://h/',
        _counter: String(counter),
        _fragment: String(index),
        _amount_fragments: String(amount),
      },
      method: FRAGMENT_METHOD,
      data,
    }),
  );

describe('fragments', () => {
  test('give the packet back, in any order and with some twice', () => {
    fc.assert(
      fc.property(
        draft,
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 30 }),
        (each, pieceBytes, keys) => {
          const content = parse(render({ ...each, routing })).content ?? new Uint8Array(0);
          const fragments = renderFragments(routing, content, pieceBytes).map(parse);
          const order = fragments.map((fragment, index) => ({ fragment, index, key: keys[index % keys.length]! }));
          order.sort((a, b) => a.key - b.key || a.index - b.index);
          const reassembly = new Reassembly();
          const wholes: Whole[] = [];
          for (const [at, { fragment }] of order.entries()) {
            if (at > 0) take(reassembly, order[at - 1]!.fragment);
            const whole = take(reassembly, fragment);
            if (whole !== null) wholes.push(whole);
          }
          expect(wholes.length).toBeGreaterThanOrEqual(1);
          expect(latin1(wholes[0]!.content)).toBe(latin1(content));
          expect(Object.fromEntries(wholes[0]!.routing)).toEqual(routing);
        },
      ),
    );
  });

  test('have the routing that holds on their circuit, not only what each of them says', () => {
    const memory = new RoutingMemory();
    memory.take(parse(render({ routing: [{ operator: '=', name: '_context', value: 'psyc://h/@p' }] })));
    const reassembly = new Reassembly();
    const [first, second] = renderFragments({ _counter: '7' }, new TextEncoder().encode('_m\nhi\n'), 4).map(parse);
    expect(reassembly.take(first!, memory.take(first!))).toBeNull();
    expect(reassembly.take(second!, memory.take(second!))).toEqual({
      routing: new Map(Object.entries({ _context: 'psyc://h/@p', _counter: '7' })),
      content: new TextEncoder().encode('_m\nhi\n'),
    });
  });

  test('are whole once', () => {
    const reassembly = new Reassembly();
    expect(take(reassembly, piece(1, 0, 2, 'a'))).toBeNull();
    expect(take(reassembly, piece(1, 0, 2, 'a'))).toBeNull();
    expect(take(reassembly, piece(1, 1, 2, 'b'))).not.toBeNull();
    expect(reassembly.size).toBe(0);
  });

  test.each([
    ['beyond the last', () => [piece(1, 2, 2)], '_invalid_fragment'],
    ['of none', () => [piece(1, 0, 0)], '_invalid_fragment'],
    [
      'of another method',
      () => [parse(render({ routing: { _counter: '1', _fragment: '0', _amount_fragments: '1' }, method: '_m' }))],
      '_invalid_fragment',
    ],
    ['that differ in their number', () => [piece(1, 0, 2), piece(1, 1, 3)], '_invalid_fragment'],
    ['that differ in one place', () => [piece(1, 0, 2, 'a'), piece(1, 0, 2, 'b')], '_invalid_fragment'],
    [
      'without a counter',
      () => [parse(render({ routing: { _fragment: '0', _amount_fragments: '1' }, method: FRAGMENT_METHOD }))],
      '_invalid_counter',
    ],
    ['of 257', () => [piece(1, 0, limits.fragmentsMax + 1)], '_excessive_fragments'],
    ['too large together', () => [0, 1, 2, 3, 4].map((i) => piece(1, i, 9, 'x'.repeat(60_000))), '_oversized_content'],
  ] as const)('%s are refused', (_, packets, wanted) => {
    const reassembly = new Reassembly();
    expect(() => packets().forEach((each) => take(reassembly, each))).toThrow(code(wanted));
  });

  test('of two speakers in one context do not mix', () => {
    const spoken = (who: string, index: number) => {
      const routing = {
        _context: 'psyc://h/@p',
        _source_relay: who,
        _counter: '1',
        _fragment: String(index),
        _amount_fragments: '2',
      };
      return parse(render({ routing, method: FRAGMENT_METHOD, data: who }));
    };
    const reassembly = new Reassembly();
    expect([take(reassembly, spoken('ada', 0)), take(reassembly, spoken('mallory', 1))]).toEqual([null, null]);
    expect(latin1(take(reassembly, spoken('ada', 1))!.content)).toBe('adaada');
  });

  test('of one who begins many do not drive out those of others', () => {
    const spoken = (who: string, counter: number, index: number) => {
      const routing = { _source: who, _counter: String(counter), _fragment: String(index), _amount_fragments: '2' };
      return parse(render({ routing, method: FRAGMENT_METHOD, data: 'x' }));
    };
    const reassembly = new Reassembly();
    take(reassembly, spoken('ada', 1, 0));
    for (let counter = 0; counter < 100; counter++) take(reassembly, spoken('mallory', counter, 0));
    expect(reassembly.size).toBe(limits.fragmentedPacketsMax);
    expect(take(reassembly, spoken('ada', 1, 1))).not.toBeNull();
  });

  test('never finished do not grow: the packet begun longest ago goes', () => {
    const reassembly = new Reassembly();
    for (let counter = 0; counter < 1000; counter++) take(reassembly, piece(counter, 0, 2));
    expect(reassembly.size).toBe(limits.fragmentedPacketsMax);
    expect(take(reassembly, piece(999, 1, 2))).not.toBeNull();
    expect(take(reassembly, piece(0, 1, 2))).toBeNull();
    const large = new Reassembly();
    for (let counter = 0; counter < 10; counter++) {
      for (let i = 0; i < 4; i++) take(large, piece(counter, i, 5, 'x'.repeat(60_000)));
    }
    expect(large.size).toBe(Math.floor(limits.fragmentedBytesMax / 240_000));
    // Room that was given back is there again: were it not, each of these would go at once.
    for (let counter = 100; counter < 110; counter++) expect(take(large, piece(counter, 0, 1))).not.toBeNull();
    take(large, piece(200, 0, 2));
    expect(take(large, piece(200, 1, 2))).not.toBeNull();
    expect(large.size).toBe(Math.floor(limits.fragmentedBytesMax / 240_000));
  });

  test('are not made without end', () => {
    expect(() => renderFragments(routing, new Uint8Array(limits.fragmentsMax + 1), 1)).toThrow(
      code('_excessive_fragments'),
    );
  });
});

describe('answers', () => {
  test('go back with the tag under both names', () => {
    const request = parse(
      render({ routing: { _source: 'psyc://a/~al', _target: 'psyc://b/@p', _tag: 't1' }, method: '_request' }),
    );
    const answer = parse(render({ routing: replyRouting(route(request)), method: '_echo' }));
    expect(describePacket(answer).routing).toEqual([
      [':', '_source', 'psyc://b/@p'],
      [':', '_target', 'psyc://a/~al'],
      [':', '_tag_relay', 't1'],
      [':', '_tag_reply', 't1'],
    ]);
    expect(tagAnswered(route(answer))).toBe('t1');
    expect(tagAnswered((name) => (name === '_tag_reply' ? 't2' : undefined))).toBe('t2');
    expect(tagAnswered(route(request))).toBeUndefined();
  });

  test('go to a relay only in a context, and never to nobody', () => {
    const to = (routing: Record<string, string>) => replyRouting((name) => routing[name])['_target'];
    expect(to({ _context: 'psyc://h/@p', _source_relay: 'psyc://a/~al' })).toBe('psyc://a/~al');
    expect(to({ _target: 'psyc://h/@p', _source_relay: 'psyc://victim/~v', _tag: '1' })).toBeUndefined();
    expect(to({ _source: '', _context: 'psyc://h/@p', _source_relay: 'psyc://a/~al' })).toBe('psyc://a/~al');
    expect(tagAnswered((name) => ({ _tag_relay: '', _tag_reply: 't' })[name])).toBe('t');
  });

  test('counters are whole numbers below 2^53', () => {
    expect(['0', '7', '9007199254740991'].map(parseCounter)).toEqual([0, 7, 9007199254740991]);
    for (const text of ['', '-1', '01', '1.0', '1e3', ' 1', '9007199254740992', '99999999999999999', 'x']) {
      expect(() => parseCounter(text)).toThrow(code('_invalid_counter'));
    }
    expect(counterOf((name) => (name === '_counter' ? '3' : undefined))).toBe(3);
    expect(counterOf(() => undefined)).toBeUndefined();
  });

  test("a packet's id", () => {
    const id = (routing: Record<string, string>) => packetId((name) => routing[name]);
    expect(id({ _context: 'psyc://h/@p', _counter: '7' })).toBe('|psyc://h/@p|||7|');
    expect(id({ _source: 'a', _target: 'b|c', _fragment: '0' })).toBe('0 |1 a|3 b|c|0 |1 0');
  });
});

describe('psyctext', () => {
  test('puts variables into templates', () => {
    const value = (name: string) => ({ _nick: 'al', _evil: '[_nick]' })[name];
    expect(renderText('[_nick] says [] to [_none], [ _nick] [nick] [_evil][_nick]', value)).toBe(
      'al says [] to [_none], [ _nick] [nick] [_nick]al',
    );
  });

  test('does not grow without end', () => {
    const value = () => 'x'.repeat(65_536);
    expect(renderText('[_a][_a]', value)).toHaveLength(131_072);
    expect(() => renderText('[_a]'.repeat(1600), value)).toThrow(code('_oversized_content'));
  });

  test('takes any text', () => {
    fc.assert(
      fc.property(grammarBytes(80), (bytes) => expect(renderText(latin1(bytes), () => undefined)).toBe(latin1(bytes))),
    );
  });
});
