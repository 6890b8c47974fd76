/** What is kept of visitors, and for how long; and how many of one domain's people a day brings. */
import { expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { renderVisit } from '../../publication/visit.ts';
import { beginUnixMs, type Party } from '../../simulator/scenes/circuit-end.ts';
import type { Operation } from '../../store/store.ts';
import { NodeFixture } from './node-fixture.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;

function visited(limits: ConstructorParameters<typeof NodeFixture>[0] = {}): NodeFixture {
  const fixture = new NodeFixture(limits);
  fixture.tellsKeys = false;
  for (const domain of ['z.example', 'y.example']) fixture.meet(domain);
  return fixture;
}

/** Somebody of another domain comes, and goes; whether he was let in, or why not. */
function comes(fixture: NodeFixture, nick: string, domain: string): true | (string | null)[] {
  const person = `psyc://${domain}/~${nick}`;
  const seed = fixture.seedOf(nick, 'phone', domain);
  const device = fixture.keys.idOf(seed);
  const own = fixture.identityOf(nick, domain);
  const timeMs = beginUnixMs + fixture.nowMs;
  const visit = renderVisit(
    fixture.keys.suite,
    { person, fingerprint: own.fingerprint, device, domain: 'a.example', timeMs },
    seed,
  );
  const keys = { ...own, key: fixture.keys.certified(own.key, fixture.keys.domain(domain)) };
  const side = channelOf(person, device, { side: '1', at: 'a.example' });
  const party = { kind: 'client', person, keys, seed, channel: side, visit, invite: undefined } as unknown as Party;
  const name = fixture.connect('client visitor phone', { name: `${nick} ${domain} ${timeMs}`, party });
  if (!fixture.isProved(name)) return fixture.methods(name);
  fixture.tell({ kind: 'ended', circuit: name });
  return true;
}

test('visitorsADayMax: so many of one domain’s people in a day, who may come again; of others as many, and tomorrow again', () => {
  const fixture = visited({ visitorsADayMax: 2 });
  const over = ['_error_excessive_entities'];
  expect(['one', 'two', 'three', 'one'].map((nick) => comes(fixture, nick, 'z.example'))).toEqual([
    true,
    true,
    over,
    true,
  ]);
  expect(comes(fixture, 'three', 'y.example')).toBe(true);
  fixture.nowMs += DAY;
  expect(['three', 'four', 'one'].map((nick) => comes(fixture, nick, 'z.example'))).toEqual([true, true, over]);
});

/** What is kept of somebody, by name. */
function kept(fixture: NodeFixture, person: string): string[] {
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context: person });
  return outcome.kind === 'records' ? outcome.records.map(({ name }) => name).toSorted() : [];
}

/** Who is in the ledger. */
function listed(fixture: NodeFixture): string[] {
  const names: string[] = [];
  for (;;) {
    const above = names.at(-1) ?? '';
    const outcome = fixture.store.perform({ kind: 'members', request: 0, context: 'visitors', above, rowsMax: 64 });
    const page = outcome.kind === 'members' ? outcome.members.map(({ name }) => name) : [];
    names.push(...page);
    if (page.length < 64) return names;
  }
}

/** A visit as it was kept then. */
function visitAt(nick: string, digits: string, unixMs: number): Operation[] {
  const context = `psyc://z.example/~${nick}`;
  const value = Uint8Array.of(1);
  const record = (name: string): Operation => ({ op: 'record', context, lease: 1, name, value });
  const sequence = Math.floor(unixMs / 1000);
  return [
    record(`visit ${digits}`),
    record(`told ${digits}`),
    record('key'),
    { op: 'member', context: 'visitors', lease: 1, name: `${context}#${digits}@a.example`, sequence },
  ];
}

test('an hourly sweep forgets visits that are over, however many; a person’s key goes with his last visit, and a pin never', () => {
  const fixture = visited();
  const old = beginUnixMs - publicationLimits.visitMsMax;
  const digits = '0123456789abcdef-1';
  const other = 'fedcba9876543210-1';
  const many = Array.from({ length: 150 }, (_, at) => visitAt(`n${at}`, digits, old));
  const both = [...visitAt('both', digits, old), ...visitAt('both', other, beginUnixMs)];
  const fingerprint = {
    op: 'record',
    context: 'psyc://z.example/~n0',
    lease: 1,
    name: 'fingerprint',
    value: new Uint8Array(20),
  } as const;
  for (const operations of [...many, both, [fingerprint]]) {
    expect(fixture.store.perform({ kind: 'write', request: 0, operations }).kind).toBe('written');
  }
  expect(listed(fixture)).toHaveLength(152);
  fixture.pass(HOUR);
  expect(listed(fixture)).toEqual([`psyc://z.example/~both#${other}@a.example`]);
  expect(kept(fixture, 'psyc://z.example/~both')).toEqual(['key', `told ${other}`, `visit ${other}`]);
  expect(kept(fixture, 'psyc://z.example/~n0')).toEqual(['fingerprint']);
  for (const at of [1, 63, 64, 65, 149]) expect(kept(fixture, `psyc://z.example/~n${at}`)).toEqual([]);
  // The other one is over some time later.
  fixture.pass(publicationLimits.visitMsMax + HOUR);
  expect(listed(fixture)).toEqual([]);
  expect(kept(fixture, 'psyc://z.example/~both')).toEqual([]);
});

test('where the store does not answer nothing is forgotten, and it is tried again', () => {
  const fixture = visited();
  const operations = visitAt('zoe', '0123456789abcdef-1', beginUnixMs - publicationLimits.visitMsMax);
  fixture.store.perform({ kind: 'write', request: 0, operations });
  const perform = fixture.store.perform.bind(fixture.store);
  fixture.store.perform = (request) => ({ kind: 'refused', request: request.request, code: '_store_lost' });
  fixture.pass(HOUR);
  fixture.store.perform = perform;
  expect(listed(fixture)).toHaveLength(1);
  fixture.pass(HOUR);
  expect(listed(fixture)).toEqual([]);
});
