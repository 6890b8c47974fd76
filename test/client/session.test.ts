/** A session against a home that plays its part: logging in, saying, being answered, starting again after a crash. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { publicationIn } from '../../client/session/carried.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { type DeviceStatement, splitStatement } from '../../pki/device-statement.ts';
import { enrol, firstStatement, signStatement } from '../../pki/enrolment.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { publicationId } from '../../publication/fields.ts';
import { suite } from '../../server/suite.ts';
import { domainKey, Home, NOW } from './home.ts';
import { fresh, Life, someone, type Someone } from './life.ts';
import { dropped, textOf } from '../../client/session/pending.ts';

let keyA: SecretKey;
let keyB: SecretKey;
let ada: Someone;
let bob: Someone;
const hall = 'psyc://b.example/@hall';

beforeAll(async () => {
  keyA = await domainKey('a.example', 10);
  keyB = await domainKey('b.example', 20);
  ada = await someone('ada', 'a.example', 30, keyA);
  bob = await someone('bob', 'b.example', 40, keyB);
});

const life = (options = {}): Promise<Life> => new Life(ada, new Home('a.example', keyA), options).start();
const say = (command: number, target: string, text: string) => ({ kind: 'say', command, target, text }) as const;

describe('login', () => {
  test('proves the host, pins its key loudly, logs in on a side channel', async () => {
    const { outputs, kept, home } = await life();
    expect(outputs.map(({ kind }) => kind)).toEqual(['progress', 'first key', 'ready']);
    expect(kept.pins.get('a.example')?.fingerprint).toBe(keyA.certificate.key.fingerprint);
    expect(home.proofs.map(({ kind }) => kind)).toEqual(['server request', 'device']);
    expect(home.proofs[1]).toMatchObject({
      channel: expect.stringMatching(/^psyc:\/\/a\.example\/~ada#[0-9a-f]{16}-1$/),
    });
  });

  test('does not believe a key before its pin is durable', async () => {
    const home = new Home('a.example', keyA);
    const client = new Life(ada, home);
    client.diskAnswers = false;
    await client.start();
    expect(home.proofs.map(({ kind }) => kind)).toEqual(['server request']);
    await client.flush();
    expect(home.proofs.map(({ kind }) => kind)).toEqual(['server request', 'device']);
  });

  test('registers first, and keeps what the domain certified', async () => {
    const kept = { ...fresh(ada), isRegistered: false, certificate: ada.identity.certificate.bytes };
    const client = await life({ kept, registration: { invite: 'x' } });
    expect(client.home.proofs.map(({ kind }) => kind)).toEqual(['server request', 'registration', 'device']);
    expect(client.told('ready')).toEqual([{ kind: 'ready', wasRegistered: true }]);
    expect(client.kept.isRegistered).toBe(true);
    expect(client.kept.certificate.length).toBeGreaterThan(kept.certificate.length);
  });

  test('registers beside other devices: by what the home has, unless its own follows that', async () => {
    const key = (byte: number) => new Uint8Array(32).fill(byte);
    const own = ada.statement;
    const first = firstStatement(ada.identity.certificate.key.fingerprint, 'ada <ada@a.example>', NOW);
    const signed = (statement: DeviceStatement) => signStatement(ada.identity.signer, statement);
    const others = await signed(enrol(first, key(8), NOW));
    const newer = await signed(enrol(enrol(splitStatement(own).statement, key(8), NOW), key(9), NOW));
    const [before, spoilt] = [
      await signed(first),
      others.map((byte, at) => (at === others.length - 1 ? byte ^ 1 : byte)),
    ];
    const shown = async (enrolled: Uint8Array) => {
      const kept = { ...fresh(ada), isRegistered: false, certificate: ada.identity.certificate.bytes };
      const refuses = { kind: 'device', code: '_unlisted_device' } as const;
      const home = new Home('a.example', keyA, { enrolled, refuses });
      const client = await new Life(ada, home, { kept, registration: { invite: null } }).start();
      const login = client.home.proofs.findLast(({ kind }) => kind === 'device');
      return { kept: client.kept.statement, shown: login?.kind === 'device' ? login.evidence.statement : null };
    };
    expect(await shown(newer)).toEqual({ kept: newer, shown: newer });
    expect(await shown(others)).toEqual({ kept: others, shown: others });
    expect(await shown(before)).toEqual({ kept: own, shown: own });
    // What the identity has not signed is nothing to stand on.
    for (const bad of [spoilt, bob.statement]) expect(await shown(bad)).toEqual({ kept: own, shown: null });
  });
});

describe('keys that grow old', () => {
  /** The next statement of ada's devices, with one more. */
  const next = async (): Promise<Uint8Array> => {
    const { statement } = splitStatement(ada.statement);
    return signStatement(ada.identity.signer, enrol(statement, new Uint8Array(32).fill(9), NOW));
  };

  test('a newer statement that the home hands back is checked, kept, and shown from then on', async () => {
    const newest = await next();
    const client = new Life(ada, new Home('a.example', keyA, { newest }));
    await client.start();
    expect(client.kept.statement).toEqual(newest);
    client.home.drop();
    await client.settle();
    await client.pass(1_000);
    expect(client.home.proofs.findLast(({ kind }) => kind === 'device')).toMatchObject({
      evidence: { statement: newest },
    });
  });

  test('an older one, a spoilt one and somebody else’s are not kept', async () => {
    const newest = await next();
    const spoilt = newest.map((byte, at) => (at === newest.length - 1 ? byte ^ 1 : byte));
    for (const bad of [ada.statement, spoilt, bob.statement, new Uint8Array(3)]) {
      const client = new Life(ada, new Home('a.example', keyA, { newest: bad }));
      await client.start();
      expect(client.kept.statement).toEqual(ada.statement);
      expect(client.told('ready')).toHaveLength(1);
    }
    const late = new Life(ada, new Home('a.example', keyA, { newest: ada.statement }), {
      kept: { ...fresh(ada), statement: newest },
    });
    await late.start();
    expect(late.kept.statement).toEqual(newest);
  });

  test('after circuitMsMax a circuit is replaced, so that the certification is renewed', async () => {
    const client = await life();
    const { circuit } = client;
    // Nothing else keeps this circuit up for a week.
    client.tell({ kind: 'timer', name: 'renew' });
    await client.settle();
    await client.pass(1_000);
    expect(client.circuit).toBe(circuit + 1);
    expect(client.told('ready')).toHaveLength(2);
  });
});

