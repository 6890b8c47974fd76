/** Statements that a domain's key has a successor: whose is kept, who hears of them, and whom they are about. */
import { expect, test } from '@jest/globals';
import type { ProofStep } from '../../circuit/proof-steps.ts';
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import type { DomainTrust } from '../../pki/trust-state.ts';
import { decodeText } from '../../psyc/bytes.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { idealRecord } from '../../simulator/scenes/ideal-dns.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const DAY = 86_400_000;
const b = 'b.example';
const own = 'a.example';

const records = (fixture: NodeFixture): readonly { readonly name: string; readonly value: Uint8Array }[] => {
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context: `psyc://${b}` });
  return outcome.kind === 'records' ? outcome.records : [];
};
const kept = (fixture: NodeFixture): DomainTrust =>
  JSON.parse(decodeText(records(fixture).find(({ name }) => name === 'trust')!.value)) as DomainTrust;
const statementsKept = (fixture: NodeFixture): number =>
  records(fixture).filter(({ name }) => name.startsWith('rotation ')).length;
const printOf = (fixture: NodeFixture, name: string, domain = b): string =>
  hexOf(fixture.keys.domain(domain, name).fingerprint);

/** A node that went to b.example, which named its recovery key; and has c.example. */
function met(recheckSoonMs = 60_000): NodeFixture {
  const fixture = new NodeFixture({}, { options: { trustLimits: { ...trustLimits, recheckSoonMs } } });
  fixture.dns = (domain) => idealRecord(fixture.keys, domain, undefined, { secure: true });
  const phone = fixture.connect('client ada phone');
  fixture.say(phone, said(channel('ada', 'phone'), `psyc://${b}/~zoe`, 1, '_message_private_sealed', 'x'));
  const recovery = fixture.keys.domain(b, 'recovery').fingerprint;
  const [circuit] = fixture.dialled.at(-1)!.split(` ${b}`);
  fixture.accept(circuit!, `server ${b}`, { identity: { ...fixture.keys.domain(b), recovery } });
  fixture.connect('server c.example');
  expect(kept(fixture)).toMatchObject({ standing: 'normal', pin: { recovery: hexOf(recovery) } });
  return fixture;
}

/** The circuit on which it is there. */
const linkOf = ({ dialled }: NodeFixture): string => dialled.find((line) => line.endsWith(` ${b}`))!.split(` ${b}`)[0]!;

interface Words {
  readonly from?: string;
  readonly domain?: string;
  readonly by?: string;
  readonly seq?: number;
  readonly after?: Uint8Array | undefined;
}

/** That a key follows the first, or `from`; signed by a recovery key where `by` names one. */
function statement({ keys }: NodeFixture, to: string, { from = 'first', domain = b, by, seq = 2, after }: Words = {}) {
  const [old, next] = [keys.domain(domain, from), keys.domain(domain, to)];
  const more = {
    ...(by === undefined ? {} : { by: keys.domain(domain, by) }),
    ...(after === undefined ? {} : { after }),
  };
  return keys.rotation(old, next, seq, beginUnixMs, beginUnixMs + 100 * DAY, more);
}

/** Another domain passes one on. */
function passOn(fixture: NodeFixture, to: string, words: Words = {}, domain = b, teller = 'c.example'): void {
  fixture.say(`server ${teller}`, {
    routing: { _source: `psyc://${teller}`, _target: `psyc://${own}` },
    entity: {
      _domain: domain,
      _rotation: statement(fixture, to, { ...words, domain }),
      _key: fixture.keys.domain(domain, to).certificate,
      ...(words.by === undefined ? {} : { _key_recovery: fixture.keys.domain(domain, words.by).certificate }),
    },
    method: '_notice_key_rotation',
  });
}

/** b.example comes with a key and what leads there. */
function comes(fixture: NodeFixture, key: string, more: Partial<ServerIdentity> = {}, name = key): string {
  const identity = { ...fixture.keys.domain(b, key), ...more };
  return fixture.connect(`server ${b}`, { name, party: { identity } });
}
const byRecovery = (fixture: NodeFixture, to: string): Partial<ServerIdentity> => ({
  rotation: statement(fixture, to, { by: 'recovery' }),
  recoveryKey: fixture.keys.domain(b, 'recovery').certificate,
  recovery: fixture.keys.domain(b, 'recovery').fingerprint,
});

