/** When and why domains are looked at: the plan by itself, and a thief who gives a node cause to look later. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { sightingBytes } from '../../federation/trust/sightings.ts';
import { LookPlan, type LookReason } from '../../federation/trust/looks.ts';
import { federationLimits } from '../../federation/limits.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import type { DomainTrust } from '../../pki/trust-state.ts';
import { decodeText } from '../../psyc/bytes.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { NodeFixture } from './node-fixture.ts';

const b = 'b.example';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

test('each reason keeps its own time, and the earliest is next', () => {
  const plan = new LookPlan(9);
  plan.want(b, 'round', 100);
  plan.want(b, 'row 10', 500);
  plan.want(b, 'row 10', 900);
  plan.want(b, 'round', 200);
  expect(plan.nextMs(b)).toBe(100);
  expect([plan.take(b, 99), plan.take(b, 100), plan.nextMs(b)]).toEqual([[], ['round'], 500]);
  plan.want(b, 'seen', 300);
  plan.drop(b, 'row 10');
  expect([plan.nextMs(b), plan.take(b, 1_000), plan.nextMs(b), plan.size]).toEqual([300, ['seen'], null, 0]);
});

test('what comes again does so later and later, and not for ever; asked for once more, it begins not anew', () => {
  const plan = new LookPlan(9);
  const again = { firstMs: 10, mostMs: 50, untilMs: 200 };
  const due: number[] = [];
  plan.insist(b, 'untold', 0, again);
  for (let at = 0; at < 300; at++) {
    plan.insist('c.example', 'away', at, { ...again, untilMs: Infinity });
    if (at < 150) plan.insist(b, 'untold', at, again);
    if (plan.take(b, at).length > 0) due.push(at);
    plan.take('c.example', at);
  }
  expect(due).toEqual([10, 30, 70, 120, 170]);
  expect([plan.has(b, 'untold'), plan.has('c.example', 'away')]).toEqual([false, true]);
  plan.forget('c.example');
  expect(plan.size).toBe(0);
});

test('looksPlannedMax: of more domains than there is room for those give way that nobody waits for, the latest first', () => {
  const plan = new LookPlan(3);
  plan.want('wanted.example', 'row 11', 9_000);
  plan.want('soon.example', 'round', 100);
  plan.want('late.example', 'away', 800);
  plan.want('later.example', 'round', 900);
  expect([plan.size, plan.nextMs('later.example')]).toEqual([3, null]);
  plan.want('second.example', 'row 17', 10_000);
  expect(plan.nextMs('late.example')).toBeNull();
  plan.want('third.example', 'row 17', 7_000);
  plan.want('fourth.example', 'row 17', 8_000);
  expect(['wanted', 'third', 'fourth', 'second'].map((name) => plan.nextMs(`${name}.example`))).toEqual([
    9_000,
    7_000,
    8_000,
    null,
  ]);
});

test('nobody puts a look off: whatever else is wanted, what is due is taken by its time', () => {
  const reasons: LookReason[] = ['round', 'away', 'seen', 'ruled', 'untold', 'row 10', 'row 17'];
  const wish = fc.record({ reason: fc.constantFrom(...reasons), atMs: fc.nat(1_000), isAgain: fc.boolean() });
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 40 }), fc.nat(1_000), (wishes, dueMs) => {
      const plan = new LookPlan(1);
      plan.want(b, 'row 15', dueMs);
      for (const { reason, atMs, isAgain } of wishes) {
        if (isAgain) plan.insist(b, reason, atMs, { firstMs: 1, mostMs: 9, untilMs: 2_000 });
        else plan.want(b, reason, atMs);
      }
      expect(plan.nextMs(b)).toBeLessThanOrEqual(dueMs);
      expect(plan.take(b, dueMs)).toContain('row 15');
    }),
  );
});

const printOf = (fixture: NodeFixture, name?: string): string => hexOf(fixture.keys.domain(b, name).fingerprint);

function kept(fixture: NodeFixture): DomainTrust {
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context: `psyc://${b}` });
  const trust = outcome.kind === 'records' ? outcome.records.find(({ name }) => name === 'trust') : undefined;
  return JSON.parse(decodeText(trust!.value)) as DomainTrust;
}

/** Whoever has stolen the first key has it name his own. */
function stolen({ keys }: NodeFixture): ServerIdentity & { readonly rotation: Uint8Array } {
  const next = keys.domain(b, 'thief');
  return { ...next, rotation: keys.rotation(keys.domain(b), next, 2, beginUnixMs, beginUnixMs + 100 * DAY) };
}

