/** Domains that countersign each other: when, for how long, and when no more. */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import type { AdminQuestion, DomainShown } from '../../federation/admin-questions.ts';
import { ringContext } from '../../federation/keys/ring-records.ts';
import { limits } from '../../pki/limits.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { idealRecord } from '../../simulator/scenes/ideal-dns.ts';
import { type Heard, NodeFixture } from './node-fixture.ts';

const DAY = 86_400_000;
const a = 'a.example';
const b = 'b.example';
const server = 'server b.example';
const lastsMs = limits.countersignatureSeconds * 1000;

/** A record, as text; null: there is none. */
function recordOf(fixture: NodeFixture, context: string, name: string): string | null {
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context });
  const found = outcome.kind === 'records' ? outcome.records.find((one) => one.name === name) : undefined;
  return found === undefined ? null : decodeText(found.value);
}

/** What this domain says of a key of b.example, as it is on the ring: until when; 0: taken back; null: nothing. */
function onRing(fixture: NodeFixture, name?: string): number | null {
  const context = ringContext(hexOf(fixture.keys.domain(b, name).fingerprint));
  const key = recordOf(fixture, context, 'countersigned');
  return key === null ? null : Number(key.split(' ')[4]);
}

/** a.example after it was started again, on the same store, with another key or the `first`; `keep`: what it has kept of b.example, in another form. */
function again(before: NodeFixture, name = 'next', keep: (kept: string) => string = (kept) => kept): NodeFixture {
  const { keys, store } = before;
  const value = encodeText(keep(recordOf(before, `psyc://${b}`, 'countersignatures')!));
  const operation = { op: 'record', context: `psyc://${b}`, lease: 1, name: 'countersignatures', value } as const;
  store.perform({ kind: 'write', request: 0, operations: [operation] });
  const fixture = new NodeFixture({}, { keys, store, life: 2, options: { identity: keys.domain(a, name) } });
  fixture.hearsCountersignatures = true;
  return fixture;
}

/** Our key with the word of a domain on it; `untilMs` 0: it takes that back. */
function wordOf(fixture: NodeFixture, domain: string, untilMs?: number, name?: string): Uint8Array {
  const identity = fixture.keys.domain(domain, name);
  const key = fixture.keys.domain(a).certificate;
  const unixMs = beginUnixMs + fixture.nowMs;
  const made = fixture.keys.answer({ kind: 'countersign', domain: a, key, kept: null }, identity, unixMs);
  if (made.kind !== 'countersigned') throw new Error(made.kind);
  if (untilMs === undefined) return made.key;
  const revoked = fixture.keys.answer({ kind: 'uncountersign', key: made.key }, identity, unixMs);
  if (revoked.kind !== 'countersigned') throw new Error(revoked.kind);
  return revoked.key;
}

const say = (fixture: NodeFixture, method: string, key?: Uint8Array, source = `psyc://${b}`, circuit = server): void =>
  fixture.sayRaw(circuit, {
    routing: { _source: source, _target: `psyc://${a}` },
    entity: key === undefined ? {} : { _key: key },
    method,
  });

function hearing(): NodeFixture {
  const fixture = new NodeFixture();
  fixture.hearsCountersignatures = true;
  return fixture;
}

const about = (heard: Heard[]): (string | null)[] =>
  heard.map(({ method }) => method).filter((method) => method?.includes('countersignature'));

function ask(fixture: NodeFixture, question: AdminQuestion): void {
  fixture.tell({ kind: 'asked', request: 1, question });
}

function shown(fixture: NodeFixture): DomainShown['countersigned'] {
  ask(fixture, { kind: 'show', domain: b });
  const answer = fixture.told.at(-1)!;
  if (answer.kind !== 'domains') throw new Error(answer.kind);
  return answer.domains[0]!.countersigned;
}

const rule = (fixture: NodeFixture, kind: 'allow' | 'limit' | 'block'): void =>
  ask(fixture, { kind: 'change', unknown: null, changes: [{ rule: kind, domain: b, fingerprint: null }] });

test('a domain that everything goes with is countersigned, told so, and asked for the same', () => {
  const fixture = hearing();
  fixture.connect(server);
  const heard = fixture.hear(server);
  expect(about(heard)).toEqual(['_request_countersignature', '_notice_countersignature']);
  const told = heard.find(({ method }) => method === '_notice_countersignature')!.packet.value('_key')!;
  expect(decodeText(new Uint8Array(told))).toContain(hexOf(fixture.keys.domain(a).fingerprint));
  expect(onRing(fixture)).toBe(beginUnixMs + lastsMs);
  expect(shown(fixture)).toEqual({ byUsUntilMs: beginUnixMs + lastsMs, byThemUntilMs: null });
  say(fixture, '_notice_countersignature', wordOf(fixture, b));
  expect(shown(fixture).byThemUntilMs).toBe(beginUnixMs + lastsMs);
  expect(fixture.notices.filter(({ kind }) => kind === 'countersignature')).toEqual([
    { kind: 'countersignature', domain: b, by: 'us', untilMs: beginUnixMs + lastsMs },
    { kind: 'countersignature', domain: b, by: 'them', untilMs: beginUnixMs + lastsMs },
  ]);
});

