/** What is not rendered: anything that the parser would refuse, or take for something else. docs/spec/psyc.md#rendering */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Dict, parseDict, renderDict } from '../../psyc/dict.ts';
import { limits } from '../../psyc/limits.ts';
import { type Generation, type List, parseList, renderList } from '../../psyc/list.ts';
import { type Assignment, type Draft, render, renderRouted } from '../../psyc/render.ts';
import { grammarBytes, keyword } from './arbitraries.ts';
import { read } from './reading.ts';
import { latin1 } from './vectors.ts';

const code = (wanted: string) => expect.objectContaining({ name: 'PsycError', code: wanted });
const lines = (count: number, name = '_a'): Assignment[] =>
  Array.from({ length: count }, () => ({ operator: ':', name, value: 'x' }));

describe('drafts', () => {
  test.each<[string, Draft, string]>([
    ['a line feed in a routing value', { routing: { _tag: '1\n:_source\tpsyc://evil.example/' } }, '_invalid_value'],
    ['a line feed in a routing value of bytes', { routing: { _tag: Uint8Array.of(0x0a) } }, '_invalid_value'],
    ['an empty name', { entity: { '': 'x' } }, '_invalid_name'],
    ['a line feed in a name', { entity: { '_a\tx\n:_b': 'x' } }, '_invalid_name'],
    ['a letter in a name that is no ASCII', { entity: { _ä: 'x' } }, '_invalid_name'],
    ['a line feed in the method', { method: '_m\n|' }, '_invalid_name'],
    ['a name too long', { entity: { [`_${'x'.repeat(limits.nameBytesMax)}`]: 'x' } }, '_oversized_name'],
    ['data without a method', { data: 'x' }, '_invalid_method'],
    ['a sync line of another operator', { sync: '+' }, '_invalid_sync'],
    ['too many routing variables', { routing: lines(limits.routingModifiersMax + 1) }, '_excessive_modifiers'],
    ['too many entity variables', { entity: lines(limits.entityModifiersMax + 1) }, '_excessive_modifiers'],
    ['too long a routing header', { routing: { _tag: 'x'.repeat(limits.routingBytesMax) } }, '_oversized_routing'],
    ['too long a value', { entity: { _a: 'x'.repeat(limits.valueBytesMax + 1) } }, '_oversized_value'],
    ['too long a value in bytes', { entity: { _a: new Uint8Array(limits.valueBytesMax + 1) } }, '_oversized_value'],
    ['too long a value by its UTF-8', { entity: { _a: 'ä'.repeat(limits.valueBytesMax) } }, '_oversized_value'],
    ['too long a content', { method: '_m', data: new Uint8Array(limits.contentBytesMax) }, '_oversized_content'],
  ])('%s: refused', (_, draft, wanted) => {
    expect(() => render(draft)).toThrow(code(wanted));
    // And the next packet knows nothing of it.
    expect(latin1(render({ method: '_m' }))).toBe('\n_m\n|\n');
  });

  test.each<[string, Draft]>([
    ['routing variables', { routing: lines(limits.routingModifiersMax) }],
    ['entity variables', { entity: lines(limits.entityModifiersMax) }],
    ['a routing header', { routing: { _tag: 'x'.repeat(limits.routingBytesMax - '\n:_tag\t'.length) } }],
    ['a name', { entity: { ['x'.repeat(limits.nameBytesMax)]: 'x' } }],
    ['a value', { entity: { _a: 'x'.repeat(limits.valueBytesMax) }, method: '_m' }],
    ['a content', { method: '_m', data: new Uint8Array(limits.contentBytesMax - '_m\n\n'.length) }],
  ])('%s up to the limit: rendered, and taken by the parser', (_, draft) => {
    const { packets, error } = read(render(draft), []);
    expect([packets.length, error]).toEqual([1, null]);
  });

  test('a content to be passed on has the same limit', () => {
    expect(() => renderRouted({}, new Uint8Array(limits.contentBytesMax + 1))).toThrow(code('_oversized_content'));
    expect(() => renderRouted({ _tag: '\n' }, null)).toThrow(code('_invalid_value'));
  });

  test('anything that is rendered is one packet, whatever the strings', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), grammarBytes(20).map(latin1));
    const variables = fc.dictionary(fc.oneof(keyword, text), text, { maxKeys: 4 });
    const anything = fc.record({ routing: variables, entity: variables, method: fc.oneof(keyword, text), data: text });
    fc.assert(
      fc.property(anything, (draft) => {
        let bytes: Uint8Array;
        try {
          bytes = render(draft);
        } catch (error) {
          expect(error).toEqual(expect.objectContaining({ name: 'PsycError' }));
          return;
        }
        const { packets, error } = read(bytes, []);
        expect([packets.length, error]).toEqual([1, null]);
        const [packet] = packets;
        expect(packet!.routing.map(({ name }) => name)).toEqual(Object.keys(draft.routing));
        expect(packet!.entity.map(({ name }) => name)).toEqual(Object.keys(draft.entity));
        expect([packet!.method, packet!.dataText]).toEqual([
          draft.method,
          new TextDecoder().decode(Buffer.from(draft.data)),
        ]);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('lists and dicts', () => {
  const element = fc.record({ value: grammarBytes(15), type: fc.option(keyword, { nil: undefined }) });
  const typeForAll = fc.option(
    keyword.filter((type) => !/^[0-9]/.test(type)),
    { nil: undefined },
  );
  const plain = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? latin1(each) : each)));

  test('come back as they were', () => {
    fc.assert(
      fc.property(fc.record({ type: typeForAll, elements: fc.array(element, { maxLength: 8 }) }), (list) => {
        expect(plain(parseList(renderList(list as List, 'typed'), 'typed'))).toEqual(plain(list));
      }),
    );
    fc.assert(
      fc.property(fc.array(grammarBytes(15), { maxLength: 8 }), (values) => {
        const list = { elements: values.map((value) => ({ value })) };
        expect(plain(parseList(renderList(list, 'frozen'), 'frozen'))).toEqual(plain(list));
      }),
    );
    const entry = fc.record({
      key: grammarBytes(15),
      value: grammarBytes(15),
      type: fc.option(keyword, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.record({ type: typeForAll, entries: fc.array(entry, { maxLength: 8 }) }), (dict) => {
        expect(plain(parseDict(renderDict(dict as Dict)))).toEqual(plain(dict));
      }),
    );
  });

  test.each<Generation>(['frozen', 'typed'])('too long a list is not rendered (%s)', (generation) => {
    const elements = Array.from({ length: limits.elementsMax + 1 }, () => ({ value: Uint8Array.of(0x61) }));
    expect(() => renderList({ elements }, generation)).toThrow(code('_excessive_elements'));
    const entries = elements.map((each) => ({ ...each, key: each.value }));
    expect(() => renderDict({ entries })).toThrow(code('_excessive_elements'));
  });

  test('bytes near a list give a list or a PsycError', () => {
    fc.assert(
      fc.property(grammarBytes(40), (bytes) => {
        for (const parse of [
          (each: Uint8Array) => parseList(each, 'typed'),
          (each: Uint8Array) => parseList(each, 'frozen'),
          parseDict,
        ]) {
          try {
            parse(bytes);
          } catch (error) {
            expect(error).toEqual(expect.objectContaining({ name: 'PsycError' }));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