test.each<[string, (at: number) => Words]>([
  ['a stolen key', () => ({})],
  ['a stolen key, each under a number of its own', (seq) => ({ seq: 2 + seq })],
  ['whoever has no key at all, in the name of a recovery key of his', () => ({ by: 'recovery of nobody' })],
])('nine statements by %s do not shut out the recovery key', (_, words) => {
  const fixture = met();
  for (let at = 0; at < 9; at++) passOn(fixture, `thief ${at}`, words(at));
  expect(statementsKept(fixture)).toBeLessThanOrEqual(2);
  fixture.dns = (domain) =>
    idealRecord(fixture.keys, domain, domain === b ? 'next' : undefined, { secure: true, seq: 2 });
  expect(fixture.isProved(comes(fixture, 'next', byRecovery(fixture, 'next')))).toBe(true);
  expect(kept(fixture).pin?.fingerprint).toBe(printOf(fixture, 'next'));
  expect(fixture.notices).toContainEqual({
    kind: 'key',
    domain: b,
    row: '9',
    alarm: 'key followed',
    by: 'recovery key',
  });
});

test('the same words signed by the stolen key, and said first, do not take the place of the recovery key’s', () => {
  const fixture = met(trustLimits.recheckSoonMs);
  // Whoever has the old key puts his signature in place of the recovery key's; the new key's stands under it already.
  passOn(fixture, 'next');
  passOn(fixture, 'next', { by: 'recovery' });
  passOn(fixture, 'thief');
  fixture.pass(trustLimits.graceMs);
  expect(kept(fixture).standing).toBe('normal');
});

test('nobody else’s word on another domain’s key is kept', () => {
  const fixture = met();
  const foreign = fixture.keys.rotation(
    fixture.keys.domain('c.example'),
    fixture.keys.domain(b, 'x'),
    2,
    beginUnixMs,
    beginUnixMs + DAY,
  );
  fixture.say('server c.example', {
    routing: { _source: 'psyc://c.example', _target: `psyc://${own}` },
    entity: { _domain: b, _rotation: foreign, _key: fixture.keys.domain(b, 'x').certificate },
    method: '_notice_key_rotation',
  });
  expect(statementsKept(fixture)).toBe(0);
});

/** What the domain that it is about is told of its own key on this circuit. */
const toldOn = (fixture: NodeFixture, circuit: string): string[] =>
  fixture
    .hear(circuit)
    .filter(({ method, packet }) => method === '_notice_key_rotation' && packet.text('_domain') === b)
    .map(({ packet }) => decodeText(packet.value('_rotation')!));

test('whose key is to have a successor is told at once, and at each look; it is gone to where it is not there', () => {
  const fixture = met();
  const words = decodeText(statement(fixture, 'thief'));
  expect(toldOn(fixture, linkOf(fixture))).toEqual([]);
  passOn(fixture, 'thief');
  expect(toldOn(fixture, linkOf(fixture))).toEqual([words]);
  expect(fixture.notices).toContainEqual({ kind: 'key', domain: b, row: '6', alarm: 'successor waits' });
  for (let minutes = 0; minutes < 3; minutes++) {
    fixture.pass(60_000);
    // Nothing is said on circuits, so each ends before long.
    const again = comes(fixture, 'first', {}, `again ${minutes}`);
    expect(new Set(toldOn(fixture, again))).toEqual(new Set([words]));
  }
  const away = met();
  away.tell({ kind: 'ended', circuit: linkOf(away) });
  const before = away.dialled.length;
  passOn(away, 'thief');
  away.pass(60_000);
  expect(away.dialled.slice(before).some((line) => line.endsWith(` ${b}`))).toBe(true);
  expect(toldOn(away, comes(away, 'first', {}, 'back'))).toEqual([words]);
});

