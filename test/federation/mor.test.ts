/** A node with a listener: who is a member, what is heard of whom, what people may ask, and what comes out of a cell. */
import { expect, test } from '@jest/globals';
import type { AdminAnswer } from '../../federation/admin-questions.ts';
import { joinBytes } from '../../crypto/bytes.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { bareCell, envelopeFiller } from '../../onion/cell.ts';
import { newPair } from '../../onion/keys.ts';
import { sizes } from '../../onion/sizes.ts';
import { type Draft, render, renderRouted } from '../../psyc/render.ts';
import { sealAnonymous } from '../../publication/private.ts';
import { a, b, begun, comeOut, frame, linked, mor, notice, zeros } from './mor-fixture.ts';
import { channel, type NodeFixture } from './node-fixture.ts';

const bob = `psyc://${a}/~bob`;
type Status = NonNullable<(AdminAnswer & { readonly kind: 'mor' })['status']>;

function status(fixture: NodeFixture): Status {
  fixture.tell({ kind: 'asked', request: 1, question: { kind: 'mor' } });
  const answer = fixture.told.at(-1)!;
  if (answer.kind !== 'mor' || answer.status === null) throw new Error(answer.kind);
  return answer.status;
}

const counted = (fixture: NodeFixture, name: string): number =>
  status(fixture).counts.find(([known]) => known === name)?.[1] ?? 0;

const rule = (fixture: NodeFixture, kind: 'allow' | 'limit'): void =>
  fixture.tell({
    kind: 'asked',
    request: 1,
    question: { kind: 'change', unknown: null, changes: [{ rule: kind, domain: 'b.example', fingerprint: null }] },
  });

test('a trusted domain is told that it is a member; when it says the same the link stands, and frames are of one length', () => {
  const fixture = begun();
  fixture.connect(b);
  expect(fixture.methods(b)).toContain('_notice_mor');
  expect(status(fixture).links).toBe(0);
  notice(fixture);
  expect(status(fixture).links).toBe(1);
  expect(fixture.mor).toContainEqual({ kind: 'linked to', domains: ['b.example'] });
  fixture.pass(1000);
  const frames = fixture.hear(b).filter(({ method }) => method?.startsWith('_mor_') === true);
  expect(frames.length).toBeGreaterThan(5);
  expect(new Set(frames.map(({ packet }) => packet.data?.length))).toEqual(new Set([sizes.cell]));
  expect(new Set(frames.map(({ routing }) => JSON.stringify(routing)))).toEqual(
    new Set([JSON.stringify({ _context: mor })]),
  );
});

test('a linked server is shown our key with what others say of it, and whenever that is more; what it shows goes outside', () => {
  const fixture = begun();
  fixture.connect(b);
  const show = (entity: NonNullable<Draft['entity']>): void =>
    fixture.sayRaw(b, {
      routing: { _source: 'psyc://b.example', _target: `psyc://${a}` },
      entity,
      method: '_notice_mor_key',
    });
  const shown = (): unknown[] => fixture.mor.filter(({ kind }) => kind === 'key shown');
  // Of who is not linked nothing is taken.
  show({ _key: 'early' });
  expect([fixture.methods(b).includes('_notice_mor_key'), shown()]).toEqual([false, []]);
  notice(fixture);
  expect(fixture.methods(b)).toContain('_notice_mor_key');
  const key = new Uint8Array([1, 2, 3]);
  fixture.tell({ kind: 'mor', event: { kind: 'own key', key } });
  const [again] = fixture.hear(b).filter(({ method }) => method === '_notice_mor_key');
  expect(again!.packet.value('_key')).toEqual(key);
  show({ _key: key });
  show({ _key: new Uint8Array(32_769) });
  show({});
  expect(shown()).toEqual([{ kind: 'key shown', domain: 'b.example', key }]);
  // Each is work for OpenPGP, and a line of the log where it is none.
  for (let more = 0; more < 100; more++) show({ _key: key });
  expect(shown()).toHaveLength(32);
  fixture.nowMs += 3_000;
  show({ _key: key });
  show({ _key: key });
  expect(shown()).toHaveLength(33);
});

test('circuits are held to the domains that the configuration names', () => {
  expect(begun(['c.example']).dialled).toEqual([expect.stringContaining('c.example')]);
});

test('before the link stands frames are dropped; behind it they are heard', () => {
  const fixture = begun();
  fixture.connect(b);
  frame(fixture);
  expect(counted(fixture, 'heard idle')).toBe(0);
  notice(fixture);
  frame(fixture);
  expect(counted(fixture, 'heard idle')).toBe(1);
  // What is no frame is nobody's, and the circuit stays.
  frame(fixture, 'idle', zeros.subarray(1));
  frame(fixture, 'other');
  expect(counted(fixture, 'heard idle')).toBe(1);
  expect(fixture.closed).toEqual([]);
});