test('whoever asks is told again, and not again at once', () => {
  const fixture = hearing();
  fixture.connect(server);
  fixture.hear(server);
  for (let times = 0; times < 3; times++) say(fixture, '_request_countersignature');
  expect(about(fixture.hear(server))).toEqual(['_notice_countersignature']);
});

test('what another has signed, or is no key of ours, or has ended, or what a person there says, counts for nothing', () => {
  const fixture = hearing();
  fixture.connect(server);
  // By a key of that domain that nobody here has pinned.
  say(fixture, '_notice_countersignature', wordOf(fixture, b, undefined, 'next'));
  const old = wordOf(fixture, b);
  fixture.nowMs += lastsMs;
  say(fixture, '_notice_countersignature', old);
  say(fixture, '_notice_countersignature', wordOf(fixture, 'c.example'));
  say(fixture, '_notice_countersignature', fixture.keys.domain(b).certificate);
  say(fixture, '_notice_countersignature', new Uint8Array([1, 2, 3]));
  say(fixture, '_notice_countersignature');
  say(fixture, '_notice_countersignature', new Uint8Array(40_000));
  say(fixture, '_notice_countersignature', wordOf(fixture, b), `psyc://${b}/~zoe`);
  expect(shown(fixture).byThemUntilMs).toBeNull();
  expect(fixture.isProved(server)).toBe(true);
});

test('first use is not countersigned, nor is a word of it taken, before its trial ends well', () => {
  const soon = { graceMs: 60_000, recheckSoonMs: 10_000, recheckLaterMs: 20_000 };
  const fixture = new NodeFixture({}, { options: { trustLimits: { ...trustLimits, ...soon } } });
  fixture.tell({ kind: 'asked', request: 1, question: { kind: 'meet', domain: b } });
  const [circuit] = fixture.dialled.at(-1)!.split(` ${b}`);
  fixture.accept(circuit!, server);
  say(fixture, '_notice_countersignature', wordOf(fixture, b), undefined, circuit);
  expect([onRing(fixture), shown(fixture).byThemUntilMs]).toEqual([null, null]);
  // It has nobody to talk with: the node goes there again.
  for (let tries = 0; tries < 60 && onRing(fixture) === null; tries++) {
    fixture.pass(2_000);
    fixture.accept(fixture.dialled.at(-1)!.split(` ${b}`)[0]!, server);
  }
  expect(onRing(fixture)).toBeGreaterThan(beginUnixMs + lastsMs);
});

test('it is renewed with less than sixty days left, on both sides, and not before', () => {
  const fixture = hearing();
  fixture.connect(server);
  say(fixture, '_notice_countersignature', wordOf(fixture, b));
  fixture.hear(server);
  fixture.pass(lastsMs - 60 * DAY);
  fixture.connect(server, { name: 'early' });
  expect(about(fixture.hear('early'))).toEqual([]);
  fixture.pass(1);
  fixture.connect(server, { name: 'due' });
  expect(about(fixture.hear('due'))).toEqual(['_request_countersignature', '_notice_countersignature']);
  expect(onRing(fixture)).toBe(beginUnixMs + fixture.nowMs + lastsMs);
});

test.each(['limit', 'block'] as const)(
  'it is taken back by %s, durable before the admin is answered; allowed again, it is given again',
  (kind) => {
    const fixture = hearing();
    fixture.connect(server);
    fixture.hear(server);
    fixture.held.pki = [];
    rule(fixture, kind);
    expect(fixture.told).toEqual([]);
    fixture.release();
    expect(fixture.told).toEqual([{ kind: 'done' }]);
    expect([onRing(fixture), shown(fixture).byUsUntilMs]).toEqual([0, null]);
    if (kind === 'limit') expect(about(fixture.hear(server))).toEqual(['_notice_countersignature']);
    fixture.pass(trustLimits.recheckSoonMs);
    fixture.connect(server, { name: 'again' });
    expect(onRing(fixture)).toBe(0);
    rule(fixture, 'allow');
    fixture.connect(server, { name: 'allowed' });
    expect(onRing(fixture)).toBe(beginUnixMs + fixture.nowMs + lastsMs);
  },
);

test('who had no circuit when he was limited is told when he has one, and as often as he is looked at', () => {
  const fixture = hearing();
  fixture.connect(server);
  fixture.tell({ kind: 'ended', circuit: server });
  rule(fixture, 'limit');
  expect(onRing(fixture)).toBe(0);
  fixture.connect(server, { name: 'again' });
  const [notice, ...more] = fixture.hear('again').filter(({ method }) => method?.includes('countersignature'));
  expect(decodeText(new Uint8Array(notice!.packet.value('_key')!)).split(' ')[4]).toBe('0');
  expect(more).toEqual([]);
});

