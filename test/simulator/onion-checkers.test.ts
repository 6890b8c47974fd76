/** The checkers of cells, each by itself: what it lets pass, and when it complains. */
import { expect, test } from '@jest/globals';
import { joinBytes } from '../../crypto/bytes.ts';
import { renderTell } from '../../listener-bots/context-packets.ts';
import { renderFrame } from '../../listener-bots/frame.ts';
import { suite } from '../../server/suite.ts';
import { ArrivalChecker } from '../../simulator/checkers/arrival.ts';
import type { Checker } from '../../simulator/checkers/checker.ts';
import { CongestionChecker } from '../../simulator/checkers/congestion.ts';
import { EnvelopingChecker } from '../../simulator/checkers/enveloping.ts';
import { FloodChecker } from '../../simulator/checkers/flood.ts';
import { KeyholdersChecker } from '../../simulator/checkers/keyholders.ts';
import { ReopeningChecker } from '../../simulator/checkers/reopening.ts';
import { SpentChecker } from '../../simulator/checkers/spent.ts';
import type { Observation } from '../../simulator/observation.ts';
import { readRaw } from '../../simulator/raw-packet.ts';

const SECOND = 1_000_000;
const honest = ['a.example', 'b.example', 'c.example'];
const membersOf = (host: string): string[] => honest.filter((other) => other !== host);

function wrote(
  host: string,
  peer: string,
  data: Uint8Array,
  atUs = 0,
  kind: 'cell' | 'tell' | 'idle' = 'cell',
): Observation {
  const { content } = readRaw(renderFrame(host, { kind, data }));
  return { kind: 'multicast', host, peer, circuit: '', context: `psyc://${host}/$mor`, counter: '', content, atUs };
}
const handed = (key: string, onion: Uint8Array, isCalm = true): Observation => ({
  kind: 'handed',
  host: 'a.example',
  key,
  onion,
  isCalm,
});
const delivered = (key: string): Observation => ({
  kind: 'delivered',
  host: 'b.example',
  context: 'psyc://b.example/~bob',
  sequence: 1,
  key,
  packet: new Uint8Array(0),
});
const ended: Observation = { kind: 'ended', stored: new Map() };
const cellWith = (onion: Uint8Array): Uint8Array => joinBytes(suite.random(96), onion);

/** What the checker says to the last observation, after being content with all before. */
function verdict(checker: Checker, ...observations: Observation[]): string | null {
  const last = observations.pop()!;
  for (const observation of observations) expect(checker.observe(observation)).toBeNull();
  return checker.observe(last);
}

test('reopening: one onion in two cells, the second first written by somebody honest', () => {
  const onion = suite.random(4000);
  const [one, other] = [cellWith(onion), cellWith(onion)];
  const first = wrote('a.example', 'b.example', one);
  expect(verdict(new ReopeningChecker(honest), first, wrote('b.example', 'c.example', one))).toBeNull();
  expect(verdict(new ReopeningChecker(honest), first, wrote('b.example', 'c.example', other))).toMatch(
    /b\.example put out/,
  );
  const replayed = wrote('evil.example', 'b.example', other);
  expect(verdict(new ReopeningChecker(honest), first, replayed, wrote('b.example', 'c.example', other))).toBeNull();
  // A client may have handed it in twice, where that is said.
  const again = [handed('x', onion), first, wrote('b.example', 'c.example', other)] as const;
  expect(verdict(new ReopeningChecker(honest, true), ...again)).toBeNull();
  expect(verdict(new ReopeningChecker(honest), ...again)).toMatch(/b\.example put out/);
  // In another context it may come again, as it may have been forgotten that it went there.
  const inner = (cell: Uint8Array): Observation => ({
    ...(wrote('b.example', 'c.example', cell) as Extract<Observation, { kind: 'multicast' }>),
    context: 'psyc://b.example/$mor-inner',
  });
  const third = cellWith(onion);
  expect(
    verdict(new ReopeningChecker(honest), inner(one), wrote('a.example', 'b.example', other), inner(third)),
  ).toBeNull();
  expect(verdict(new ReopeningChecker(honest), inner(one), inner(third))).toMatch(/b\.example put out/);
});

