/** What others wrote, on a terminal: nothing in it moves the cursor, turns text around or passes for another message. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { heardLine, jsonLine, nameOf } from '../../cli/person/show.ts';
import type { Heard, Word } from '../../client/session/events.ts';

const heard = (text: string | null, word: Word = { kind: 'author' }, more: Partial<Heard> = {}): Heard => ({
  kind: 'heard',
  place: 'psyc://b.example/@hall',
  sequence: 1,
  author: 'psyc://b.example/~bob',
  word,
  method: '_message_public',
  text,
  isSealed: false,
  timeMs: 0,
  isOld: false,
  command: null,
  ...more,
});
const line = (...of: Parameters<typeof heard>): string => heardLine(heard(...of), 0).slice('1970-01-01 00:00 '.length);

test('whose word it is', () => {
  expect(line('hi')).toBe('@hall@b.example bob@b.example: hi\n');
  const hearsay = { kind: 'hearsay', host: 'a.example', code: null } as const;
  expect(line('hi', hearsay)).toBe('@hall@b.example bob@b.example (according to a.example): hi\n');
  const bad = { kind: 'bad', code: '_publication_invalid_signature' } as const;
  expect(line('hi', bad)).toBe('@hall@b.example NOT bob@b.example (_publication_invalid_signature): hi\n');
  expect(line(null, bad, { place: null })).toContain('to you NOT bob@b.example');
  expect(line('hi', undefined, { isOld: true })).toContain('bob@b.example (old): hi');
});

test('control characters, directions and lines are escaped', () => {
  expect(line('a\u001b[2Jb\u202ec\u2066d\u009be\u2028f\u{e0041}')).toContain(
    'a\\u001b[2Jb\\u202ec\\u2066d\\u009be\\u2028f\\u{e0041}\n',
  );
  expect(line('a\n1970-01-01 00:00 eve: b')).toContain(': a\n    1970-01-01 00:00 eve: b\n');
  expect(nameOf('psyc://b.example/~x\u001b')).toBe('x\\u001b@b.example');
});

test('whatever is said, a line begins only where we begin it, and JSON says the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
      const shown = heardLine(heard(text), 0);
      // oxlint-disable-next-line no-control-regex
      expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      expect(
        shown
          .slice(0, -1)
          .split('\n')
          .slice(1)
          .every((one) => one.startsWith('    ')),
      ).toBe(true);
      const json = jsonLine({ text });
      expect(json).toMatch(/^[^\u007f-\u009f\u202a-\u202e\u2066-\u2069\n]*\n$/);
      expect(JSON.parse(json)).toEqual({ text });
    }),
  );
});