describe('saying', () => {
  test('is kept, then sent signed, then stored', async () => {
    const client = await life();
    await client.command(say(1, hall, 'hello'));
    const [message] = client.said('_message_public');
    expect(message?.packet.value('_signature_author')).toHaveLength(149);
    expect(message?.packet.dataText).toBe('hello');
    expect(client.kept.speaking.pending).toHaveLength(1);
    client.home.answer(message!, '_echo_message_public', { _sequence: '7' });
    await client.settle();
    const signed = publicationIn(message!.packet.raw)!;
    const publication = hexOf(publicationId(suite, signed));
    expect(client.told('stored')).toEqual([{ kind: 'stored', command: 1, target: hall, at: 'b.example', publication }]);
    expect(client.kept.speaking.pending).toHaveLength(0);
  });

  test('nothing leaves before it is durable', async () => {
    const client = await life();
    client.diskAnswers = false;
    await client.command(say(1, hall, 'hello'));
    expect(client.said('_message_public')).toHaveLength(0);
    await client.flush();
    expect(client.said('_message_public')).toHaveLength(1);
  });

  test('after a crash the very same bytes are said again, and numbers go on', async () => {
    const client = await life();
    await client.command(say(1, hall, 'hello'));
    const again = await life({ kept: client.kept });
    const [first] = client.said('_message_public');
    const [second] = again.said('_message_public');
    expect(equalBytes(first!.packet.raw, second!.packet.raw)).toBe(true);
    await again.command(say(1, hall, 'more'));
    expect(again.said('_message_public')).toHaveLength(1);
    again.home.answer(second!, '_echo_message_public');
    await again.settle();
    expect(again.told('stored before')).toHaveLength(1);
    const [, more] = again.said('_message_public');
    expect(more?.routing.get('_counter')).toBe('2');
    expect(more?.routing.get('_tag')).not.toBe(first?.routing.get('_tag'));
  });

  test('is repeated until it is answered, later each time', async () => {
    const client = await life();
    await client.command(say(1, hall, 'hello'));
    await client.pass(2_500);
    expect(client.said('_message_public')).toHaveLength(2);
    await client.pass(4_000);
    expect(client.said('_message_public')).toHaveLength(3);
    expect(client.told('sent')).toHaveLength(1);
  });

  test('an answer with another tag, counter or source counts for nothing', async () => {
    const client = await life();
    await client.command(say(1, hall, 'hello'));
    const [message] = client.said('_message_public');
    const changed = (name: string, value: string) => ({
      ...message!,
      routing: new Map(message!.routing).set(name, value),
    });
    client.home.answer(changed('_tag', 'x'), '_echo');
    client.home.answer(changed('_counter', '2'), '_echo');
    client.home.answer(changed('_target', 'psyc://b.example/@other'), '_echo');
    client.home.answer(message!, '_notice');
    await client.settle();
    expect(client.told('stored')).toHaveLength(0);
    client.home.answer(message!, '_echo');
    await client.settle();
    expect(client.told('stored')).toHaveLength(1);
  });

  test('after a refusal numbers begin anew on the next side channel; what was signed goes on', async () => {
    const client = await life();
    await client.command(say(1, hall, 'hello'));
    await client.command(say(2, hall, 'again'));
    const [message] = client.said('_message_public');
    client.home.answer(message!, '_error_necessary_membership', { _code: '_necessary_membership' });
    await client.settle();
    // He may have been put out: the place is asked by whom, and it is told once that is answered.
    expect(client.told('refused')).toEqual([]);
    await client.pass(1_000);
    client.home.answer(client.said('_request_history').at(-1)!, '_error_necessary_membership');
    await client.settle();
    expect(client.told('refused')).toEqual([
      { kind: 'refused', command: 1, target: hall, code: '_necessary_membership', by: 'b.example' },
    ]);
    const [, second] = client.said('_message_public');
    expect(second?.routing.get('_source')).toMatch(/-2$/);
    expect(second?.routing.get('_counter')).toBe('1');
    expect(client.kept.speaking.chains.get(hall)?.counter).toBe(2);
    expect(client.home.proofs.at(-1)).toMatchObject({ channel: expect.stringMatching(/-2$/) });
  });

  test('what the home refuses in its own name is refused', async () => {
    const client = await life();
    await client.command(say(1, hall, 'hello'));
    const [message] = client.said('_message_public');
    const home = { ...message!, routing: new Map(message!.routing).set('_target', 'psyc://a.example') };
    client.home.answer(home, '_error_necessary_signature', { _code: '_necessary_signature' });
    await client.settle();
    expect(client.told('refused')).toMatchObject([{ command: 1, code: '_necessary_signature' }]);
  });

  test('to a person it is sealed to the key his domain certifies, which is pinned', async () => {
    const client = await life();
    await client.command(say(1, bob.uniform, 'secret'));
    expect(client.said('_message_private_sealed')).toHaveLength(0);
    await client.giveKeys(bob);
    const [message] = client.said('_message_private_sealed');
    expect(message?.packet.dataText).not.toContain('secret');
    expect(client.kept.pins.get(bob.uniform)?.fingerprint).toBe(bob.identity.certificate.key.fingerprint);
    expect(client.told('first key').map(({ of }) => of)).toEqual(['a.example', 'b.example', bob.uniform]);
  });

  test('keys are asked for again, then it is refused', async () => {
    const client = await life();
    await client.command(say(1, bob.uniform, 'secret'));
    await client.pass(30_000);
    expect(client.said('_request_keys')).toHaveLength(3);
    expect(client.told('refused')).toMatchObject([{ code: '_session_unanswered_keys', by: null }]);
  });

  test('another key than the pinned one is reported, and nothing is said', async () => {
    const changed = await someone('bob', 'b.example', 60, keyB);
    for (const name of [bob.uniform, 'b.example']) {
      const pins = new Map([[name, { fingerprint: 'ab'.repeat(20), counter: 0 }]]);
      const client = await life({ kept: { ...fresh(ada), pins } });
      await client.command(say(1, bob.uniform, 'secret'));
      await client.giveKeys(changed);
      expect(client.told('changed key')).toMatchObject([{ of: name }]);
      expect(client.told('refused')).toMatchObject([{ code: '_trust_changed_key' }]);
      expect(client.said('_message_private_sealed')).toHaveLength(0);
    }
  });

  test('keys of another person, and an older statement than one that was seen, are refused', async () => {
    const client = await life();
    await client.command(say(1, bob.uniform, 'secret'));
    await client.giveKeys({ ...bob, certificate: ada.certificate, statement: ada.statement, domainKey: keyA });
    expect(client.told('refused')).toMatchObject([{ code: '_foreign_user_id' }]);
    const pin = { fingerprint: bob.identity.certificate.key.fingerprint, counter: 3 };
    const older = await life({ kept: { ...fresh(ada), pins: new Map([[bob.uniform, pin]]) } });
    await older.command(say(1, bob.uniform, 'secret'));
    await older.giveKeys(bob);
    expect(older.told('refused')).toMatchObject([{ code: '_stale_statement' }]);
  });
});

