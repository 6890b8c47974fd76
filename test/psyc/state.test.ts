/** State of contexts and circuits: what is kept from packet to packet. docs/spec/psyc.md#state */
import { describe, expect, test } from '@jest/globals';
import { limits } from '../../psyc/limits.ts';
import { type Generation, parseList, renderList, textList } from '../../psyc/list.ts';
import type { Packet } from '../../psyc/packet.ts';
import { Parser } from '../../psyc/parse.ts';
import { type Assignment, type Draft, render } from '../../psyc/render.ts';
import { deliveryOf } from '../../psyc/routing.ts';
import { RoutingMemory } from '../../psyc/routing-memory.ts';
import { ContextState } from '../../psyc/state.ts';
import { read } from './reading.ts';
import { latin1 } from './vectors.ts';

const packet = (draft: Draft): Packet => read(render(draft), []).packets[0]!;
const line = (operator: Assignment['operator'], name: string, value: string): Assignment => ({ operator, name, value });
const code = (wanted: string) => expect.objectContaining({ name: 'PsycError', code: wanted });

/** A state after packets of these lines, and what it holds. */
function after(generation: Generation, ...packets: (readonly Assignment[])[]) {
  const state = new ContextState(generation);
  for (const entity of packets) state.apply(packet({ entity }));
  return state;
}
const holds = (state: ContextState) =>
  Object.fromEntries(state.snapshot().map(({ name, value }) => [name, latin1(value as Uint8Array)]));

describe('state of a context', () => {
  test('is assigned, replaced and taken away; what is only set does not stay', () => {
    const state = after(
      'frozen',
      [line('=', '_topic', 'tea'), line(':', '_nick', 'al')],
      [line('=', '_topic', 'rum'), line('=', '_mood', '7')],
    );
    expect(holds(state)).toEqual({ _topic: 'rum', _mood: '7' });
    state.apply(packet({ entity: [line('=', '_topic', '')] }));
    expect(holds(state)).toEqual({ _mood: '7' });
    expect(latin1(state.get('_mood')!)).toBe('7');
    expect(state.get('_topic')).toBeUndefined();
  });

  test.each(['frozen', 'typed'] as const)('lists grow and shrink (%s)', (generation) => {
    const list = (...texts: string[]) => latin1(renderList(textList(texts), generation));
    const state = after(
      generation,
      [line('=', '_list_members', list('a', 'b'))],
      [line('+', '_list_members', list('c', 'b'))],
      [line('-', '_list_members', list('b', 'x'))],
      [line('+', '_list_new', list('n'))],
    );
    const texts = (name: string) => parseList(state.get(name)!, generation).elements.map(({ value }) => latin1(value));
    expect(texts('_list_members')).toEqual(['a', 'c', 'b']);
    expect(texts('_list_new')).toEqual(['n']);
  });

  test('dicts go by key, amounts by sum', () => {
    const state = after(
      'typed',
      [line('=', '_dict_x', '{a} 1{b} 2'), line('=', '_amount_x', '5')],
      [line('+', '_dict_x', '{b} 3{c} 4'), line('+', '_amount_x', '3')],
      [line('-', '_dict_x', '{a}'), line('-', '_amount_x', '10'), line('+', '_amount_y', '1')],
    );
    expect(holds(state)).toEqual({ _dict_x: '{b} 3{c} 4', _amount_x: '-2', _amount_y: '1' });
  });

  test('keeps values in bytes of their own size', () => {
    const state = after('typed', [
      line('+', '_list_x', '| a'),
      line('+', '_dict_x', '{a} 1'),
      line('+', '_amount_x', '1'),
    ]);
    for (const { value } of state.snapshot()) {
      expect((value as Uint8Array).buffer.byteLength).toBe((value as Uint8Array).length);
    }
  });

  test('a reset forgets what was before it, in the same packet too', () => {
    const state = after('frozen', [line('=', '_a', '1'), line('=', '_b', '2')]);
    expect(state.apply(packet({ sync: '=', entity: [line('=', '_b', '3')] }))).toEqual({ resync: false, queries: [] });
    expect(holds(state)).toEqual({ _b: '3' });
  });

  test('a snapshot behind a reset gives another side the same state', () => {
    const state = after('typed', [
      line('=', '_topic', 'a\n|\nb'),
      line('=', '_list_members', '| a|3 b|c'),
      line('=', '_dict_x', '{k}=_t v'),
    ]);
    expect(new ContextState('typed').apply(packet({ sync: '?' }))).toEqual({ resync: true, queries: [] });
    const other = after('typed', [line('=', '_stale', '1')]);
    other.apply(
      packet({ routing: { _context: 'psyc://h/@p', _target: 'psyc://h/~a' }, sync: '=', entity: state.snapshot() }),
    );
    expect(holds(other)).toEqual(holds(state));
  });

  test('single variables are asked for', () => {
    const state = after('frozen', [line('=', '_topic', 'tea')]);
    expect(state.apply(packet({ entity: [line('?', '_topic', ''), line('?', '_none', '')] }))).toEqual({
      resync: false,
      queries: ['_topic', '_none'],
    });
    expect(holds(state)).toEqual({ _topic: 'tea' });
  });

  test.each([
    ['+', '_topic', 'x', '_unsupported_operator'],
    ['-', '_topic', 'x', '_unsupported_operator'],
    ['@', '_list_x', '#0 = x', '_unsupported_operator'],
    ['+', '_list_x', '3 a', '_invalid_list'],
    ['+', '_dict_x', ' a', '_invalid_dict'],
    ['+', '_amount_x', 'many', '_invalid_type'],
    ['+', '_amount_x', '1234567890123456', '_invalid_type'],
  ] as const)('%s on %s with %s fails whole: %s', (operator, name, value, wanted) => {
    const state = after('frozen', [line('=', '_kept', '1')]);
    expect(() => state.apply(packet({ entity: [line('=', '_kept', '2'), line(operator, name, value)] }))).toThrow(
      code(wanted),
    );
    expect(holds(state)).toEqual({ _kept: '1' });
  });

  test('has limits', () => {
    const many = Array.from({ length: limits.stateVariablesMax + 1 }, (_, i) => line('=', `_v${i}`, 'x'));
    expect(after('frozen', many.slice(1)).size).toBe(limits.stateVariablesMax);
    expect(() => after('frozen', many)).toThrow(code('_excessive_state'));
    const big = (name: string) => [line('=', name, 'x'.repeat(60_000))];
    expect(() => after('frozen', big('_a'), big('_b'), big('_c'))).toThrow(code('_excessive_state'));
    const list = latin1(renderList(textList(new Array<string>(600).fill('x')), 'frozen'));
    expect(() => after('frozen', [line('=', '_list', list)], [line('+', '_list', list)])).toThrow(
      code('_excessive_elements'),
    );
    const long = latin1(renderList(textList(new Array<string>(90).fill('x'.repeat(700))), 'frozen'));
    expect(() => after('frozen', [line('=', '_list', long)], [line('+', '_list', long)])).toThrow(
      code('_oversized_value'),
    );
    const sum = after('frozen', [line('=', '_amount', '999999999999999')]);
    expect(() => sum.apply(packet({ entity: [line('+', '_amount', '1')] }))).toThrow(code('_invalid_type'));
    expect(holds(sum)).toEqual({ _amount: '999999999999999' });
    const again = Array.from({ length: 200 }, (_, i) => line(i % 2 === 0 ? '+' : '-', '_list', '|b'));
    expect(() => after('frozen', [line('=', '_list', list)], again)).toThrow(code('_excessive_state'));
    const keys = (from: number) => Array.from({ length: 600 }, (_, i) => `{k${i + from}}`).join('');
    expect(() => after('typed', [line('=', '_dict', keys(0))], [line('+', '_dict', keys(600))])).toThrow(
      code('_excessive_elements'),
    );
  });

  test('keeps no view of the bytes it came in', () => {
    const parser = new Parser();
    const chunk = Buffer.from(render({ entity: [line('=', '_topic', 'tea')] }));
    parser.feed(chunk);
    const state = new ContextState('frozen');
    state.apply(parser.next()!);
    chunk.fill(0);
    expect(latin1(state.get('_topic')!)).toBe('tea');
  });
});

