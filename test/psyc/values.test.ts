/** Lists of both generations and dicts against their vectors. docs/spec/psyc.md#lists */
import { describe, expect, test } from '@jest/globals';
import { type Dict, parseDict, renderDict } from '../../psyc/dict.ts';
import { type Element, type Generation, type List, parseList, renderList, sniffGeneration } from '../../psyc/list.ts';
import { type Bytes, bytesOf, latin1, readVectors } from './vectors.ts';

interface Vector {
  readonly name: string;
  readonly input: Bytes;
  readonly canonical?: Bytes;
  readonly type?: string;
  readonly code?: string;
  readonly offset?: number;
}

interface ListVector extends Vector {
  readonly generation: Generation;
  readonly elements: readonly (string | readonly [string, string])[];
}

interface DictVector extends Vector {
  readonly entries: readonly (readonly [string, string, string?])[];
}

/** Checks one vector: what is read, what is rendered, or the error. */
function check<T>(
  vector: Vector,
  parse: (bytes: Uint8Array) => T,
  render: (value: T) => Uint8Array,
  describes: (value: T) => unknown,
) {
  const bytes = bytesOf(vector.input);
  if (vector.code !== undefined) {
    expect(() => parse(bytes)).toThrow(
      expect.objectContaining({ name: 'PsycError', code: vector.code, offset: vector.offset }),
    );
    return;
  }
  const value = parse(bytes);
  describes(value);
  const canonical = latin1(bytesOf(vector.canonical ?? vector.input));
  expect(latin1(render(value))).toBe(canonical);
  expect(latin1(render(parse(render(value))))).toBe(canonical);
}

const element = ({ type, value }: Element) => (type === undefined ? latin1(value) : [type, latin1(value)]);

describe('lists', () => {
  test.each(readVectors<ListVector>('lists.json'))('$generation: $name', (vector) => {
    const { generation } = vector;
    check<List>(
      vector,
      (bytes) => parseList(bytes, generation),
      (list) => renderList(list, generation),
      (list) => {
        expect([list.type, list.elements.map(element)]).toEqual([vector.type, vector.elements]);
        expect([null, generation]).toContain(sniffGeneration(renderList(list, generation)));
      },
    );
  });

  test('a type that begins with a digit would be a length', () => {
    expect(() => renderList({ type: '1', elements: [] }, 'typed')).toThrow(
      expect.objectContaining({ code: '_invalid_type' }),
    );
  });

  test('the frozen generation cannot say a type', () => {
    const list = { elements: [{ value: bytesOf('a'), type: '_nick' }] };
    expect(() => renderList(list, 'frozen')).toThrow(expect.objectContaining({ code: '_invalid_list_generation' }));
  });
});

describe('dicts', () => {
  test.each(readVectors<DictVector>('dicts.json'))('$name', (vector) => {
    check<Dict>(vector, parseDict, renderDict, ({ type, entries }) => {
      const seen = entries.map((entry) => [
        latin1(entry.key),
        latin1(entry.value),
        ...(entry.type ? [entry.type] : []),
      ]);
      expect([type, seen]).toEqual([vector.type, vector.entries]);
    });
  });
});
