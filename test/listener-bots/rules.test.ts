/** The three rules, envelopes, opening once, context keys: one listener, told events, looked at by its effects. */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { newPair } from '../../onion/keys.ts';
import { readTell, renderAsks, renderTell } from '../../listener-bots/context-packets.ts';
import { openCell } from '../../listener-bots/opening.ts';
import { bare, enveloped, oneTime, onionOf, packetTo, Stand, suite } from './stand.ts';

/** A cell for nobody here. */
const foreign = (stand: Stand): Uint8Array => bare(stand.onion([{ ...oneTime(suite.random(32)) }]));

test('rule 1 and 2: what is new is rebroadcast to all members unchanged, also to whom it came from; what was seen is ignored', () => {
  const stand = new Stand();
  const cell = foreign(stand);
  stand.hear('mia.example', cell);
  expect(stand.cells).toEqual([
    { peer: 'mia.example', cell },
    { peer: 'max.example', cell },
  ]);
  stand.hear('max.example', cell);
  stand.hear('mia.example', cell);
  expect(stand.cells).toHaveLength(2);
  expect(stand.count('seen before')).toBe(2);
});

test('rule 3: a cell for another server is forwarded to it as well, member or not, and once', () => {
  const stand = new Stand();
  const cell = bare(stand.onion([stand.hop('may.example'), stand.hop('mia.example')]));
  stand.hear('mia.example', cell);
  expect(stand.cells.map(({ peer }) => peer)).toEqual(['mia.example', 'max.example', 'may.example']);
  const forMember = bare(stand.onion([stand.hop('max.example')]));
  stand.hear('mia.example', forMember);
  expect(stand.cells.slice(3).map(({ peer }) => peer)).toEqual(['mia.example', 'max.example']);
});

test('rule 3: an envelope of a context whose key is known is forwarded to its server', () => {
  const stand = new Stand().introduce();
  stand.hear(
    'mia.example',
    enveloped(stand.contexts.get('may.example')!.publicKey, suite.random(4000).fill(0, 31, 32)),
  );
  expect(stand.cells.map(({ peer }) => peer)).toContain('may.example');
});

test('rule 3: a cell of this server is rebroadcast first, and opened once', () => {
  const stand = new Stand();
  const onion = stand.onion([stand.hop('own.example')]);
  stand.hear('mia.example', bare(onion));
  expect(stand.of('exit').map(({ exit }) => [exit.target, exit.isSigned, exit.packet.dataText])).toEqual([
    ['psyc://own.example/~bob', false, 'hello'],
  ]);
  expect(stand.cells).toHaveLength(2);
  // The same onion behind other filler is another cell, and goes round; but it does not open again.
  stand.hear('max.example', bare(onion));
  expect([stand.cells.length, stand.of('exit').length, stand.count('opened before')]).toEqual([4, 1, 1]);
});

test('opened twice: not in the next life either', () => {
  const stand = new Stand();
  const onion = stand.onion([stand.hop('own.example')]);
  stand.hear('mia.example', bare(onion));
  stand.restart();
  stand.hear('mia.example', bare(onion));
  expect([stand.of('exit').length, stand.count('opened before')]).toEqual([1, 1]);
});

test('nothing is done before it is durable; where nobody knows, it is never done, and never opens again', () => {
  const stand = new Stand();
  stand.works = false;
  const onions = [stand.onion([stand.hop('own.example')]), stand.onion([stand.hop('own.example')])];
  for (const onion of onions) {
    stand.hear('mia.example', bare(onion));
    const { job } = stand.of('open').at(-1)!;
    stand.tell({ kind: 'opened', job: job.job, found: openCell(suite, job) });
  }
  expect([stand.of('exit').length, stand.of('remember').length]).toEqual([0, 1]);
  stand.tell({ kind: 'remembered', batch: 1, isDurable: true });
  // The second went into the next batch, since the first was under way.
  expect([stand.of('exit').length, stand.of('remember').length]).toEqual([1, 2]);
  stand.tell({ kind: 'remembered', batch: 2, isDurable: false });
  stand.works = true;
  stand.hear('mia.example', bare(onions[1]!));
  expect([stand.of('exit').length, stand.count('lost at the disk'), stand.count('opened before')]).toEqual([1, 1, 1]);
});