test('what a stolen key has led to while its owner was away: he is told when he comes with it, and his recovery key undoes it', () => {
  const fixture = met(trustLimits.recheckSoonMs);
  passOn(fixture, 'thief');
  fixture.dns = (domain) => idealRecord(fixture.keys, domain, domain === b ? 'thief' : undefined, { seq: 2 });
  fixture.pass(trustLimits.graceMs);
  const thief = (name: string): string => comes(fixture, 'thief', { rotation: statement(fixture, 'thief') }, name);
  expect(fixture.methods(thief('first at key servers'))).toEqual(['_error_trust_waiting_key']);
  expect(fixture.isProved(thief('then'))).toBe(true);
  expect(kept(fixture).pin?.fingerprint).toBe(printOf(fixture, 'thief'));
  const owner = comes(fixture, 'first', {}, 'owner');
  expect(toldOn(fixture, owner)).toEqual([decodeText(statement(fixture, 'thief'))]);
  const back = (name: string): string => comes(fixture, 'next', byRecovery(fixture, 'next'), name);
  expect(fixture.methods(back('early'))).toEqual(['_error_trust_waiting_key']);
  // It is known at key servers that the first key is in other hands.
  fixture.keys.states.set(printOf(fixture, 'first'), { revocation: 'hard', endsMs: null });
  expect(fixture.isProved(back('at once'))).toBe(true);
  expect(kept(fixture)).toMatchObject({ seq: 2, pin: { fingerprint: printOf(fixture, 'next') } });
  for (const key of ['thief', 'first']) {
    expect(fixture.methods(comes(fixture, key, {}, `${key} again`))).toEqual([
      expect.stringMatching(/^_error_trust_(?:changed|revoked)_key$/),
    ]);
  }
});

/** What a node says to its admin of successors of its own key. */
const heardOfOwn = (fixture: NodeFixture): unknown[] =>
  fixture.notices.filter(({ kind }) => kind === 'successor').map((notice) => ({ ...notice, kind: undefined }));

function owner(successorsHeardMax = 8): NodeFixture {
  const plain = new NodeFixture();
  const recovery = plain.keys.domain(own, 'recovery').fingerprint;
  const identity = { ...plain.keys.domain(own), recovery };
  const fixture = new NodeFixture({ successorsHeardMax }, { keys: plain.keys, options: { identity } });
  fixture.connect('server c.example');
  return fixture;
}

test('who is told of a successor of his own key that he has not named tells his admin, whoever says so', () => {
  const fixture = owner();
  const named = (to: string, by: string): unknown => ({
    domain: 'c.example',
    fingerprint: printOf(fixture, to, own),
    by,
  });
  passOn(fixture, 'thief', {}, own);
  passOn(fixture, 'thief', {}, own);
  expect(heardOfOwn(fixture)).toEqual([named('thief', 'our key'), named('thief', 'our key')]);
  // Once it was checked.
  expect(fixture.asked.filter((kind) => kind === 'rotation')).toHaveLength(1);
  passOn(fixture, 'other', { by: 'recovery' }, own);
  expect(heardOfOwn(fixture).at(-1)).toEqual(named('other', 'recovery key'));
});

test('… and not of what he says himself, nor of what his keys have not signed', () => {
  const fixture = owner();
  const next = fixture.keys.domain(own, 'next');
  const announced = { statement: statement(fixture, 'next', { domain: own }), key: next.certificate, recovery: null };
  fixture.tell({ kind: 'announced', announced });
  passOn(fixture, 'next', {}, own);
  // The same words, with signatures under them that anybody has written in another way.
  fixture.say('server c.example', {
    routing: { _source: 'psyc://c.example', _target: `psyc://${own}` },
    entity: {
      _domain: own,
      _rotation: Buffer.concat([announced.statement, Buffer.from('\nsignature AAAA')]),
      _key: next.certificate,
    },
    method: '_notice_key_rotation',
  });
  expect(fixture.asked).not.toContain('rotation');
  passOn(fixture, 'x', { by: 'recovery of nobody' }, own);
  passOn(fixture, 'y', { from: 'z' }, own);
  expect(heardOfOwn(fixture)).toEqual([]);
});

test('successorsHeardMax: who says more is checked again', () => {
  const fixture = owner(1);
  for (const key of ['one', 'two', 'one']) passOn(fixture, key, {}, own);
  expect(heardOfOwn(fixture)).toHaveLength(3);
  expect(fixture.asked.filter((kind) => kind === 'rotation')).toHaveLength(3);
});

