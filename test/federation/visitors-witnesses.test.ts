/** Whether a visitor's keys were taken back: how many key servers must have said so, what holds where fewer have, and a domain that was never met. */
import { expect, test } from '@jest/globals';
import { federationLimits } from '../../federation/limits.ts';
import { trustBytes, trustIn } from '../../federation/trust/trust-record.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { idealRecord } from '../../simulator/scenes/ideal-dns.ts';
import { NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';
import { channelAt, hall, keyOf, rowsOf, tellVisit, visitOf, visitor, withHall } from './visitors-fixture.ts';

const DAY = 86_400_000;
const { visitorWitnessMs, witnessKeysMax } = federationLimits;
/** Sooner than a circuit that says nothing is over. */
const visitorAgainMs = 20_000;
const others = ['b.example', 'c.example', 'd.example', 'e.example'];

/** Of these so many answer, whoever is asked; the first three are. */
function hearing(fixture: NodeFixture, heard: () => number): void {
  fixture.answersKeys = (domain) => others.indexOf(domain) < heard();
}

/** How often they have been asked, all three. */
const rounds = ({ askedKeys }: NodeFixture): number => askedKeys.length / 3;

/** She comes, and whoever has not answered by then is waited for no more. */
function comes(fixture: NodeFixture): string {
  const circuit = visitor(fixture);
  fixture.pass(visitorWitnessMs);
  return circuit;
}

/** a.example, which has met z.example, and has circuits to so many others. */
function visited(circuits: number): NodeFixture {
  const fixture = new NodeFixture({ visitorAgainMs });
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  for (const domain of others.slice(0, circuits)) fixture.connect(`server ${domain}`);
  return fixture;
}

/** z.example fell silent a month ago, and its people's certifications have ended since; circuits to so many others stand. */
function silent(circuits: number, settled = withHall()): NodeFixture {
  settled.keys.untilMs = beginUnixMs + 30 * DAY;
  for (const domain of others.slice(0, circuits)) settled.connect(`server ${domain}`);
  const outcome = settled.store.perform({ kind: 'records', request: 0, context: 'psyc://z.example' });
  const records = outcome.kind === 'records' ? outcome.records.map(({ name, value }) => [name, value] as const) : [];
  const state = { ...trustIn(new Map(records), beginUnixMs), silentSinceMs: beginUnixMs };
  const value = trustBytes(state);
  const operation = { op: 'record', context: 'psyc://z.example', lease: 1, name: 'trust', value } as const;
  settled.store.perform({ kind: 'write', request: 0, operations: [operation] });
  settled.nowMs = 31 * DAY;
  return settled;
}

test.each([
  { circuits: 4, heard: 3, isIn: true },
  { circuits: 4, heard: 2, isIn: true },
  { circuits: 4, heard: 1, isIn: false },
  { circuits: 4, heard: 0, isIn: false },
  { circuits: 1, heard: 1, isIn: true },
  { circuits: 1, heard: 0, isIn: false },
  { circuits: 0, heard: 0, isIn: false },
])('a certification that has ended, $circuits circuits, $heard answers: let in: $isIn', ({ circuits, heard, isIn }) => {
  const fixture = silent(circuits);
  hearing(fixture, () => heard);
  const circuit = comes(fixture);
  expect(fixture.isProved(circuit)).toBe(isIn);
  if (!isIn) expect(fixture.methods(circuit)).toEqual(['_error_login_unwitnessed']);
});

test('nobody waits for a server that says nothing longer than visitorWitnessMs, nor at all once all have answered', () => {
  const fixture = visited(4);
  hearing(fixture, () => 2);
  const circuit = visitor(fixture);
  fixture.pass(visitorWitnessMs - 1);
  expect(fixture.isProved(circuit)).toBe(false);
  fixture.pass(1);
  expect(fixture.isProved(circuit)).toBe(true);
  fixture.tell({ kind: 'ended', circuit });
  hearing(fixture, () => 3);
  expect(fixture.isProved(visitor(fixture))).toBe(true);
});

test('what another domain has not on its ring, or cannot tell, and what somebody else says in its name', () => {
  const fixture = silent(1);
  fixture.answersKeys = () => false;
  const circuit = visitor(fixture);
  const eve = fixture.connect('server e.example');
  const say = (from: string, source: string, method: string, tag: string): void =>
    fixture.sayRaw(from, { routing: { _source: source, _target: 'psyc://a.example', _tag_relay: tag }, method });
  for (let n = 1; n < 9; n++) {
    say(eve, 'psyc://e.example/$keys', '_failure_keys_unknown', `w${n}`);
    say('server b.example', 'psyc://b.example/~eve', '_failure_keys_unknown', `w${n}`);
    say('server b.example', 'psyc://b.example', '_echo_keys', `w${n}`);
    say('server b.example', 'psyc://b.example/$keys', '_failure_keys_unavailable', `w${n}`);
  }
  fixture.pass(visitorWitnessMs);
  expect(fixture.methods(circuit)).toEqual(['_error_login_unwitnessed']);
});

test.each([
  { told: witnessKeysMax, isIn: true },
  { told: witnessKeysMax + 1, isIn: false },
])('a domain that tells $told keys of one visitor has answered: $isIn', ({ told, isIn }) => {
  const fixture = silent(1);
  fixture.answersKeys = () => false;
  const circuit = visitor(fixture);
  const routing = { _source: 'psyc://b.example/$keys', _target: 'psyc://a.example', _tag_relay: 'w1' };
  for (let n = 0; n < told; n++) {
    fixture.sayRaw('server b.example', { routing, entity: { _key: keyOf(fixture) }, method: '_status_key' });
  }
  fixture.sayRaw('server b.example', { routing, method: '_echo_keys' });
  fixture.pass(visitorWitnessMs);
  expect(fixture.isProved(circuit)).toBe(isIn);
});

test('who is on trial here, or limited by the admin, is no witness; nor is anybody behind witnessCandidatesMax', () => {
  const fixture = visited(4);
  const value = trustBytes({ ...trustIn(new Map(), beginUnixMs), standing: 'quarantine' });
  const operation = { op: 'record', context: 'psyc://b.example', lease: 1, name: 'trust', value } as const;
  fixture.store.perform({ kind: 'write', request: 0, operations: [operation] });
  const changes = [{ domain: 'c.example', rule: 'limit', fingerprint: null }] as const;
  fixture.tell({ kind: 'asked', request: 1, question: { kind: 'change', unknown: null, changes } });
  expect(fixture.isProved(comes(fixture))).toBe(true);
  expect(fixture.askedKeys).toEqual(['d.example', 'e.example']);
  const few = new NodeFixture({ visitorAgainMs, witnessCandidatesMax: 2 });
  few.tellsKeys = false;
  few.meet('z.example');
  for (const domain of others) few.connect(`server ${domain}`);
  comes(few);
  expect(few.askedKeys).toEqual(['b.example', 'c.example']);
});

test('witnessesAskingMax: nobody is asked for one more, whom a certification that runs lets in all the same', () => {
  const fixture = new NodeFixture({ visitorAgainMs, witnessesAskingMax: 2 });
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  for (const domain of others) fixture.connect(`server ${domain}`);
  expect(fixture.isProved(visitor(fixture))).toBe(true);
  expect(fixture.askedKeys).toEqual([]);
  expect(fixture.notices).toContainEqual({ kind: 'visitor', domain: 'z.example', heard: 0 });
  expect(fixture.queue('witnesses asked')).toBe(0);
});

test('whom one that runs lets in before enough have answered is asked after again, until they have', () => {
  const fixture = visited(4);
  let heard = 1;
  hearing(fixture, () => heard);
  const circuit = comes(fixture);
  expect(fixture.isProved(circuit)).toBe(true);
  expect(fixture.notices).toContainEqual({ kind: 'visitor', domain: 'z.example', heard: 1 });
  expect(rounds(fixture)).toBe(1);
  fixture.pass(visitorAgainMs - 1);
  expect(rounds(fixture)).toBe(1);
  fixture.pass(1);
  expect(rounds(fixture)).toBe(2);
  heard = 2;
  fixture.pass(visitorWitnessMs + visitorAgainMs);
  expect(rounds(fixture)).toBe(3);
  expect(fixture.closed).not.toContain(circuit);
  fixture.pass(5 * visitorAgainMs);
  expect(rounds(fixture)).toBe(3);
});

test('nobody is asked after who was let in when enough had answered, or who has gone', () => {
  const fixture = visited(4);
  let heard = 2;
  hearing(fixture, () => heard);
  fixture.tell({ kind: 'ended', circuit: comes(fixture) });
  fixture.pass(2 * visitorAgainMs);
  expect(rounds(fixture)).toBe(1);
  heard = 0;
  fixture.tell({ kind: 'ended', circuit: comes(fixture) });
  fixture.pass(2 * visitorAgainMs);
  expect(rounds(fixture)).toBe(2);
});

test('what is heard of her only then puts her out: her device, her key, her domain', () => {
  const lost = (fixture: NodeFixture): Uint8Array[] => [fixture.keys.idOf(fixture.seedOf('zoe', 'phone', 'z.example'))];
  const changes: [string, (fixture: NodeFixture) => void][] = [
    [
      '_error_unlisted_device',
      (fixture) => {
        const newer = { counter: 9, devices: ['desk'], revoked: lost(fixture) };
        const { statement } = fixture.identityOf('zoe', 'z.example', newer);
        fixture.keys.published.set('psyc://z.example/~zoe', { key: keyOf(fixture), statement });
        fixture.answersKeys = () => true;
      },
    ],
    [
      '_error_revoked_certification',
      (fixture) => {
        const answer = fixture.keys.answer.bind(fixture.keys);
        fixture.keys.answer = (question, ...more) =>
          question.kind === 'visitor' ? { kind: 'refused', code: '_revoked_certification' } : answer(question, ...more);
      },
    ],
  ];
  for (const [method, change] of changes) {
    const fixture = visited(1);
    hearing(fixture, () => 0);
    const circuit = comes(fixture);
    fixture.hear(circuit);
    change(fixture);
    fixture.pass(visitorAgainMs + visitorWitnessMs);
    expect([fixture.methods(circuit), fixture.closed.includes(circuit)]).toEqual([[method], true]);
  }
});

test('of whom a third server brings word the same holds; it is no answer for good', () => {
  const fixture = silent(1);
  let heard = 0;
  hearing(fixture, () => heard);
  const c = fixture.connect('server c.example');
  const source = channelAt(fixture, 'c.example');
  const enter = (): void => fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  enter();
  expect(tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'))).toBe(1);
  fixture.pass(visitorWitnessMs);
  expect([rowsOf(fixture), fixture.methods(c).filter((method) => method?.startsWith('_error'))]).toEqual([1, []]);
  heard = 2;
  enter();
  expect(tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'))).toBe(1);
  expect(rowsOf(fixture)).toBe(2);
});

test('whoever carries a visitor is asked as well: what he tells of keys overtakes her words, which wait for it', () => {
  const fixture = silent(0);
  fixture.keys.published.set('psyc://z.example/~zoe', {
    key: keyOf(fixture),
    statement: fixture.identityOf('zoe', 'z.example').statement,
  });
  const c = fixture.connect('server c.example');
  fixture.sayRaw(c, said(channelAt(fixture, 'c.example'), hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  expect([fixture.askedKeys, rowsOf(fixture)]).toEqual([['c.example'], 2]);
});

/** What is kept of z.example and of zoe. */
const kept = (fixture: NodeFixture): string[] =>
  ['psyc://z.example', 'psyc://z.example/~zoe'].flatMap((context) => {
    const outcome = fixture.store.perform({ kind: 'records', request: 0, context });
    return outcome.kind === 'records' ? outcome.records.map(({ name }) => name) : [];
  });

test('a domain that was never met: its home is gone to, and nothing that a visitor brings pins its key, or hers', () => {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  for (const domain of others) fixture.connect(`server ${domain}`);
  fixture.dialled.length = 0;
  for (let times = 0; times < 3; times++) {
    const circuit = visitor(fixture);
    expect(fixture.methods(circuit)).toEqual(['_error_login_unknown_home']);
  }
  expect(fixture.dialled.filter((dialled) => dialled.endsWith(' z.example'))).toHaveLength(1);
  expect(kept(fixture)).toEqual([]);
});

test.each([
  { secure: true, methods: [] },
  // On trial, until that has ended well.
  { secure: false, methods: ['_error_login_doubtful_home'] },
])(
  'once its home was there (a validator vouches for it: $secure) she is let in as the table says',
  ({ secure, methods }) => {
    const fixture = new NodeFixture();
    fixture.tellsKeys = false;
    fixture.dns = (domain) => idealRecord(fixture.keys, domain, 'first', { secure });
    for (const domain of others) fixture.connect(`server ${domain}`);
    visitor(fixture);
    const [dialled] = fixture.dialled.filter((one) => one.endsWith(' z.example'));
    fixture.accept(dialled!.split(' z.example')[0]!, 'server z.example');
    expect(fixture.methods(visitor(fixture))).toEqual(methods);
  },
);