let knocks = 0;
/** The thief comes with his own key and its statement: the codes that he hears. */
const knock = (fixture: NodeFixture): (string | null)[] =>
  fixture.methods(fixture.connect(`server ${b}`, { name: `thief ${++knocks}`, party: { identity: stolen(fixture) } }));

/** What b.example is told of its own key on this circuit. */
const toldOn = (fixture: NodeFixture, circuit: string): string[] =>
  fixture
    .hear(circuit)
    .filter(({ method, packet }) => method === '_notice_key_rotation' && packet.text('_domain') === b)
    .map(({ packet }) => decodeText(packet.value('_rotation')!));

/** The owner is there for so long, and says something on his circuit now and then. */
function stay(fixture: NodeFixture, circuit: string, ms: number, each: () => unknown = () => {}): void {
  for (let passedMs = 0; passedMs < ms; passedMs += 60_000) {
    fixture.pass(60_000);
    fixture.sayBytes(circuit, new Uint8Array([124, 10]));
    each();
  }
}

test('whose key has named a successor is told at once where he is, also when the successor’s knock is refused', () => {
  const fixture = new NodeFixture();
  const owner = fixture.connect(`server ${b}`);
  fixture.hear(owner);
  expect(knock(fixture)).toEqual(['_error_trust_waiting_key']);
  expect(toldOn(fixture, owner)).toEqual([decodeText(stolen(fixture).rotation)]);
  // No more for each knock.
  for (let times = 0; times < 5; times++) knock(fixture);
  expect(toldOn(fixture, owner)).toEqual([]);
});

test.each([
  ['once', 1],
  ['every minute', Infinity],
])(
  'a thief’s knock is refused %s: what the domain is looked at for stays due, and its key’s revocation is found',
  (_, count) => {
    let left = count;
    const fixture = new NodeFixture();
    const owner = fixture.connect(`server ${b}`);
    fixture.pass(60_000);
    knock(fixture);
    fixture.keys.states.set(printOf(fixture), { revocation: 'hard', endsMs: null, isElsewhere: true });
    stay(fixture, owner, 2 * trustLimits.recheckSoonMs, () => --left > 0 && knock(fixture));
    expect(kept(fixture).standing).toBe('void');
    expect(fixture.methods(owner)).toContain('_error_trust_revoked_key');
  },
);

test('where he is not he is gone to until he is told, less and less often, and no longer than the successor waits', () => {
  const fixture = new NodeFixture();
  const owner = fixture.connect(`server ${b}`);
  fixture.pass(60_000);
  fixture.tell({ kind: 'ended', circuit: owner });
  const { length } = fixture.dialled;
  knock(fixture);
  const dials: number[] = [];
  for (let minutes = 0; minutes < 5 * 24 * 60; minutes += 10) {
    const before = fixture.dialled.length;
    fixture.pass(600_000);
    // Nobody answers.
    for (const line of fixture.dialled.slice(before)) fixture.tell({ kind: 'failed', circuit: line.split(' b.')[0]! });
    if (fixture.dialled.length > before) dials.push(fixture.nowMs);
  }
  expect(fixture.dialled.length).toBeGreaterThan(length);
  const within = (fromMs: number, untilMs: number): number => dials.filter((at) => at > fromMs && at <= untilMs).length;
  // As long as it waits once an hour at least; from then on as anybody who is away.
  expect(within(2 * DAY, 3 * DAY)).toBeGreaterThanOrEqual(20);
  expect(within(4 * DAY, 5 * DAY)).toBeLessThanOrEqual(3);
  const back = fixture.connect(`server ${b}`, { name: 'back' });
  expect(toldOn(fixture, back)).toEqual([decodeText(stolen(fixture).rotation)]);
});