test('… but of a key that it had before, two rotations ago, and of none of what led from there', () => {
  const plain = new NodeFixture();
  const [one, two, three] = ['first', 'second', 'third'].map((name) => plain.keys.domain(own, name));
  const rotated = (from: ServerIdentity, to: ServerIdentity, seq: number, after?: Uint8Array): Uint8Array =>
    plain.keys.rotation(from, to, seq, beginUnixMs, beginUnixMs + DAY, after === undefined ? {} : { after });
  const step = rotated(one!, two!, 2);
  const rotation = rotated(two!, three!, 3, step);
  const earlier = [{ statement: step, key: two!.certificate, recovery: null }];
  const identity = { ...three!, rotation, before: two!.certificate, earlier };
  const fixture = new NodeFixture({}, { keys: plain.keys, options: { identity } });
  fixture.connect('server c.example');
  passOn(fixture, 'second', {}, own);
  passOn(fixture, 'thief', { from: 'second', seq: 3, after: step }, own);
  expect(heardOfOwn(fixture)).toEqual([
    { domain: 'c.example', fingerprint: printOf(fixture, 'thief', own), by: 'former key' },
  ]);
});

test('successorsHeardMax: a check that takes long keeps nobody else’s word from being checked; one by each, so many in all', () => {
  const fixture = owner(2);
  for (const domain of ['d.example', 'e.example']) fixture.connect(`server ${domain}`);
  fixture.held.pki = [];
  passOn(fixture, 'slow', {}, own);
  passOn(fixture, 'slow too', {}, own);
  passOn(fixture, 'slow', {}, own, 'd.example');
  passOn(fixture, 'other', {}, own, 'd.example');
  passOn(fixture, 'another', {}, own, 'e.example');
  fixture.release();
  const told = fixture.notices.flatMap((notice) => (notice.kind === 'successor' ? [notice] : []));
  expect(told.map(({ domain, fingerprint }) => [domain, fingerprint])).toEqual([
    ['c.example', printOf(fixture, 'slow', own)],
    ['d.example', printOf(fixture, 'other', own)],
  ]);
  passOn(fixture, 'another', {}, own, 'e.example');
  expect(heardOfOwn(fixture)).toHaveLength(3);
});

test('what a key says that the domain has left is no more than an alarm; who tells it, and the domain, are shown it, once', () => {
  const fixture = met();
  const rotation = statement(fixture, 'next');
  fixture.dns = (domain) =>
    idealRecord(fixture.keys, domain, domain === b ? 'next' : undefined, { secure: true, seq: 2 });
  const circuits = [linkOf(fixture), comes(fixture, 'next', { rotation })];
  expect(kept(fixture).pin?.fingerprint).toBe(printOf(fixture, 'next'));
  const heardThere = (): string[] => toldOn(fixture, 'server c.example');
  const heardAtHome = (): string[] => circuits.flatMap((circuit) => toldOn(fixture, circuit));
  heardThere();
  heardAtHome();
  const thief = statement(fixture, 'thief');
  passOn(fixture, 'thief');
  expect(heardThere()).toEqual([decodeText(rotation)]);
  expect(heardAtHome()).toEqual([decodeText(thief)]);
  expect(fixture.notices).toContainEqual({ kind: 'key', domain: b, row: '3', alarm: 'old key speaks' });
  passOn(fixture, 'thief');
  expect([...heardThere(), ...heardAtHome()]).toEqual([]);
  expect(kept(fixture)).toMatchObject({ standing: 'normal', pin: { fingerprint: printOf(fixture, 'next') } });
});

test('who has missed a rotation is kept from following an old key by the others’ statement of it', () => {
  const fixture = met();
  passOn(fixture, 'thief');
  passOn(fixture, 'next');
  fixture.pass(trustLimits.graceMs);
  expect(fixture.methods(comes(fixture, 'thief'))).toEqual(['_error_trust_frozen_key']);
});

