/** JSON for people: what JSON.parse reads is read alike, and where it ends is told by line and column. docs/operating.md#configuration */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseJson, pathText } from '../../../server/config/json.ts';

test('every JSON value, however it is set, is what JSON.parse makes of it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom('', ' ', '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(JSON.stringify(parseJson(text).value)).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test('any text is read as JSON.parse reads it, or refused by both; only keys that stand twice divide them', () => {
  const pieces = fc.array(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"b',
      '\\',
      '1',
      '-',
      '0.',
      'e3',
      'true',
      'nul',
      ' ',
      '\n',
      '/*',
    ),
    { maxLength: 12 },
  );
  const outcome = (read: () => unknown): string => {
    try {
      return JSON.stringify(read());
    } catch (error) {
      return (error as Error).message.endsWith('stands twice') ? 'twice' : 'refused';
    }
  };
  fc.assert(
    fc.property(pieces, (some) => {
      const text = some.join('');
      const ours = outcome(() => parseJson(text).value);
      if (ours !== 'twice') expect(ours).toBe(outcome(() => JSON.parse(text)));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['', 1, 1, 'a value is expected'],
  ['{\n  "a": 1,\n}', 2, 9, 'no comma before }'],
  ['{\n  "a" 1\n}', 2, 7, 'a colon is expected'],
  ['{"a": 1\n "b": 2}', 2, 2, 'a comma or } is expected'],
  ['{\n  // the port\n}', 2, 3, 'a key is expected, in double quotes'],
  ['[// one\n]', 1, 2, 'JSON has no comments'],
  ["{'a': 1}", 1, 2, 'a key is expected, in double quotes'],
  ['{"a": yes}', 1, 7, 'a value is expected'],
  ['{"a": "x\ny"}', 1, 7, 'text that does not end on its line'],
  ['{"a": "\\x"}', 1, 7, 'an escape that JSON does not have'],
  ['{"a": 01}', 1, 8, 'a comma or } is expected'],
  ['{} {}', 1, 4, 'nothing follows the value'],
  ['{"a": {"b": 1,\n"b": 2}}', 2, 1, 'a.b stands twice'],
  ['['.repeat(40), 1, 18, 'too deep'],
])('%j: line %i, column %i', (text, line, column, detail) => {
  expect(() => parseJson(text)).toThrow(
    expect.objectContaining({ name: 'JsonError', line, column, message: expect.stringContaining(detail) }),
  );
});

test('lines of keys, and keys that mean nothing to JavaScript', () => {
  const { value, lineOf } = parseJson('{\n "a": [\n  1,\n  {"b.c": 2}],\n "__proto__": 3}');
  expect(Object.entries(value as object).map(([key]) => key)).toEqual(['a', '__proto__']);
  expect(['a', 'a[1]', 'a[1]["b.c"]', '__proto__', 'none'].map(lineOf)).toEqual([2, 4, 4, 5, null]);
  expect(pathText(['peers', 'b.test', 'at'])).toBe('peers["b.test"].at');
});