test('what a person there says makes no member; in another’s context nobody speaks', () => {
  const fixture = begun();
  fixture.connect(b);
  notice(fixture, 'psyc://b.example/~zoe');
  expect(status(fixture).links).toBe(0);
  frame(fixture, 'idle', zeros, 'c.example');
  expect(fixture.closed).toEqual([b]);
});

test('whom the admin limits is no member any more; whose circuit is over has no link', () => {
  const fixture = linked();
  rule(fixture, 'limit');
  fixture.pass(6000);
  expect(status(fixture).links).toBe(0);
  rule(fixture, 'allow');
  fixture.pass(6000);
  expect(status(fixture).links).toBe(1);
  fixture.tell({ kind: 'failed', circuit: b });
  expect(status(fixture).links).toBe(0);
});

test('a device hands in cells and hears what is known; others are told nothing', () => {
  const fixture = begun();
  fixture.connect('client bob phone');
  const source = channel('bob', 'phone');
  const ask = (method: string, entity: Draft['entity'] = {}): (string | null)[] => {
    fixture.hear('client bob phone');
    fixture.sayRaw('client bob phone', { routing: { _source: source, _target: mor, _tag: 'x' }, entity, method });
    return fixture.methods('client bob phone');
  };
  const { suite } = fixture.keys;
  const cell = bareCell(suite.random(4000), envelopeFiller(suite, suite.random));
  cell[127]! &= 0x7f;
  expect(ask('_request_mor_cell', { _cell: cell })).toEqual(['_echo_mor_cell']);
  expect(ask('_request_mor_cell', { _cell: cell.subarray(1) })).toEqual(['_error_mor_invalid_cell']);
  expect(ask('_request_mor_servers')).toEqual(['_status_mor_server', '_echo_mor_servers']);
  expect(ask('_request_mor_keys', { _person: 'nobody' })).toEqual(['_failure_mor_unknown_keys']);
  expect(ask('_request_other')).toEqual(['_error_unsupported_method']);
  // Asked once more, it is taken once.
  expect(ask('_request_mor_cell', { _cell: cell })).toEqual(['_echo_mor_cell']);
  expect(counted(fixture, 'handed in')).toBe(1);
  const another = (): Uint8Array<ArrayBuffer> => {
    const other = new Uint8Array(cell);
    other.set(suite.random(8), 200);
    return other;
  };
  for (let more = 1; more < listenerLimits.originCellsOfOneMax; more++) ask('_request_mor_cell', { _cell: another() });
  expect(ask('_request_mor_cell', { _cell: another() })).toEqual(['_failure_mor_full']);
  fixture.connect(b);
  fixture.hear(b);
  const routing = { _source: 'psyc://b.example', _target: mor, _tag: 'x' };
  fixture.sayRaw(b, { routing, entity: { _cell: cell }, method: '_request_mor_cell' });
  expect(counted(fixture, 'handed in')).toBe(listenerLimits.originCellsOfOneMax);
});