/** b.example has gone through so many keys while nobody was looking, `k1` to the last. */
function steps(fixture: NodeFixture, count: number): ProofStep[] {
  const made: ProofStep[] = [];
  for (let at = 1; at <= count; at++) {
    const words = { from: at === 1 ? 'first' : `k${at - 1}`, seq: at + 1, after: made.at(-1)?.statement };
    const key = fixture.keys.domain(b, `k${at}`).certificate;
    made.push({ statement: statement(fixture, `k${at}`, words), key, recovery: null });
  }
  return made;
}

test.each([
  ['two', 2, true],
  ['eight, which are stepsMax and the first', 8, true],
  ['nine', 9, false],
])('who was away for months is shown the steps that he missed: %s', (_, count, isFollowed) => {
  const fixture = met();
  const last = `k${count}`;
  fixture.dns = (domain) =>
    idealRecord(fixture.keys, domain, domain === b ? last : undefined, { secure: true, seq: count + 1 });
  const all = steps(fixture, count);
  // As many as a proof has room for.
  const more = { earlier: all.slice(0, -1).slice(-7), rotation: all.at(-1)!.statement };
  expect(fixture.isProved(comes(fixture, last, more))).toBe(isFollowed);
  expect(kept(fixture).pin?.fingerprint).toBe(printOf(fixture, isFollowed ? last : 'first'));
  if (!isFollowed) return;
  expect(kept(fixture).retired).toHaveLength(count);
  // Whoever the key between has certified counts as long as it does.
  const before = records(fixture).find(({ name }) => name === 'key before')!.value;
  expect(decodeText(before)).toBe(decodeText(fixture.keys.domain(b, `k${count - 1}`).certificate));
  expect(fixture.isProved(comes(fixture, `k${count - 1}`, {}, 'between'))).toBe(true);
});

test('a thief who has gone through twelve keys does not outlive the recovery key’s word on the first', () => {
  const fixture = met();
  for (const [at, { statement: rotation }] of steps(fixture, 12).entries()) {
    const key = `k${at + 1}`;
    fixture.dns = (domain) =>
      idealRecord(fixture.keys, domain, domain === b ? key : undefined, { secure: true, seq: at + 2 });
    expect(fixture.isProved(comes(fixture, key, { rotation }))).toBe(true);
  }
  expect(kept(fixture).left).toHaveLength(12);
  const back = (name: string): string => comes(fixture, 'next', byRecovery(fixture, 'next'), name);
  expect(fixture.methods(back('early'))).toEqual(['_error_trust_waiting_key']);
  // What has led to the thief's keys, and the recovery key's word.
  expect(statementsKept(fixture)).toBe(13);
  fixture.pass(trustLimits.graceMs);
  expect(fixture.isProved(back('in time'))).toBe(true);
  expect(kept(fixture)).toMatchObject({ seq: 2, left: [], pin: { fingerprint: printOf(fixture, 'next') } });
  fixture.tell({ kind: 'domain key', domain: b });
  expect(statementsKept(fixture)).toBe(0);
});

test('where a step is missing, is another’s, or had no time yet, nobody is followed', () => {
  const fixture = met(trustLimits.recheckSoonMs);
  fixture.dns = (domain) => idealRecord(fixture.keys, domain, domain === b ? 'k3' : undefined, { seq: 4 });
  const [one, two, three] = steps(fixture, 3);
  const coming = (earlier: readonly ProofStep[], name: string): (string | null)[] =>
    fixture.methods(comes(fixture, 'k3', { earlier, rotation: three!.statement }, name));
  expect(coming([two!], 'without the first')).toEqual(['_error_trust_changed_key']);
  expect(coming([one!], 'without the second')).toEqual(['_error_trust_changed_key']);
  const foreign = statement(fixture, 'k2', { from: 'thief', seq: 3, after: one!.statement });
  expect(coming([one!, { ...two!, statement: foreign }], 'a foreign second')).toEqual(['_error_trust_changed_key']);
  expect(coming([one!, two!], 'all')).toEqual(['_error_trust_waiting_key']);
  fixture.pass(trustLimits.graceMs);
  const late = (name: string): string => comes(fixture, 'k3', { rotation: three!.statement }, name);
  expect(fixture.methods(late('first at key servers'))).toEqual(['_error_trust_waiting_key']);
  expect(fixture.isProved(late('in time'))).toBe(true);
});
