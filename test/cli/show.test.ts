/** What others wrote, on a terminal: nothing in it moves the cursor, turns text around or passes for another message. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { Command } from 'commander';
import fc from 'fast-check';
import { missedIn } from '../../cli/overhear.ts';
import { complain } from '../../cli/person/conversation.ts';
import { enteredLine, lineOf } from '../../cli/person/lines.ts';
import { noticeLine } from '../../cli/person/notices.ts';
import { heardLine, jsonLine, nameOf } from '../../cli/person/show.ts';
import { explained } from '../../cli/person/codes.ts';
import { unreached } from '../../cli/person/unreached.ts';
import type { Heard, Word } from '../../client/session/events.ts';
import { Parser } from '../../psyc/parse.ts';
import { render } from '../../psyc/render.ts';

const heard = (text: string | null, word: Word = { kind: 'author' }, more: Partial<Heard> = {}): Heard => ({
  kind: 'heard',
  place: 'psyc://b.example/@hall',
  sequence: 1,
  author: 'psyc://b.example/~bob',
  word,
  method: '_message_public',
  text,
  isAction: false,
  isSealed: false,
  timeMs: 0,
  isStranger: false,
  isOld: false,
  command: null,
  ...more,
});
const line = (...of: Parameters<typeof heard>): string => heardLine(heard(...of)).slice('1970-01-01 00:00 '.length);

test('whose word it is', () => {
  expect(line('hi')).toBe('@hall@b.example bob@b.example: hi\n');
  const hearsay = { kind: 'hearsay', host: 'a.example', code: null } as const;
  expect(line('hi', hearsay)).toBe('@hall@b.example bob@b.example (according to a.example): hi\n');
  const bad = { kind: 'bad', code: '_publication_invalid_signature' } as const;
  expect(line('hi', bad)).toBe('@hall@b.example NOT bob@b.example (_publication_invalid_signature): hi\n');
  expect(line(null, bad, { place: null })).toContain('to you NOT bob@b.example');
  expect(line('hi', undefined, { place: null, isStranger: true })).toBe('request bob@b.example: hi\n');
  const asks = { place: null, isStranger: true, method: '_request_friendship' };
  expect(line('', undefined, asks)).toContain('bob@b.example: wants to be friends (p3do friend accept bob@b.example');
  expect(line('', undefined, { ...asks, isStranger: false })).toMatch(/^to you bob@b\.example: is your friend now/);
  expect(line('', hearsay, { ...asks, isStranger: false })).toContain('wants to be friends');
  expect(line(null)).toContain('(said before you came, or sealed to others)');
  expect(line('hi', undefined, { isOld: true })).toContain('bob@b.example (old): hi');
});

test('whoever enters a place that is shown to everybody is told so', () => {
  const entered = {
    kind: 'entered',
    command: 1,
    place: 'psyc://b.example/@hall',
    members: 2,
    topic: '',
    isMade: false,
  };
  const told = (mode: string): string => enteredLine({ ...entered, mode } as Parameters<typeof enteredLine>[0]);
  expect(told('public')).toBe('entered @hall@b.example, 2 members\n');
  expect(told('published')).toMatch(/members\nwhat is said here is shown to everybody, on the web as well\n$/);
});

test('without its author’s time it has none', () => {
  expect(heardLine(heard('hi', { kind: 'hearsay', host: 'a.example', code: null }, { timeMs: null }))).toMatch(
    /^- @hall/,
  );
});

test('a code has a sentence, its own or the nearest above it; an unknown one stands alone', () => {
  expect(explained('_necessary_membership', 'b.example')).toBe(
    'only members may: p3do enter comes first (_necessary_membership, by b.example)',
  );
  expect(explained('_session_unanswered_keys')).toContain('there may be no such domain');
  expect(explained('_proof_stale')).toMatch(/^one of both ends .* \(_proof_stale\)$/);
  expect(explained('_new\u001b')).toBe('refused (_new\\u001b)');
});

test('what did not come may have been given up on the way', () => {
  const gap = {
    kind: 'gap',
    author: 'psyc://b.example/~bob',
    address: 'psyc://b.example/@hall',
    from: 2,
    to: 2,
  } as const;
  expect(noticeLine(gap)).toBe(
    'bob@b.example said 1 more in @hall@b.example that did not come: given up on the way, or withheld',
  );
});

test('another key than the pinned one: whose, and what to type when its admin has said which is right', () => {
  const changed = {
    kind: 'changed key',
    of: 'b.example',
    pinned: '0'.repeat(40),
    fingerprint: '1'.repeat(40),
  } as const;
  expect(noticeLine(changed)).toMatch(/^ANOTHER KEY for b\.example: 1{40}; .*: p3do trust b\.example FINGERPRINT$/);
});

test('every code of the specification for people has a sentence', () => {
  const spec = readFileSync('docs/spec/people.md', 'utf8');
  const codes = [...spec.matchAll(/^\| `(_[a-z_]+)` \|/gm)].map(([, code]) => code!);
  expect(codes.length).toBeGreaterThan(20);
  for (const code of codes.filter((one) => /^_(?:registration|login|trust|necessary|unknown|session)/.test(one))) {
    expect(explained(code)).not.toMatch(/^refused/);
  }
});

test('why a server was not reached', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', address: '::1', port: 9404 });
  const wrapped = new Error('not reached', { cause: new AggregateError([refused, new Error('x')]) });
  expect(unreached('d1.test', wrapped)).toBe('[::1]:9404: connection refused');
  const unknown = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND', hostname: 'd1.test' });
  expect(unreached('d1.test', unknown)).toBe('d1.test is not in the DNS: use --server');
  expect(unreached('d1.test', new Error('the connection closed'))).toBe('d1.test: the connection closed');
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
      const shown = heardLine(heard(text));
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

test('what a server says moves no cursor on standard error either, and a number of it is one', () => {
  const written: string[] = [];
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  try {
    complain(new Command('p3do'), 'two\nlines \u001b[2J\u202e');
  } finally {
    process.stderr.write = write;
  }
  expect(written).toEqual(['p3do: two\nlines \\u001b[2J\\u202e\n']);
  const missed = (said: string): number => {
    const parser = new Parser();
    parser.feed(render({ entity: { _missed: said }, method: '_echo_mor_copies' }));
    return missedIn(parser.next()!);
  };
  expect(['12', '\u001b[2J', '-1', '', '9'.repeat(400)].map(missed)).toEqual([12, 0, 0, 0, 0]);
});

test('what somebody does stands behind a star and his name, which no event has', () => {
  const word = { kind: 'hearsay', host: 'a.example', code: null } as const;
  expect(heardLine(heard('waves', word, { isAction: true, timeMs: null }))).toBe(
    '- @hall@b.example * bob@b.example (according to a.example) waves\n',
  );
  expect(heardLine(heard('waves\n- @hall@b.example * zoe@b.example waves', word, { isAction: true }))).toMatch(
    /\n {4}- @hall/,
  );
});

test('what somebody has published is shown as that, and what of it did not come is told', () => {
  const place = 'psyc://b.example/~bob#_publications';
  expect(heardLine(heard('news', { kind: 'author' }, { place }))).toMatch(/ published bob@b\.example: news\n$/);
  const publication = '4ee1c0de'.padEnd(64, '0');
  const shown = (more: Partial<Heard>): string => line('news', { kind: 'author' }, { place, publication, ...more });
  const other = { publication: '9a8b7c6d'.padEnd(64, '0'), author: 'psyc://a.example/~ada' };
  expect(shown({})).toBe('published bob@b.example 4ee1c0de: news\n');
  expect(shown({ about: { kind: 'reply', ...other } })).toBe(
    'published bob@b.example 4ee1c0de to ada@a.example 9a8b7c6d: news\n',
  );
  expect(shown({ about: { kind: 'edit', ...other } })).toBe(
    'published bob@b.example 4ee1c0de instead of 9a8b7c6d: news\n',
  );
  expect(shown({ about: { kind: 'deletion', ...other } })).toBe('published bob@b.example deletes 9a8b7c6d\n');
  const gone = { kind: 'deleted', place, sequence: 2, author: 'psyc://b.example/~bob', command: null } as const;
  expect(lineOf({ ...gone, word: { kind: 'author' }, publication })).toBe(
    '- published bob@b.example 4ee1c0de is deleted\n',
  );
  const bad = { kind: 'bad', code: '_publication_invalid_reference' } as const;
  expect(lineOf({ ...gone, word: bad, publication: null })).toBe(
    '- published NOT bob@b.example (_publication_invalid_reference) something is deleted\n',
  );
  const gap = { kind: 'gap', author: 'psyc://b.example/~bob', address: place, from: 3, to: 4 } as const;
  expect(noticeLine(gap)).toBe(
    'bob@b.example has published 2 more that did not come: it is not here yet, or is withheld',
  );
  const refused = { kind: 'refused', command: null, target: place, code: '_necessary_membership', by: null } as const;
  expect(noticeLine(refused)).toContain('p3do follow begins again');
});