test('a person takes copies of all that his home hears, or of certain hints; nobody else does', () => {
  const fixture = linked();
  const { suite } = fixture.keys;
  const phone = 'client bob phone';
  fixture.connect(phone);
  const heard = (): (string | null)[] => fixture.methods(phone).filter((method) => method?.includes('_mor_') === true);
  const ask = (entity: Draft['entity'] = {}): (string | null)[] => {
    fixture.hear(phone);
    const routing = { _source: channel('bob', 'phone'), _target: mor, _tag: 'x' };
    fixture.sayRaw(phone, { routing, entity, method: '_request_mor_copies' });
    return heard();
  };
  let cells = 0;
  const cell = (): Uint8Array => {
    const made = bareCell(suite.random(4000), envelopeFiller(suite, suite.random));
    made[127]! &= 0x7f;
    // What chance there is here repeats itself.
    new DataView(made.buffer).setUint32(128, ++cells);
    return made;
  };
  const page = (cells: number): string[] => [
    ...Array.from({ length: cells }, () => '_status_mor_copy'),
    '_echo_mor_copies',
  ];
  expect(ask()).toEqual([]);
  const one = cell();
  frame(fixture, 'cell', one);
  const [copy, ...echo] = fixture.hear(phone).filter(({ method }) => method?.includes('_mor_') === true);
  expect(copy!.packet.value('_cell')).toEqual(one);
  expect(echo.map(({ method }) => method)).toEqual(['_echo_mor_copies']);
  // It was heard, and nothing of it is new.
  frame(fixture, 'cell', one);
  for (let more = 0; more < 40; more++) frame(fixture, 'cell', cell());
  expect([ask(), ask()]).toEqual([page(32), page(8)]);
  // Nothing for a while: an answer all the same.
  expect(ask()).toEqual([]);
  fixture.pass(10_001);
  expect(heard()).toEqual(page(0));

  const [wanted, other] = [cell(), cell()];
  expect(ask({ _hints: wanted.subarray(128, 144) })).toEqual([]);
  frame(fixture, 'cell', other);
  expect(heard()).toEqual([]);
  frame(fixture, 'cell', wanted);
  expect(heard()).toEqual(page(1));
  for (const length of [15, 16 * 257]) {
    expect(ask({ _hints: new Uint8Array(length).fill(1) })).toEqual(['_error_mor_invalid_hints']);
  }
  // Who wishes for something else meanwhile is answered, and loses nothing of what has come for both wishes.
  const [both, first] = [cell(), cell()];
  expect(ask({ _hints: joinBytes(both.subarray(128, 144), first.subarray(128, 144)) })).toEqual([]);
  frame(fixture, 'cell', cell());
  expect(ask({ _hints: both.subarray(128, 144) })).toEqual(page(0));
  frame(fixture, 'cell', both);
  expect(heard()).toEqual(page(1));
  const [later, gone] = [cell(), cell()];
  expect(ask({ _hints: joinBytes(later.subarray(128, 144), gone.subarray(128, 144)) })).toEqual([]);
  fixture.pass(10_001);
  expect(heard()).toEqual(page(0));
  frame(fixture, 'cell', later);
  frame(fixture, 'cell', gone);
  expect(ask({ _hints: later.subarray(128, 144) })).toEqual(page(1));
  // Who asks no more is forgotten.
  fixture.pass(35_001);
  frame(fixture, 'cell', cell());
  expect(ask()).toEqual([]);
  expect(fixture.queue('watched tags')).toBe(0);
  // Answered at once, then 128 that wait, then one too many.
  for (let more = 0; more < 130; more++) frame(fixture, 'cell', cell());
  expect(heard()).toEqual(page(1));
  const told = (): (string | undefined)[] => {
    const routing = { _source: channel('bob', 'phone'), _target: mor, _tag: 'x' };
    fixture.sayRaw(phone, { routing, method: '_request_mor_copies' });
    return fixture
      .hear(phone)
      .flatMap(({ method, packet }) => (method === '_echo_mor_copies' ? [packet.text('_missed')] : []));
  };
  expect(told()).toEqual(['1']);
  for (let more = 0; more < 60; more++) frame(fixture, 'cell', cell());
  expect([told(), told()]).toEqual([['28'], [undefined]]);
  fixture.sayRaw(b, {
    routing: { _source: 'psyc://b.example', _target: mor, _tag: 'x' },
    method: '_request_mor_copies',
  });
  expect(fixture.methods(b)).not.toContain('_echo_mor_copies');
});

test('what is sealed to a person comes to him from nobody, as a stranger’s; everything else is dropped', () => {
  const fixture = linked();
  fixture.connect('client bob phone');
  fixture.hear('client bob phone');
  const { suite } = fixture.keys;
  const reader = { uniform: bob, fingerprint: fixture.identityOf('bob').fingerprint };
  const { publicKey } = newPair(suite, suite.random);
  const message = { entity: {}, method: '_message_private', data: 'who am I' };
  const sealed = renderRouted({ _target: bob }, sealAnonymous(suite, reader, publicKey, message));
  comeOut(fixture, sealed);
  const [heard, ...more] = fixture
    .hear('client bob phone')
    .filter(({ method }) => method?.startsWith('_message') === true);
  expect(more).toEqual([]);
  expect(heard).toMatchObject({ method: '_message_private_sealed', routing: { _target: bob, _counter: '1' } });
  expect(heard!.routing['_source']).toMatch(/^psyc:\/\/a\.example\/\$mor#[0-9a-f]{32}$/);
  expect(heard!.routing['_target_relay']).toBe(`${bob}#_strangers`);
  comeOut(fixture, render({ routing: { _target: bob }, method: '_message_private', data: 'in the clear' }));
  comeOut(fixture, render({ routing: { _target: bob }, method: '_request_close' }));
  expect(status(fixture).closedExits).toBe(2);
  expect(fixture.hear('client bob phone').filter(({ method }) => method !== null)).toEqual([]);
});

test('frames do not wait behind a letter whose author’s keys are asked for', () => {
  const fixture = linked();
  fixture.tellsKeys = false;
  fixture.connect('client bob phone');
  const source = channel('zoe', 'phone', 'b.example');
  const routing = { _source: source, _target: bob, _tag: 'x', _counter: '1' };
  fixture.say(b, { routing, method: '_message_private', data: 'hello' });
  expect(fixture.methods(b)).toContain('_request_keys');
  for (let more = 0; more < 40; more++) frame(fixture);
  expect(counted(fixture, 'heard idle')).toBe(40);
  expect(fixture.queue('unchecked')).toBe(0);
});
