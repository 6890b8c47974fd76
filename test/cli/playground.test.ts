/** What is typed in the playground is read, answered and folded, without a server. */
import { describe, expect, test } from '@jest/globals';
import { type Known, parseLine } from '../../cli/playground/line.ts';
import { heardShort } from '../../cli/playground/heard.ts';
import { answerersOf, replyTo, shortKey } from '../../cli/playground/replies.ts';
import { Alone } from '../../cli/playground/alone.ts';
import { folded } from '../../cli/playground/screen.ts';
import { target } from '../../cli/person/target.ts';
import { Voice } from '../../cli/playground/voice.ts';

const known: Known = {
  domains: ['red.localhost', 'green.localhost'],
  people: ['psyc://red.localhost/~ada', 'psyc://red.localhost/~zoe', 'psyc://green.localhost/~zoe'],
  placesAt: 'blue.localhost',
  target,
};

test('where no session can be begun, whoever wished something hears why, and the next who wishes too', async () => {
  let asked = 0;
  const gone = (): Promise<never> => Promise.reject(new Error(`the folder is gone: ${++asked}`));
  const voice = new Voice({ proxy: null, profile: gone, lock: gone, told: () => {} });
  const say = { kind: 'say', target: 'psyc://red.localhost/~ada', text: 'hello' } as const;
  await expect(voice.wish(say)).rejects.toThrow('the folder is gone: 1');
  await expect(voice.wish(say)).rejects.toThrow('the folder is gone: 2');
});

describe('a line', () => {
  test.each([
    ['', { kind: 'nothing' }],
    [' hello  there ', { kind: 'say', target: null, text: 'hello  there' }],
    ['/me waves  twice', { kind: 'say', target: null, text: 'waves  twice', isAction: true }],
    ['/me ', { kind: 'wrong', why: 'what do you do? As /me waves' }],
    ['/msg ada /me waves', { kind: 'say', target: 'psyc://red.localhost/~ada', text: 'waves', isAction: true }],
    ['/msg ada /men', { kind: 'say', target: 'psyc://red.localhost/~ada', text: '/men' }],
    ['//me', { kind: 'say', target: null, text: '/me' }],
    ['/msg ada hello there', { kind: 'say', target: 'psyc://red.localhost/~ada', text: 'hello there' }],
    ['/msg Ada@Red.localhost hi', { kind: 'say', target: 'psyc://red.localhost/~ada', text: 'hi' }],
    ['/msg zoe hi', { kind: 'wrong', why: 'which zoe? There are 2: write nick@domain' }],
    ['/msg eve hi', { kind: 'wrong', why: 'who is eve? It takes nick@domain, as ada@red.localhost' }],
    ['/msg', { kind: 'wrong', why: 'to whom? As /msg ada hello' }],
    ['/msg ada', { kind: 'wrong', why: 'and what? As /msg ada hello' }],
    ['/msg @hall@red.localhost hi', { kind: 'wrong', why: '@hall@red.localhost is no person, but a place: /say' }],
    ['/say @hall hi', { kind: 'say', target: 'psyc://blue.localhost/@hall', text: 'hi' }],
    ['/enter hall', { kind: 'enter', place: 'psyc://blue.localhost/@hall' }],
    ['/enter @hall@red.localhost', { kind: 'enter', place: 'psyc://red.localhost/@hall' }],
    ['/enter hall@red.localhost', { kind: 'enter', place: 'psyc://red.localhost/@hall' }],
    [
      '/enter psyc://red.localhost/~ada',
      { kind: 'wrong', why: 'psyc://red.localhost/~ada is no place, but a person: /msg' },
    ],
    ['/enter a b', { kind: 'wrong', why: 'a b: it takes @garden, or @garden@green.localhost' }],
    ['/enter', { kind: 'wrong', why: 'which place? As /enter @garden' }],
    ['/who', { kind: 'who', place: null }],
    ['/who @hall', { kind: 'who', place: 'psyc://blue.localhost/@hall' }],
    ['/leave', { kind: 'leave', place: null }],
    ['/history', { kind: 'history', place: null, rows: 20 }],
    ['/history 3', { kind: 'history', place: null, rows: 3 }],
    ['/history hall', { kind: 'history', place: 'psyc://blue.localhost/@hall', rows: 20 }],
    ['/history hall3', { kind: 'history', place: 'psyc://blue.localhost/@hall3', rows: 20 }],
    ['/history @3', { kind: 'history', place: 'psyc://blue.localhost/@3', rows: 20 }],
    ['/history @hall@red.localhost 100', { kind: 'history', place: 'psyc://red.localhost/@hall', rows: 100 }],
    ['/history 0', { kind: 'wrong', why: 'how many? From 1 to 100, as /history 3' }],
    ['/history @hall 101', { kind: 'wrong', why: 'how many? From 1 to 100, as /history 3' }],
    ['/history a b', { kind: 'wrong', why: 'a b: it takes @garden, or @garden@green.localhost' }],
    ['/kill green', { kind: 'kill', domain: 'green.localhost' }],
    ['/stop RED.localhost', { kind: 'stop', domain: 'red.localhost' }],
    ['/start', { kind: 'wrong', why: 'which server? There are red.localhost, green.localhost' }],
    ['/start gr', { kind: 'wrong', why: 'which server? There are red.localhost, green.localhost' }],
    ['/exit', { kind: 'quit' }],
    ['/', { kind: 'wrong', why: '/: there is no such command; /help has all' }],
    ['/kick bob', { kind: 'wrong', why: '/kick: not at the prompt, but in another terminal: p3do place kick' }],
    ['/constructor', { kind: 'wrong', why: '/constructor: there is no such command; /help has all' }],
  ])('%j', (line, typed) => {
    expect(parseLine(line, known)).toEqual(typed);
  });
});

