/** People at home: who may register and log in, with which keys, on which channels. */
import { expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { deviceId } from '../../pki/device-statement.ts';
import { decodeText } from '../../psyc/bytes.ts';
import { IdealKeys } from '../../simulator/ideal.ts';
import { beginUnixMs, type Party } from '../../simulator/scenes/circuit-end.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const hall = 'psyc://a.example/@hall';
const sealed = '_message_private_sealed';
const keys = new IdealKeys((length) => new Uint8Array(length));

/** What a peer is told that comes so. */
function refusal(fixture: NodeFixture, peer: string, party: Partial<Party> = {}, name = 'tried'): (string | null)[] {
  fixture.connect(peer, { name, party });
  return fixture.methods(name);
}

const recordOf = (fixture: NodeFixture, context: string, name: string): Uint8Array | undefined => {
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context });
  return outcome.kind === 'records' ? outcome.records.find((found) => found.name === name)?.value : undefined;
};

test('who registers is certified, kept, and let in; later he logs in', () => {
  const fixture = new NodeFixture();
  const phone = fixture.connect('client ada phone');
  expect([fixture.isProved(phone), fixture.hear(phone)]).toEqual([true, []]);
  const ada = 'psyc://a.example/~ada';
  expect(recordOf(fixture, ada, 'fingerprint')).toEqual(fixture.identityOf('ada').fingerprint);
  expect(decodeText(recordOf(fixture, ada, 'key')!)).toContain(hexOf(fixture.keys.domain('a.example').fingerprint));
  expect(recordOf(fixture, ada, 'statement')).toEqual(fixture.identityOf('ada').statement);
  const next = new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2 });
  expect(next.isProved(next.connect('client ada desk', { party: { invite: undefined } }))).toBe(true);
  // Asking again with the same key is a renewal.
  expect(next.isProved(next.connect('client ada tablet', { party: { invite: null } }))).toBe(true);
});

test.each<[string, string, Partial<Party>]>([
  ['_registration_invalid_nick', 'client p3do phone', {}],
  ['_registration_foreign_domain', 'client ada phone', { person: 'psyc://b.example/~ada' }],
  [
    '_registration_taken',
    'client bob phone',
    { invite: null, keys: keys.person('psyc://a.example/~bob', [], { identity: 'x' }) },
  ],
  ['_login_foreign_domain', 'client ada phone', { person: 'psyc://b.example/~ada', invite: undefined }],
  ['_login_unknown_person', 'client ada phone', { invite: undefined }],
  ['_login_invalid_channel', 'client bob phone', { channel: channel('bob', 'desk') }],
  ['_login_invalid_channel', 'client bob phone', { channel: channel('ada', 'phone') }],
  ['_trust_changed_key', 'client bob phone', { keys: keys.person('psyc://a.example/~bob', [], { identity: 'x' }) }],
  ['_unlisted_device', 'client bob phone', { seed: keys.device('stranger'), channel: strangersChannel() }],
  ['_foreign_user_id', 'client ada phone', { keys: keys.person('psyc://a.example/~eve', []) }],
])('%s', (code, peer, party) => {
  const fixture = new NodeFixture({}, { keys });
  fixture.connect('client bob desk');
  expect(refusal(fixture, peer, party)).toEqual([`_error${code}`]);
  expect(fixture.closed).toEqual(['tried']);
  expect(recordOf(fixture, 'psyc://a.example/~ada', 'fingerprint')).toBeUndefined();
});

function strangersChannel(): string {
  return `psyc://a.example/~bob#${hexOf(keys.idOf(keys.device('stranger'))).slice(0, 16)}`;
}

test('invitations: none, a wrong one, a good one, a used one; who used it may come again', () => {
  const fixture = new NodeFixture();
  fixture.keys.close('a.example', ['welcome', 'hello']);
  expect(refusal(fixture, 'client ada phone')).toEqual(['_error_registration_closed']);
  expect(refusal(fixture, 'client ada phone', { invite: 'please' })).toEqual(['_error_registration_invalid_invite']);
  expect(fixture.isProved(fixture.connect('client ada phone', { party: { invite: 'welcome' } }))).toBe(true);
  expect(refusal(fixture, 'client bob phone', { invite: 'welcome' })).toEqual(['_error_registration_used_invite']);
  expect(recordOf(fixture, 'psyc://a.example/~bob', 'key')).toBeUndefined();
  expect(fixture.isProved(fixture.connect('client ada desk', { party: { invite: 'welcome' } }))).toBe(true);
  expect(fixture.isProved(fixture.connect('client bob desk', { party: { invite: 'hello' } }))).toBe(true);
});