test('spent: another onion behind a ticket’s layer is one too many, a spoilt copy is none, and of a ticket that is over the first is', () => {
  const tag = 'ab'.repeat(16);
  const ticket = (isOver: boolean): Observation => ({ kind: 'ticket', behind: ['cd'.repeat(16), tag], isOver });
  const behind = (): Uint8Array =>
    joinBytes(
      suite.random(32),
      Uint8Array.from({ length: 16 }, () => 0xab),
      suite.random(3952),
    );
  const onion = behind();
  const spoilt = onion.slice();
  spoilt[700]! ^= 1;
  const put = (one: Uint8Array): Observation => wrote('a.example', 'b.example', cellWith(one));
  expect(verdict(new SpentChecker(), ticket(false), put(spoilt), put(onion), put(onion))).toBeNull();
  expect(verdict(new SpentChecker(), ticket(false), put(onion), put(behind()))).toContain('a spent ticket');
  expect(verdict(new SpentChecker(), ticket(true), put(suite.random(4000)), put(onion))).toContain('that was over');
  expect(verdict(new SpentChecker(), put(onion), put(behind()))).toBeNull();
});

test('arrival: what is handed in while nothing fails', () => {
  const onion = suite.random(4000);
  expect(verdict(new ArrivalChecker(), handed('x', onion, false), ended)).toBeNull();
  expect(verdict(new ArrivalChecker(), handed('x', onion), delivered('x'), ended)).toBeNull();
  expect(verdict(new ArrivalChecker(), handed('x', onion), handed('y', onion), delivered('x'), ended)).toMatch(
    /^1 never .*y/,
  );
});

test('keyholders: an answer to no member, also with somebody else’s key', () => {
  const tell = renderTell({ publicKey: suite.random(32), seconds: 60, isWide: true });
  const members = (host: string): string[] => (host === 'a.example' ? ['b.example'] : ['c.example']);
  const toMember = wrote('a.example', 'b.example', tell, 0, 'tell');
  expect(verdict(new KeyholdersChecker(members), toMember)).toBeNull();
  expect(verdict(new KeyholdersChecker(members), wrote('a.example', 'c.example', tell, 0, 'tell'))).toMatch(
    /told c\.example/,
  );
  const passedOn = wrote('b.example', 'c.example', tell, 0, 'tell');
  expect(verdict(new KeyholdersChecker(members), toMember, passedOn)).toMatch(/of the context of a\.example/);
});

test('flood: somebody honest keeps a cell from a member', () => {
  const cell = suite.random(4096);
  const judge = (...written: readonly (readonly [string, string])[]): string | null =>
    verdict(
      new FloodChecker(honest, membersOf),
      { kind: 'calm' },
      wrote('a.example', 'b.example', suite.random(4096), 0, 'idle'),
      ...written.map(([host, peer]) => wrote(host, peer, cell, 30 * SECOND)),
      wrote('a.example', 'b.example', suite.random(4096), 60 * SECOND, 'idle'),
      ended,
    );
  const all = honest.flatMap((host) => membersOf(host).map((peer) => [host, peer] as const));
  expect(judge(...all)).toBeNull();
  for (const [index, [host, peer]] of all.entries()) {
    // The one that put it out first decides whether it counts.
    const left = all.filter((_, at) => at !== index);
    expect(judge(...left)).toBe(`${host} never passed to ${peer} a cell that ${left[0]![0]} had put out`);
  }
  expect(judge(['evil.example', 'a.example'])).toBeNull();
});

test('enveloping: a client’s onion leaves his own server bare', () => {
  const onion = suite.random(4000);
  const elsewhere = wrote('b.example', 'a.example', cellWith(onion));
  expect(
    verdict(new EnvelopingChecker(), handed('x', onion), elsewhere, wrote('a.example', 'c.example', cellWith(onion))),
  ).toBeNull();
  expect(
    verdict(new EnvelopingChecker(), handed('x', onion), wrote('a.example', 'b.example', cellWith(onion))),
  ).toMatch(/bare/);
});

test('congestion: over 0.7 of a link’s rate for a minute of calm', () => {
  const judge = (cells: number): string | null => {
    const checker = new CongestionChecker(honest, 1000);
    checker.observe({ kind: 'calm' });
    for (let second = 0; second < 75; second++) {
      const kind = second >= 10 && second < 10 + cells ? 'cell' : 'idle';
      checker.observe(wrote('a.example', 'b.example', suite.random(4096), second * SECOND, kind));
    }
    return checker.observe(ended);
  };
  expect(judge(42)).toBeNull();
  expect(judge(43)).toMatch(/^a\.example b\.example: 43 cells/);
});