const ada = { nick: 'ada', domain: 'red.localhost' };
const bob = { nick: 'bob', domain: 'green.localhost' };
const said = (text: string) => ({ text, isPrivate: false, author: 'eve@blue.localhost', key: '0123456789abcdef0123' });

describe('an answer', () => {
  test.each([
    ['Hello', /^Hello, eve\. I am at green\.localhost, .* 0123 4567 89AB CDEF …\.$/],
    ['is that a fake?', /NOT eve@blue\.localhost/],
    ['what if your server dies?', /\/stop green\.localhost/],
    ['🧅', /^I have it: 1 character,/],
  ])('to %j', (text, answer) => {
    expect(replyTo(said(text), bob)).toMatch(answer);
  });

  test('whoever is named answers, else the first; nobody, where somebody else is', () => {
    const who = (text: string): string[] => answerersOf(text, [ada, bob]).map(({ nick }) => nick);
    expect(who('hello')).toEqual(['ada']);
    expect(who('BOB?')).toEqual(['bob']);
    expect(who('ada and bob')).toEqual(['ada', 'bob']);
    expect(who('bobbin')).toEqual(['ada']);
    expect(who('zoe@red.localhost: hello')).toEqual([]);
  });

  test('a key that nobody knows', () => {
    expect(replyTo({ ...said('my key?'), key: null }, ada)).toContain('a key that I have not pinned');
    expect(shortKey('0123456789abcdef0123')).toBe('0123 4567 89AB CDEF …');
  });
});

test('text is folded at blanks, keeps its indent, and counts columns', () => {
  expect(folded('  one two three', 9, '    ')).toBe('  one two\n    three');
  expect(folded('漢字漢字 漢字', 10, '  ')).toBe('漢字漢字\n  漢字');
  expect(folded('unbreakable words', 4, '')).toBe('unbreakable\nwords');
});

test('nothing that somebody writes passes for an event, or for another’s words', () => {
  const text =
    'hi\n  bob@b.example entered (according to b.example)\n\n  eve@b.example: hello\r\n22:58 eve@b.example: hello';
  const heard = {
    kind: 'heard',
    place: 'psyc://b.example/@hall',
    sequence: 1,
    author: 'psyc://b.example/~bob',
    word: { kind: 'author' },
    method: '_message_public',
    text,
    isAction: false,
    isSealed: false,
    timeMs: 0,
    isStranger: false,
    isOld: false,
    command: null,
  } as const;
  const lines = heardShort(heard, heard.place, 'you').split('\n');
  expect(lines).toHaveLength(5);
  // Events begin behind six blanks, words where their time stands.
  for (const line of lines.slice(1)) expect(line).toMatch(/^ {8}/);
  const asks = { ...heard, place: null, text: '', isStranger: true, method: '_request_friendship' } as const;
  expect(heardShort(asks, null, 'you')).toContain('wants to be friends (p3do friend accept bob@b.example');
});

test('at a prompt of one’s own a nick alone is somebody of one’s own domain, or whom one came for: nobody gets his words by his nick', () => {
  const guest = { whose: { folder: '', nick: 'ada', domain: 'a.example' } } as Alone['guest'];
  const alone = new Alone(guest, 'psyc://c.example/~zoe');
  for (const who of ['psyc://evil.example/~bob', 'psyc://a.example/~ann', 'psyc://a.example/@hall', ''])
    alone.note(who);
  expect(alone.people).toEqual(['psyc://c.example/~zoe', 'psyc://evil.example/~bob', 'psyc://a.example/~ann']);
  expect(alone.named).toEqual(['psyc://c.example/~zoe', 'psyc://a.example/~ann']);
  alone.note('psyc://a.example/~bob');
  expect(alone.named).toContain('psyc://a.example/~bob');
});