test('a nick that can be taken for another’s, or for the domain’s own, is refused, and uses no invitation up', () => {
  const fixture = new NodeFixture();
  fixture.keys.close('a.example', ['welcome', 'hello']);
  expect(fixture.isProved(fixture.connect('client alice phone', { party: { invite: 'welcome' } }))).toBe(true);
  for (const nick of ['a1ice', '_alice_', 'p3d0', '-p3do']) {
    const told = refusal(fixture, `client ${nick} desk`, { invite: 'hello' });
    expect([nick, ...told]).toEqual([nick, '_error_registration_confusable']);
  }
  expect(recordOf(fixture, 'psyc://a.example/~a1ice', 'key')).toBeUndefined();
  expect(refusal(fixture, 'client zoe phone', { invite: 'welcome' })).toEqual(['_error_registration_used_invite']);
  expect(fixture.isProved(fixture.connect('client bob phone', { party: { invite: 'hello' } }))).toBe(true);
  // Asking once more is no confusion.
  expect(fixture.isProved(fixture.connect('client alice desk', { party: { invite: null } }))).toBe(true);
});

test('one invitation is for one name, whatever key comes again', () => {
  const fixture = new NodeFixture();
  fixture.keys.close('a.example', ['welcome']);
  expect(fixture.isProved(fixture.connect('client ada phone', { party: { invite: 'welcome' } }))).toBe(true);
  const [person, seed] = ['psyc://a.example/~bob', fixture.seedOf('bob', 'phone')];
  const same = fixture.keys.person(person, [seed], { identity: 'psyc://a.example/~ada' });
  expect(same.fingerprint).toEqual(fixture.identityOf('ada').fingerprint);
  expect(refusal(fixture, 'client bob phone', { invite: 'welcome', keys: same })).toEqual([
    '_error_registration_used_invite',
  ]);
});

test('two who register one nick at the same time: the first gets it', () => {
  const fixture = new NodeFixture();
  fixture.held.pki = [];
  fixture.connect('client ada phone');
  const other = fixture.keys.person('psyc://a.example/~ada', [fixture.seedOf('ada', 'desk')], { identity: 'x' });
  fixture.connect('client ada desk', { party: { keys: other } });
  fixture.release();
  expect(fixture.isProved('client ada phone')).toBe(true);
  expect(fixture.methods('client ada desk')).toEqual(['_error_registration_taken']);
});

/** A store that fails writes, or everything. */
class FailingStore {
  readonly store = new MemoryStore();
  failing: 'writes' | 'all' | null = null;

  perform(request: StoreRequest): StoreOutcome {
    const fails = this.failing === 'all' || (this.failing === 'writes' && request.kind === 'write');
    if (fails) return { kind: 'refused', request: request.request, code: '_store_lost' };
    return this.store.perform(request);
  }
}

test('without its store a node takes nobody: _trust_unavailable; then everybody', () => {
  const store = new FailingStore();
  const fixture = new NodeFixture({}, { store });
  store.failing = 'writes';
  expect(refusal(fixture, 'client ada phone')).toEqual(['_error_trust_unavailable']);
  store.failing = 'all';
  expect(refusal(fixture, 'server b.example')).toEqual(['_error_trust_unavailable']);
  store.failing = null;
  fixture.pass(60_000);
  expect(fixture.isProved(fixture.connect('client ada phone'))).toBe(true);
  expect(fixture.isProved(fixture.connect('server b.example'))).toBe(true);
});