describe('routing variables of a circuit', () => {
  const context = 'psyc://h/@p';
  const take = (memory: RoutingMemory, ...routing: Assignment[]) =>
    Object.fromEntries(memory.take(packet({ routing })));

  test('what is assigned holds until it is assigned again, or emptied', () => {
    const memory = new RoutingMemory();
    expect(take(memory, line('=', '_context', context), line(':', '_tag', '1'))).toEqual({
      _context: context,
      _tag: '1',
    });
    expect(take(memory)).toEqual({ _context: context });
    expect(take(memory, line(':', '_context', 'psyc://h/@q'))).toEqual({ _context: 'psyc://h/@q' });
    expect(take(memory, line(':', '_context', ''))).toEqual({});
    expect(take(memory)).toEqual({ _context: context });
    take(memory, line('=', '_context', ''));
    expect(take(memory)).toEqual({});
  });

  test('no more is remembered than fits into one routing header', () => {
    const memory = new RoutingMemory();
    const long = 'x'.repeat(limits.routingBytesMax / 2);
    take(memory, line('=', '_source', long));
    expect(() => take(memory, line('=', '_target', long))).toThrow(code('_oversized_routing'));
    expect(() => take(memory, line(':', '_tag', 'ä'.repeat(limits.routingBytesMax / 4)))).toThrow(
      code('_oversized_routing'),
    );
  });

  test('nothing else is remembered, so that a peer cannot make it grow', () => {
    const memory = new RoutingMemory();
    expect(take(memory, line('=', '_foo', 'x'), line('+', '_source', 'x'), line('?', '_target', 'x'))).toEqual({});
    expect(take(memory)).toEqual({});
  });

  test.each([
    [{}, 'circuit'],
    [{ _source: 's' }, 'root'],
    [{ _target: 't' }, 'unicast'],
    [{ _source: 's', _target: 't' }, 'unicast'],
    [{ _context: 'c' }, 'multicast'],
    [{ _context: 'c', _target: 't' }, 'member'],
    [{ _source: '', _context: 'c' }, 'multicast'],
  ])('%j is a %s', (routing: Record<string, string>, delivery) => {
    expect(deliveryOf((name) => routing[name])).toBe(delivery);
  });
});