describe('what is never answered', () => {
  test('is not said by who listens: it bears the side channel’s name', async () => {
    const client = await life();
    await client.command(say(1, hall, 'hello'));
    const listener = await life({ channel: 'main', kept: client.kept });
    await listener.pass(10_000);
    expect(listener.said('_message_public')).toHaveLength(0);
    expect(listener.told('ready')).toHaveLength(1);
    expect(listener.kept.speaking).toEqual(client.kept.speaking);
  });

  test('can be dropped: what is said next has a number of its own, on another channel', async () => {
    const client = await life();
    await client.command(say(1, hall, 'hello'));
    const [first] = client.said('_message_public');
    const { speaking } = client.kept;
    expect(speaking.pending.map(textOf)).toEqual(['hello']);
    expect(dropped(speaking, new Set(['psyc://b.example/@other']))).toBe(speaking);
    const again = await life({ kept: { ...client.kept, speaking: dropped(speaking, new Set([hall])) } });
    await again.command(say(1, hall, 'more'));
    const [second, ...others] = again.said('_message_public');
    expect(others).toHaveLength(0);
    expect(second?.packet.dataText).toBe('more');
    expect(second?.routing.get('_source')).toMatch(/-2$/);
    expect(second?.routing.get('_counter')).toBe('1');
    // An answer that comes after all says nothing of what took its place.
    again.home.answer(first!, '_echo_message_public');
    await again.settle();
    expect(again.told('stored')).toHaveLength(0);
    expect(again.kept.speaking.chains.get(hall)?.counter).toBe(2);
  });

  test('one that is dropped waits for the others of its channel', async () => {
    const client = await life();
    await client.command(say(1, hall, 'hello'));
    const other = 'psyc://b.example/@other';
    await client.command(say(2, other, 'hello'));
    const again = await life({ kept: { ...client.kept, speaking: dropped(client.kept.speaking, new Set([hall])) } });
    await again.command(say(1, hall, 'more'));
    const [pending, ...others] = again.said('_message_public');
    expect([pending?.routing.get('_target'), others.length]).toEqual([other, 0]);
    again.home.answer(pending!, '_echo_message_public');
    await again.settle();
    await again.pass(1_000);
    expect(again.said('_message_public').at(-1)?.routing.get('_source')).toMatch(/-2$/);
  });
});