test('a newer statement is kept, and cuts the circuits of those it revokes; an older one lets nobody in', () => {
  const fixture = new NodeFixture();
  const [phone, bot] = [fixture.connect('client ada phone'), fixture.connect('client ada phone-bot')];
  const older = fixture.identityOf('ada');
  const ada = 'psyc://a.example/~ada';
  const own = channelOf(ada, deviceId(fixture.keys.suite.ed25519PublicKey(fixture.seedOf('ada', 'phone')))).split(
    '#',
  )[1]!;
  const mark = { op: 'mark', context: ada, lease: 1, name: `device ${own}`, sequence: 0 } as const;
  fixture.store.perform({ kind: 'write', request: 0, operations: [mark] });
  const revoked = [fixture.seedOf('ada', 'phone')];
  const newer = fixture.identityOf('ada', 'a.example', { counter: 2, devices: ['desk', 'tablet'], revoked });
  const desk = fixture.connect('client ada desk', { party: { keys: newer } });
  expect(fixture.isProved(desk)).toBe(true);
  for (const cut of [phone, bot]) expect(fixture.methods(cut)).toEqual(['_error_revoked_device']);
  expect(JSON.stringify(fixture.store.perform({ kind: 'marks', request: 0, context: ada }))).not.toContain(mark.name);
  expect(fixture.closed).toEqual([phone, bot]);
  expect(recordOf(fixture, 'psyc://a.example/~ada', 'statement')).toEqual(newer.statement);
  expect(refusal(fixture, 'client ada phone', { keys: newer })).toEqual(['_error_revoked_device']);
  expect(refusal(fixture, 'client ada phone', { keys: older })).toEqual(['_error_revoked_device']);
  expect(refusal(fixture, 'client ada lost', { keys: older })).toEqual(['_error_stale_statement']);
  // Nor by registering once more.
  expect(refusal(fixture, 'client ada phone', { keys: older, invite: null })).toEqual(['_error_revoked_device']);
});

test('whom the newest statement lists comes in with an older one, and is handed the newest', () => {
  const fixture = new NodeFixture();
  const phone = fixture.connect('client ada phone');
  const older = fixture.identityOf('ada');
  const newer = fixture.identityOf('ada', 'a.example', { counter: 2, devices: ['phone', 'desk', 'watch'] });
  expect(fixture.isProved(fixture.connect('client ada watch', { party: { keys: newer } }))).toBe(true);
  const again = fixture.connect('client ada phone', { name: 'again', party: { keys: older } });
  expect([fixture.isProved(again), fixture.stated.get(again)]).toEqual([true, newer.statement]);
  const last = fixture.connect('client ada desk', { party: { keys: older, invite: null } });
  expect([fixture.isProved(last), fixture.stated.get(last)]).toEqual([true, newer.statement]);
  expect([...fixture.stated.keys()]).not.toContain(phone);
  expect(recordOf(fixture, 'psyc://a.example/~ada', 'statement')).toEqual(newer.statement);
});

test('who is revoked between the question for his key and his admission is not let in', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada tablet');
  fixture.held.pki = [];
  const revoked = [fixture.seedOf('ada', 'phone')];
  const newer = fixture.identityOf('ada', 'a.example', { counter: 2, devices: ['desk', 'tablet'], revoked });
  // In this order: the desk's key, the phone's key, the desk's admission with its statement, the phone's admission.
  fixture.connect('client ada desk', { party: { keys: newer } });
  fixture.connect('client ada phone');
  fixture.release();
  expect(fixture.isProved('client ada desk')).toBe(true);
  expect(fixture.isProved('client ada phone')).toBe(false);
  expect(fixture.methods('client ada phone')).toEqual(['_error_revoked_device']);
});

test('who registers once more with a newer statement cuts the revoked as well', () => {
  const fixture = new NodeFixture();
  const phone = fixture.connect('client ada phone');
  const revoked = [fixture.seedOf('ada', 'phone')];
  const newer = fixture.identityOf('ada', 'a.example', { counter: 2, devices: ['desk'], revoked });
  expect(fixture.isProved(fixture.connect('client ada desk', { party: { keys: newer, invite: null } }))).toBe(true);
  expect(fixture.methods(phone)).toEqual(['_error_revoked_device']);
});