test('a client’s cell, an opened and a loop leave in an envelope of a known context; what was unwrapped leaves bare', () => {
  const stand = new Stand().introduce();
  const route = () => stand.onion([stand.hop('may.example'), stand.hop('mia.example')]);
  const handed = route();
  stand.tell({ kind: 'handed', client: 'ada', request: 7, cell: bare(handed) });
  expect(stand.of('taken')).toEqual([{ kind: 'taken', client: 'ada', request: 7 }]);
  const first = stand.envelopeOf(stand.cells[0]!.cell)!;
  expect(['max.example', 'may.example']).toContain(first.domain);
  expect(hexOf(first.onion)).toBe(hexOf(handed));

  const opened = new Stand().introduce();
  opened.hear('mia.example', bare(opened.onion([opened.hop('own.example'), opened.hop('mia.example')])));
  const left = new Set(opened.cells.map(({ cell }) => cell));
  // What was heard goes on as it came; what came of it is the other.
  expect([...left].filter((cell) => opened.envelopeOf(cell) === null)).toHaveLength(1);
  expect(left.size).toBe(2);

  const unwrapping = new Stand().introduce();
  unwrapping.hear('mia.example', renderAsks(), 'asks');
  const told = readTell(unwrapping.of('send').find(({ frame }) => frame.kind === 'tell')!.frame.data)!;
  const inner = unwrapping.onion([unwrapping.hop('may.example'), unwrapping.hop('mia.example')]);
  unwrapping.hear('mia.example', enveloped(told.publicKey, inner));
  const bareOnes = unwrapping.cells.filter(({ cell }) => hexOf(onionOf(cell)) === hexOf(inner));
  expect(bareOnes.map(({ peer }) => peer)).toEqual(['mia.example', 'max.example', 'may.example']);
});

test('an envelope opens once, also when it was forgotten that it was seen; not in the next life at all', () => {
  const stand = new Stand({ seenMs: 10 }).introduce();
  stand.hear('mia.example', renderAsks(), 'asks');
  const told = readTell(stand.of('send').find(({ frame }) => frame.kind === 'tell')!.frame.data)!;
  const cell = enveloped(told.publicKey, stand.onion([stand.hop('mia.example')]));
  stand.hear('mia.example', cell);
  stand.nowMs += 30;
  stand.hear('mia.example', cell);
  expect([stand.count('unwrapped'), stand.count('opened before')]).toEqual([1, 1]);
  stand.restart();
  stand.hear('mia.example', cell);
  expect([stand.count('unwrapped'), stand.of('open').length]).toEqual([0, 2]);
});

test('without a context nothing new leaves; it waits until one is known', () => {
  const stand = new Stand();
  stand.tell({ kind: 'handed', client: 'ada', request: 1, cell: bare(stand.onion([stand.hop('may.example')])) });
  expect(stand.cells).toEqual([]);
  stand.introduce(['may.example']);
  expect(stand.cells).toHaveLength(3);
});

test('envelopes are for all known wide contexts alike, and for no other', () => {
  const stand = new Stand({ originCellsOfOneMax: 1000 }).introduce();
  const { publicKey } = stand.contexts.get('mia.example')!;
  // mia's context is none that this server is a member of: what she says of it is not believed.
  stand.hear('mia.example', renderTell({ publicKey, seconds: 60, isWide: true }), 'tell');
  expect(stand.count('invalid answer')).toBe(1);
  const seen = new Map<string, number>();
  for (let time = 0; time < 400; time++) {
    const before = stand.cells.length;
    stand.tell({ kind: 'handed', client: 'ada', request: time, cell: bare(suite.random(4000).fill(0, 31, 32)) });
    const { domain } = stand.envelopeOf(stand.cells[before]!.cell)!;
    seen.set(domain, (seen.get(domain) ?? 0) + 1);
  }
  // Of 400 draws from two, 200 each: five standard deviations are 50.
  expect([...seen.keys()].sort()).toEqual(['max.example', 'may.example']);
  for (const times of seen.values()) expect(Math.abs(times - 200)).toBeLessThan(50);
  const narrow = new Stand();
  narrow.hear(
    'may.example',
    renderTell({ publicKey: stand.contexts.get('may.example')!.publicKey, seconds: 60, isWide: false }),
    'tell',
  );
  narrow.tell({ kind: 'handed', client: 'ada', request: 1, cell: bare(suite.random(4000).fill(0, 31, 32)) });
  expect(narrow.cells).toEqual([]);
});