test('it is taken back of whom the admin forgets; where the store does not answer he is told so', () => {
  const fixture = hearing();
  fixture.connect(server);
  const { store } = fixture;
  const perform = store.perform.bind(store);
  store.perform = (request) =>
    request.kind === 'write' && request.operations.some(({ context }) => context.startsWith('key '))
      ? { kind: 'refused', request: request.request, code: '_store_full' }
      : perform(request);
  ask(fixture, { kind: 'forget', domain: b });
  expect(fixture.told).toEqual([{ kind: 'refused', code: '_trust_unavailable' }]);
  expect(onRing(fixture)).toBeGreaterThan(0);
  store.perform = perform;
  ask(fixture, { kind: 'forget', domain: b });
  expect(fixture.told.at(-1)).toEqual({ kind: 'done' });
  expect(onRing(fixture)).toBe(0);
  expect(recordOf(fixture, `psyc://${b}`, 'countersignatures')).toBeNull();
});

test('what another takes back is not held any more, and asked for again', () => {
  const fixture = hearing();
  fixture.connect(server);
  say(fixture, '_notice_countersignature', wordOf(fixture, b));
  say(fixture, '_notice_countersignature', wordOf(fixture, b, 0));
  expect(shown(fixture).byThemUntilMs).toBeNull();
  fixture.hear(server);
  fixture.connect(server, { name: 'again' });
  expect(about(fixture.hear('again'))).toEqual(['_request_countersignature']);
});

test('the key that follows is countersigned; of the one before it is taken back when its overlap is over', () => {
  const fixture = hearing();
  fixture.connect(server);
  fixture.dns = () => idealRecord(fixture.keys, b, 'next', { secure: true, seq: 2 });
  const [old, next] = [fixture.keys.domain(b), fixture.keys.domain(b, 'next')];
  const rotation = fixture.keys.rotation(old, next, 2, beginUnixMs, beginUnixMs + 100 * DAY);
  const party = { identity: { ...next, rotation } };
  fixture.connect(server, { name: 'next', party });
  expect(onRing(fixture, 'next')).toBe(beginUnixMs + lastsMs);
  expect(onRing(fixture)).toBe(beginUnixMs + lastsMs);
  fixture.pass(trustLimits.overlapMs);
  fixture.connect(server, { name: 'later', party });
  expect(onRing(fixture)).toBe(0);
  expect(onRing(fixture, 'next')).toBe(beginUnixMs + lastsMs);
});

test('who has changed his own key says it again with the new one, at once, and shows no word of the former', () => {
  const before = hearing();
  before.connect(server);
  say(before, '_notice_countersignature', wordOf(before, b));
  const fixture = again(before);
  expect(shown(fixture)).toEqual({ byUsUntilMs: null, byThemUntilMs: null });
  fixture.connect(server);
  const [request, notice, ...more] = fixture.hear(server).filter(({ method }) => method?.includes('countersignature'));
  expect([request?.method, more]).toEqual(['_request_countersignature', []]);
  const word = decodeText(new Uint8Array(notice!.packet.value('_key')!)).split(' ');
  expect(word[3]).toBe(hexOf(fixture.keys.domain(a, 'next').fingerprint));
  expect(shown(fixture).byUsUntilMs).toBe(beginUnixMs + lastsMs);
});

test('what was kept without the key that said it counts for none: it is said anew, and heard anew', () => {
  const before = hearing();
  before.connect(server);
  const word = wordOf(before, b);
  say(before, '_notice_countersignature', word);
  const fixture = again(before, 'first', (kept) => kept.replaceAll(/,"by":"[^"]*"/g, ''));
  expect(shown(fixture)).toEqual({ byUsUntilMs: null, byThemUntilMs: null });
  fixture.connect(server);
  expect(about(fixture.hear(server))).toEqual(['_request_countersignature', '_notice_countersignature']);
  say(fixture, '_notice_countersignature', word);
  const untilMs = beginUnixMs + lastsMs;
  expect(shown(fixture)).toEqual({ byUsUntilMs: untilMs, byThemUntilMs: untilMs });
});

test('the word of a key that its domain has left is shown no more, and asked for again', () => {
  const fixture = hearing();
  fixture.connect(server);
  say(fixture, '_notice_countersignature', wordOf(fixture, b));
  fixture.dns = () => idealRecord(fixture.keys, b, 'next', { secure: true, seq: 2 });
  const [old, next] = [fixture.keys.domain(b), fixture.keys.domain(b, 'next')];
  const rotation = fixture.keys.rotation(old, next, 2, beginUnixMs, beginUnixMs + 100 * DAY);
  fixture.connect(server, { name: 'next', party: { identity: { ...next, rotation } } });
  expect(fixture.notices).toContainEqual({ kind: 'key', domain: b, row: '9', alarm: 'key followed', by: 'old key' });
  expect(about(fixture.hear('next'))).toEqual(['_request_countersignature', '_notice_countersignature']);
  expect(shown(fixture)).toEqual({ byUsUntilMs: beginUnixMs + lastsMs, byThemUntilMs: null });
  say(fixture, '_notice_countersignature', wordOf(fixture, b, undefined, 'next'), undefined, 'next');
  expect(shown(fixture).byThemUntilMs).toBe(beginUnixMs + lastsMs);
});