test('who was away until his certification had ended is let in, and renewed', () => {
  const fixture = new NodeFixture();
  const day = 86_400_000;
  fixture.keys.untilMs = beginUnixMs + 30 * day;
  fixture.connect('client ada phone');
  const ended = recordOf(fixture, 'psyc://a.example/~ada', 'key');
  fixture.nowMs = 31 * day;
  fixture.keys.untilMs = beginUnixMs + 61 * day;
  const desk = fixture.connect('client ada desk', { party: { keys: { ...fixture.identityOf('ada'), key: ended! } } });
  expect(fixture.methods(desk)).toEqual([]);
  expect(fixture.isProved(desk)).toBe(true);
  expect(recordOf(fixture, 'psyc://a.example/~ada', 'key')).not.toEqual(ended);
  // And by registering once more.
  fixture.nowMs = 70 * day;
  fixture.keys.untilMs = beginUnixMs + 100 * day;
  expect(fixture.isProved(fixture.connect('client ada tablet', { party: { invite: null } }))).toBe(true);
});

test('a certification that ends soon is renewed at the login, and kept', () => {
  const fixture = new NodeFixture();
  const day = 86_400_000;
  fixture.keys.untilMs = beginUnixMs + 30 * day;
  fixture.connect('client ada phone');
  const first = recordOf(fixture, 'psyc://a.example/~ada', 'key');
  fixture.keys.untilMs = beginUnixMs + 60 * day;
  fixture.nowMs = 5 * day;
  fixture.connect('client ada desk');
  expect(recordOf(fixture, 'psyc://a.example/~ada', 'key')).toEqual(first);
  fixture.nowMs = 15 * day;
  expect(fixture.isProved(fixture.connect('client ada tablet'))).toBe(true);
  expect(recordOf(fixture, 'psyc://a.example/~ada', 'key')).not.toEqual(first);
});

test('everybody may ask for the keys of who lives here', () => {
  const fixture = new NodeFixture();
  fixture.connect('client ada phone');
  const server = fixture.connect('server b.example');
  const ask = (nick: string): void =>
    fixture.sayRaw(server, {
      routing: { _source: 'psyc://b.example', _target: `psyc://a.example/~${nick}`, _tag: 'k' },
      method: '_request_keys',
    });
  ask('ada');
  const [answer] = fixture.hear(server);
  expect(answer).toMatchObject({
    method: '_status_keys',
    routing: { _tag_relay: 'k', _source: 'psyc://a.example/~ada' },
  });
  expect(answer?.packet.value('_key')).toEqual(recordOf(fixture, 'psyc://a.example/~ada', 'key'));
  expect(answer?.packet.value('_statement')).toEqual(fixture.identityOf('ada').statement);
  expect(answer?.packet.value('_key_domain')).toEqual(fixture.keys.domain('a.example').certificate);
  ask('nobody');
  expect(fixture.methods(server)).toEqual(['_error_unknown_target']);
});

test('main channels hear what is for the person, a side channel what is for it; a newer circuit replaces the older', () => {
  const fixture = new NodeFixture();
  const ada = 'psyc://a.example/~ada';
  const [phone, desk] = [fixture.connect('client ada phone'), fixture.connect('client ada desk')];
  const bot = fixture.connect('client ada desk-bot');
  const bob = fixture.connect('client bob phone');
  fixture.say(phone, said(channel('ada', 'phone'), hall, 1, '_request_context_enter'));
  fixture.say(bob, said(channel('bob', 'phone'), ada, 1, sealed, 'psst'));
  expect(fixture.methods(desk)).toEqual(['_notice_context_enter', sealed]);
  expect(fixture.methods(bot)).toEqual([]);
  fixture.say(bot, said(channel('ada', 'desk-bot'), hall, 1, '_message_public', 'beep'));
  expect(fixture.methods(bot)).toEqual(['_echo_message_public']);
  expect(fixture.methods(desk)).toEqual(['_message_public']);
  const again = fixture.connect('client ada desk-bot', { name: 'again' });
  expect(fixture.closed).toEqual([bot]);
  fixture.say(again, said(channel('ada', 'desk-bot'), hall, 2, '_message_public', 'boop'));
  expect(fixture.methods(again)).toEqual(['_echo_message_public']);
  expect(fixture.methods(bot)).toEqual([]);
  // The end of the old stream is none of the new circuit's.
  fixture.tell({ kind: 'failed', circuit: bot });
  fixture.say(again, said(channel('ada', 'desk-bot'), hall, 3, '_message_public', 'bing'));
  expect(fixture.methods(again)).toEqual(['_echo_message_public']);
});