test.each(['that the key has revoked itself', 'nothing'] as const)(
  'a successor whose time is over is followed when key servers were asked since then; they say: %s',
  (what) => {
    const before = new NodeFixture();
    before.connect(`server ${b}`);
    knock(before);
    // Nobody looks at anything in the meantime.
    const fixture = new NodeFixture({}, { store: before.store, keys: before.keys, life: 2 });
    fixture.nowMs = trustLimits.graceMs + DAY;
    const isRevoked = what !== 'nothing';
    if (isRevoked) fixture.keys.states.set(printOf(fixture), { revocation: 'hard', endsMs: null, isElsewhere: true });
    expect(knock(fixture)).toEqual(['_error_trust_waiting_key']);
    fixture.pass(1);
    // It is gone there when they have answered.
    expect(fixture.dialled).toHaveLength(1);
    expect(knock(fixture)).toEqual(isRevoked ? ['_error_trust_revoked_key'] : []);
    expect(kept(fixture).pin?.fingerprint).toBe(printOf(fixture, isRevoked ? undefined : 'thief'));
    expect(kept(fixture).standing).toBe(isRevoked ? 'void' : 'normal');
  },
);

test('what another domain says of the keys that it sees is looked at once for each question, however often it says so', () => {
  const fixture = new NodeFixture();
  fixture.connect(`server ${b}`);
  const c = fixture.connect('server c.example');
  knock(fixture);
  const asked = fixture.hear(c).find(({ method }) => method === '_request_keys_seen')!;
  const nonce = asked.routing['_tag']!;
  const time = String(beginUnixMs);
  const said = { fingerprint: printOf(fixture), time, state: 'up', nonce };
  const { suite } = fixture.keys;
  const bytes = sightingBytes('c.example', 'a.example', b, said);
  const _signature = suite.ed25519Sign(bytes, fixture.keys.domain('c.example').seed);
  const looks = (): number => fixture.asked.filter((kind) => kind === 'domain state').length;
  const before = looks();
  const counts: number[] = [];
  for (let times = 0; times < 50; times++) {
    fixture.sayRaw(c, {
      routing: { _source: 'psyc://c.example', _target: 'psyc://a.example', _tag_relay: nonce },
      entity: { _domain: b, _fingerprint: said.fingerprint, _time: time, _state: 'up', _signature },
      method: '_status_keys_seen',
    });
    fixture.pass(100);
    counts.push(looks() - before);
  }
  // After a second, not when he has nothing more to say; and never again.
  expect(counts[11]).toBeGreaterThan(0);
  expect(counts.at(-1)).toBe(counts[11]);
});

test('a thief who has a circuit in the domain’s name does not keep it from being told: it is gone to where it is found', () => {
  const fixture = new NodeFixture();
  const thief = fixture.connect(`server ${b}`, { name: 'thief' });
  knock(fixture);
  expect(toldOn(fixture, thief)).toEqual([decodeText(stolen(fixture).rotation)]);
  fixture.pass(federationLimits.meetingMsMax);
  const [circuit] = fixture.dialled.at(-1)!.split(` ${b}`);
  const again = fixture.connect(`server ${b}`, { name: 'thief again' });
  expect(fixture.isProved(again)).toBe(true);
  const owner = fixture.accept(circuit!, `server ${b}`);
  expect(toldOn(fixture, owner)).toEqual([decodeText(stolen(fixture).rotation)]);
  // It was told.
  const { length } = fixture.dialled;
  fixture.pass(2 * federationLimits.meetingMsMax);
  expect(fixture.dialled).toHaveLength(length);
});