test('the proof’s timer of one circuit does not end the next, which is being dialled', async () => {
  const client = await life();
  client.home.drop();
  await client.settle();
  client.tell({ kind: 'timer', name: 'dial' });
  client.tell({ kind: 'timer', name: 'proof' });
  await client.settle();
  expect(client.told('ready')).toHaveLength(2);
  expect(client.told('lost')).toHaveLength(1);
});

test('enters and leaves', async () => {
  const client = await life();
  await client.command({ kind: 'enter', command: 1, place: hall });
  client.home.answer(client.said('_request_context_enter')[0]!, '_echo_context_enter', {
    _amount_members: '3',
    _sequence: '9',
  });
  await client.settle();
  expect(client.told('entered')).toMatchObject([{ kind: 'entered', command: 1, place: hall, members: 3, mode: null }]);
  const listener = await life({ channel: 'main', kept: client.kept });
  expect(listener.said('_request_history').map(({ packet }) => packet.text('_after'))).toEqual(['9']);
  await client.command({ kind: 'leave', command: 2, place: hall });
  client.home.answer(client.said('_request_context_leave')[0]!, '_echo_context_leave');
  await client.settle();
  expect(client.told('left')).toHaveLength(1);
  expect((await life({ channel: 'main', kept: client.kept })).said('_request_history')).toHaveLength(0);
});

test('comes back after a loss, sooner when the peer spoke, and says again what is not answered', async () => {
  const client = await life();
  await client.command(say(1, hall, 'hello'));
  client.home.drop();
  await client.settle();
  expect(client.told('lost')).toHaveLength(1);
  await client.pass(250);
  expect(client.told('ready')).toHaveLength(2);
  expect(client.said('_message_public')).toHaveLength(2);
});

test('is dialled later each time nobody is there, and soon again once the peer has spoken', async () => {
  const client = await life();
  const lost = async (): Promise<number> => {
    const [beganMs, before] = [client.nowMs, client.circuit];
    client.home.drop();
    client.tell({ kind: 'failed', circuit: before });
    while (client.circuit === before) await client.pass(1);
    return client.nowMs - beganMs;
  };
  client.home.absent = true;
  const pauses: number[] = [];
  for (let times = 0; times < 9; times++) pauses.push(await lost());
  expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  client.home.absent = false;
  await lost();
  expect(client.told('ready')).toHaveLength(2);
  expect(await lost()).toBe(250);
});

test('stopped, it closes in order and dials no more', async () => {
  const client = await life();
  client.tell({ kind: 'stopped' });
  await client.pass(100_000);
  expect(client.told('ready')).toHaveLength(1);
  expect(client.told('lost')).toHaveLength(0);
});