test('a context’s key is told to members only; to others nothing', () => {
  const stand = new Stand();
  const told = (): string[] => stand.of('send').flatMap(({ peer, frame }) => (frame.kind === 'tell' ? [peer] : []));
  stand.hear('may.example', renderAsks(), 'asks');
  expect([told(), stand.count('question of no member')]).toEqual([[], 1]);
  stand.hear('mia.example', renderAsks(), 'asks');
  expect(told()).toEqual(['mia.example']);
  stand.hear('mia.example', renderAsks().fill(9, 4000), 'asks');
  expect([told().length, stand.count('invalid question')]).toEqual([1, 1]);
});

test('it asks the contexts that it is a member of, and no others; again when a key will soon be over', () => {
  const stand = new Stand({ contextAskMs: 1000, contextRenewMs: 60_000 }, true);
  const asked = (): string[] => stand.of('send').flatMap(({ peer, frame }) => (frame.kind === 'asks' ? [peer] : []));
  expect(asked()).toEqual(['max.example', 'may.example']);
  stand.introduce();
  stand.nowMs += 3_539_000;
  stand.tell({ kind: 'wake' });
  expect(asked()).toHaveLength(2);
  stand.nowMs += 2000;
  stand.tell({ kind: 'wake' });
  expect(asked()).toHaveLength(4);
});

test('an envelope for the key that a context had before is still forwarded, and none is made for it', () => {
  const stand = new Stand().introduce(['may.example']);
  const former = stand.contexts.get('may.example')!;
  stand.contexts.set('may.example', newPair(suite, suite.random));
  stand.introduce(['may.example']);
  const before = stand.cells.length;
  stand.hear('mia.example', enveloped(former.publicKey, suite.random(4000).fill(0, 31, 32)));
  expect(stand.cells.slice(before).map(({ peer }) => peer)).toContain('may.example');
  stand.tell({ kind: 'handed', client: 'ada', request: 1, cell: foreign(stand) });
  expect(stand.envelopeOf(stand.cells.at(-1)!.cell)?.domain).toBe('may.example');
});

test('a key whose link is gone is used no more, nor one that is no point', () => {
  const stand = new Stand().introduce();
  stand.tell({ kind: 'unlinked', peer: 'max.example' });
  stand.tell({ kind: 'unlinked', peer: 'may.example' });
  expect(stand.listener.status().contexts).toBe(0);
  stand.tell({ kind: 'linked', peer: 'may.example', membership: { isMember: true, isMemberThere: true } });
  for (const publicKey of [new Uint8Array(32), new Uint8Array(32).fill(255)]) {
    stand.hear('may.example', renderTell({ publicKey, seconds: 60, isWide: true }), 'tell');
  }
  expect([stand.count('invalid answer'), stand.listener.status().contexts]).toEqual([2, 0]);
});

test('damaged cells change nothing: the true one opens afterwards', () => {
  const stand = new Stand();
  const cell = bare(stand.onion([stand.hop('own.example')]));
  const sizes = stand.listener.queues();
  for (const at of [128 + 3, 144, 160, 300, 640, 656, 4095]) {
    const damaged = new Uint8Array(cell);
    damaged[at]! ^= 4;
    stand.hear('mia.example', damaged);
  }
  expect(stand.listener.queues()).toEqual(sizes);
  expect([stand.of('remember').length, stand.disk.tags.length]).toEqual([0, 0]);
  stand.hear('mia.example', cell);
  expect(stand.of('exit')).toHaveLength(1);
});

test('a one-time secret opens once, its secret leaves the slot file, and a deposit makes the next', () => {
  const stand = new Stand();
  const depositing = stand.onion([stand.hop('own.example', { isDeposit: true })]);
  stand.hear('mia.example', bare(depositing));
  const { secret } = stand.disk.slots[0]!;
  const onion = stand.onion([oneTime(secret)]);
  stand.hear('mia.example', bare(onion));
  stand.hear('mia.example', bare(stand.onion([oneTime(secret)])));
  expect([stand.of('exit').length, stand.disk.slots.length, stand.disk.marks.length]).toEqual([2, 0, 1]);
  // A slot file that is behind, as after a crash between mark and slot: it is overwritten, and opens nothing.
  stand.disk.slots = [{ secret, untilSeconds: stand.disk.marks[0]!.untilSeconds }];
  stand.restart();
  expect(stand.of('forget')).toEqual([{ kind: 'forget', secrets: [secret] }]);
  stand.hear('mia.example', bare(stand.onion([oneTime(secret)])));
  expect(stand.of('exit')).toHaveLength(2);
});

test('an opened cell waits as long as its sender wished', () => {
  const stand = new Stand().introduce();
  const before = stand.cells.length;
  const onion = stand.onion([stand.hop('own.example', { delayMs: 700 }), stand.hop('mia.example')]);
  stand.hear('mia.example', bare(onion));
  stand.wait(699);
  expect(stand.cells).toHaveLength(before + 2);
  stand.wait(1);
  expect(stand.cells.length).toBeGreaterThan(before + 2);
});

test('copies: of a watched tag, or of everything; watching keeps no cell from being opened', () => {
  const stand = new Stand();
  const secret = suite.random(32);
  const onion = stand.onion([oneTime(secret)]);
  const tag = onion.subarray(32, 48);
  stand.tell({ kind: 'watch', client: 'ada', request: 1, tag, isOn: true });
  stand.tell({ kind: 'watch', client: 'eve', request: 1, tag: null, isOn: true });
  stand.hear('mia.example', bare(onion));
  stand.hear('mia.example', bare(stand.onion([stand.hop('own.example')])));
  expect(stand.of('copy').map(({ client }) => client)).toEqual(['eve', 'ada', 'eve']);
  expect(stand.of('exit')).toHaveLength(1);
  stand.tell({ kind: 'gone', client: 'ada' });
  stand.tell({ kind: 'gone', client: 'eve' });
  stand.hear('mia.example', bare(onion));
  expect([stand.of('copy').length, stand.cells.length]).toEqual([3, 6]);
});

test('a key that is missing or over is destroyed: it opens nothing, and nothing is remembered of it', () => {
  const stand = new Stand();
  stand.hear('mia.example', bare(stand.onion([stand.hop('own.example')])));
  stand.tell({ kind: 'keys', keys: [] });
  expect(stand.of('forget key')).toHaveLength(1);
  stand.hear('mia.example', bare(stand.onion([stand.hop('own.example')])));
  expect(stand.of('exit')).toHaveLength(1);
});

test('a full replay memory: a new epoch is asked for at 80 percent, and then the key opens nothing more', () => {
  const stand = new Stand({ replayTagsMax: 5 });
  for (let time = 0; time < 8; time++) stand.hear('mia.example', bare(stand.onion([stand.hop('own.example')])));
  expect([stand.of('exit').length, stand.of('renew').length, stand.count('replay memory full')]).toEqual([5, 1, 3]);
});

test('limits: clients, links, budgets, cells of a wrong form', () => {
  const stand = new Stand({ originCellsOfOneMax: 2, bucketFramesMax: 10, watchesOfOneMax: 1 });
  const hand = (client: string, cell = foreign(stand)): void =>
    stand.tell({ kind: 'handed', client, request: 1, cell });
  hand('ada');
  hand('ada');
  hand('ada');
  hand('bea');
  hand('bea', new Uint8Array(4095));
  hand('bea', new Uint8Array(4096).fill(255));
  expect(stand.of('refused').map(({ client, code }) => `${client} ${code}`)).toEqual([
    'ada _mor_full',
    'bea _onion_invalid_length',
    'bea _onion_invalid_point',
  ]);
  for (const tag of [suite.random(16), suite.random(16)]) {
    stand.tell({ kind: 'watch', client: 'ada', request: 2, tag, isOn: true });
  }
  expect(stand.of('refused').at(-1)!.code).toBe('_mor_excessive_watches');
  for (let time = 0; time < 12; time++) stand.hear('mia.example', new Uint8Array(4096), 'idle');
  expect(stand.count('over the budget of a link')).toBe(2);
  stand.hear('max.example', new Uint8Array(4096).fill(255));
  expect([stand.cells.length, stand.count('refused _onion_invalid_point')]).toEqual([0, 1]);
});

test('what nobody here takes is dropped with its code', () => {
  const stand = new Stand();
  const drop = (content: Uint8Array): void =>
    stand.hear('mia.example', bare(stand.onion([stand.hop('own.example')], content)));
  drop(packetTo('psyc://own.example/~eve'));
  drop(packetTo('psyc://may.example/~bob'));
  drop(new Uint8Array([0, 2]));
  expect(stand.count('dropped _onion_invalid_shard')).toBe(1);
  expect([
    stand.of('exit'),
    stand.count('dropped _mor_closed_target'),
    stand.count('dropped _mor_foreign_target'),
  ]).toEqual([[], 1, 1]);
});
