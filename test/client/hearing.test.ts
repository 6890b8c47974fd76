/** What a session makes of what it hears: whose word it is, in which order, acknowledged when; and hosts that lie. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { SecretKey } from '../../pki/secret-key.ts';
import { sealPrivate } from '../../publication/private.ts';
import type { Publication } from '../../publication/fields.ts';
import { renderPublication } from '../../publication/packet.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { enrol, firstStatement, revokeDevice, signStatement } from '../../pki/enrolment.ts';
import { render } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import { hall, hears, inHall, plain, signed } from './hall.ts';
import { domainKey, Home, NOW } from './home.ts';
import { fresh, Life, packetOf, someone, type Someone } from './life.ts';

let keyA: SecretKey;
let keyB: SecretKey;
let ada: Someone;
let bob: Someone;

beforeAll(async () => {
  keyA = await domainKey('a.example', 10);
  keyB = await domainKey('b.example', 20);
  ada = await someone('ada', 'a.example', 30, keyA);
  bob = await someone('bob', 'b.example', 40, keyB);
});

const life = (options = {}): Promise<Life> =>
  new Life(ada, new Home('a.example', keyA), { channel: 'main', ...options }).start();

const toAda = (publication: Publication, sequence: number, source = `${bob.uniform}#x`): Uint8Array =>
  renderPublication(publication, { _source: source, _target: ada.uniform, _tag: 't', _counter: String(sequence) });

function sealed(text: string, from: Someone, to: Someone, author = from): Uint8Array {
  const recipient = { uniform: to.uniform, fingerprint: bytesOfHex(to.identity.certificate.key.fingerprint)! };
  const message = { entity: {}, method: '_message_private', data: text };
  const own = bytesOfHex(author.identity.certificate.key.fingerprint)!;
  return sealPrivate(suite, own, recipient, to.identity.encryption[0]!.raw, message);
}

describe('in a place', () => {
  test('what is signed is the author’s word, once his keys are known; order holds meanwhile', async () => {
    const client = await life();
    await hears(
      client,
      inHall(bob, 5, signed(bob, hall, plain('one'))),
      packetOf({ _context: hall, _source_relay: 'psyc://c.example/~guest', _counter: '6' }, '_message_public', 'two'),
    );
    expect(client.told('heard')).toHaveLength(0);
    await client.giveKeys(bob);
    expect(client.told('heard')).toMatchObject([
      { place: hall, sequence: 5, author: bob.uniform, word: { kind: 'author' }, text: 'one', timeMs: NOW * 1000 },
      { sequence: 6, author: 'psyc://c.example/~guest', word: { kind: 'hearsay', host: 'a.example' }, text: 'two' },
    ]);
  });

  test('what is signed by somebody whose keys nobody gives is hearsay', async () => {
    const client = await life();
    await hears(client, inHall(bob, 5, signed(bob, hall, plain('one'))));
    await client.pass(30_000);
    const word = { kind: 'hearsay', host: 'a.example', code: '_session_unanswered_keys' };
    expect(client.told('heard')).toMatchObject([{ word, text: 'one' }]);
  });

  test('a changed word, another’s signature and another’s device are nobody’s word', async () => {
    const publication = signed(bob, hall, plain('one'));
    const changed = { ...publication, content: plain('two') };
    const eve = await someone('eve', 'b.example', 80, keyB);
    const cases: [string, Uint8Array][] = [
      ['_publication_invalid_signature', inHall(bob, 1, changed)],
      ['_unlisted_device', inHall(bob, 1, signed(eve, hall, plain('one')))],
      ['_unlisted_device', inHall(bob, 1, signed(bob, hall, plain('one'), { device: new Uint8Array(16) }))],
      [
        '_publication_foreign_key',
        inHall(bob, 1, signed(bob, hall, plain('one'), { fingerprint: new Uint8Array(20) })),
      ],
      ['_publication_future', inHall(bob, 1, signed(bob, hall, plain('one'), { timeMs: NOW * 1000 + 400_000 }))],
      ['_publication_invalid_signature', inHall(bob, 1, signed(bob, 'psyc://b.example/@other', plain('one')))],
    ];
    for (const [code, packet] of cases) {
      const client = await life();
      await hears(client, packet);
      await client.giveKeys(bob);
      expect(client.told('heard')).toMatchObject([{ word: { kind: 'bad', code } }]);
    }
  });

  test('a device that is not listed is asked about once more; one that was revoked meanwhile speaks no more', async () => {
    const client = await life();
    await hears(client, inHall(bob, 1, signed(bob, hall, plain('one'))));
    await client.giveKeys(bob);
    const first = firstStatement(bob.identity.certificate.key.fingerprint, 'bob <bob@b.example>', NOW);
    const newSeed = new Uint8Array(32).fill(99);
    const [old, young] = [bob.seed, newSeed].map((seed) => suite.ed25519PublicKey(seed));
    const both = enrol(enrol(first, old!, NOW), young!, NOW);
    const statement = await signStatement(bob.identity.signer, revokeDevice(both, old!, NOW));
    const anew = { ...bob, seed: newSeed, statement };
    await client.pass(1_000);
    await hears(client, inHall(bob, 2, signed(anew, hall, plain('two'))));
    expect(client.said('_request_keys')).toHaveLength(2);
    await client.giveKeys(anew);
    const previous = new Uint8Array(32);
    await hears(client, inHall(bob, 3, signed(bob, hall, plain('three'), { counter: 2, previous: previous.fill(1) })));
    expect(client.told('heard').map(({ word }) => word)).toEqual([
      { kind: 'author' },
      { kind: 'author' },
      { kind: 'bad', code: '_revoked_device' },
    ]);
    expect(client.kept.pins.get(bob.uniform)?.counter).toBe(4);
  });

  test('a person whose pinned key has changed speaks no more', async () => {
    const pins = new Map([[bob.uniform, { fingerprint: 'ab'.repeat(20), counter: 1 }]]);
    const client = await life({ kept: { ...fresh(ada), pins } });
    await hears(client, inHall(bob, 1, signed(bob, hall, plain('one'))));
    await client.giveKeys(bob);
    expect(client.told('heard')).toMatchObject([{ word: { kind: 'bad', code: '_trust_changed_key' } }]);
    expect(client.told('changed key')).toHaveLength(1);
  });

  test('nobody puts words into our own mouth', async () => {
    const client = await life();
    await hears(
      client,
      packetOf({ _context: hall, _source_relay: ada.uniform, _counter: '1' }, '_message_public', 'I'),
    );
    expect(client.told('heard')).toHaveLength(0);
    expect(client.told('lost')).toEqual([{ kind: 'lost', code: '_authority_unproved_source_relay', byPeer: false }]);
    expect(client.said('_error_authority_unproved_source_relay')).toHaveLength(1);
    const own = await life();
    await hears(own, inHall(ada, 1, signed(ada, hall, plain('I'))));
    await own.giveKeys(ada);
    expect(own.told('heard')).toMatchObject([{ author: ada.uniform, word: { kind: 'author' } }]);
  });

  test('a signature replayed as a new row is not said again; gaps and forks are told', async () => {
    const client = await life();
    const one = signed(bob, hall, plain('one'));
    const other = signed(bob, hall, plain('other'));
    const four = signed(bob, hall, plain('four'), { counter: 4, previous: new Uint8Array(32).fill(9) });
    await hears(client, inHall(bob, 1, one), inHall(bob, 2, one), inHall(bob, 3, other), inHall(bob, 4, four));
    await client.giveKeys(bob);
    expect(client.told('heard').map(({ sequence }) => sequence)).toEqual([1, 3, 4]);
    expect(client.told('fork')).toMatchObject([{ author: bob.uniform, counter: 1 }]);
    expect(client.told('gap')).toMatchObject([{ from: 2, to: 3 }]);
  });

  test('after a crash what was shown before is old, and what is missing shows', async () => {
    const client = await life();
    await hears(client, inHall(bob, 1, signed(bob, hall, plain('one'))));
    await client.giveKeys(bob);
    await client.pass(1_000);
    expect(client.kept.hearing.places.get(hall)).toBe(1);
    const again = await life({ kept: client.kept });
    expect(again.said('_request_history').map(({ packet }) => packet.text('_after'))).toEqual(['1']);
    await hears(
      again,
      inHall(bob, 2, signed(bob, hall, plain('three'), { counter: 3, previous: new Uint8Array(32).fill(3) })),
    );
    await again.giveKeys(bob);
    expect(again.told('gap')).toMatchObject([{ from: 2, to: 2 }]);
  });

  test('a gap of rows is caught up by history, in order', async () => {
    const client = await life();
    const guest = (sequence: number, more = {}): Uint8Array =>
      packetOf(
        { _context: hall, _source_relay: 'psyc://c.example/~g', _counter: String(sequence), ...more },
        '_message_public',
        `${sequence}`,
      );
    await hears(client, guest(1), guest(4));
    const [request] = client.said('_request_history');
    expect(request?.packet.text('_after')).toBe('1');
    const to = { _target: request!.routing.get('_source')! };
    await hears(client, guest(2, to), guest(3, to), guest(4, to));
    client.home.answer(request!, '_echo_history', { _after: '4', _sequence: '4' });
    await client.settle();
    expect(client.told('heard').map(({ text }) => text)).toEqual(['1', '2', '3', '4']);
    await hears(client, guest(4), guest(5));
    expect(client.told('heard')).toHaveLength(5);
  });

  test('on a new circuit two places are asked at a time; one that does not answer keeps nobody waiting', async () => {
    const places = ['p', 'q', 'r', 's'].map((name) => `psyc://b.example/@${name}`);
    const kept = fresh(ada);
    const hearing = { ...kept.hearing, places: new Map(places.map((place) => [place, 1])) };
    const client = await life({ kept: { ...kept, hearing } });
    const asked = (): string[] => [
      ...new Set(client.said('_request_history').map(({ routing }) => routing.get('_target') ?? '')),
    ];
    expect(asked()).toEqual(places.slice(0, 2));
    client.home.answer(client.said('_request_history')[0]!, '_echo_history', { _after: '1', _sequence: '1' });
    await client.settle();
    expect(asked()).toEqual(places.slice(0, 3));
    await client.pass(10_000);
    expect(asked()).toEqual(places);
  });

  test('rows that are not given are told as missing, and it goes on', async () => {
    const client = await life();
    const guest = (sequence: number): Uint8Array =>
      packetOf(
        { _context: hall, _source_relay: 'psyc://c.example/~g', _counter: String(sequence) },
        '_message_public',
        'x',
      );
    await hears(client, guest(1), guest(4));
    client.home.answer(client.said('_request_history')[0]!, '_echo_history', { _after: '4', _sequence: '4' });
    await client.settle();
    expect(client.told('missing rows')).toEqual([{ kind: 'missing rows', place: hall, from: 2, to: 4 }]);
    await hears(client, guest(5));
    expect(client.told('heard').map(({ sequence }) => sequence)).toEqual([1, 5]);
  });

  test('who comes and goes is told, us among them; then the place is heard no more', async () => {
    const client = await life();
    const member = (sequence: number, did: string, who: string): Uint8Array =>
      render({
        routing: { _context: hall, _source_relay: who, _counter: String(sequence) },
        entity: { _uniform_member: who },
        method: `_notice_context_${did}`,
      });
    await hears(client, member(1, 'enter', ada.uniform), member(2, 'leave', ada.uniform));
    expect(client.told('member')).toMatchObject([{ isHere: true }, { isHere: false, member: ada.uniform }]);
    await client.pass(1_000);
    expect(client.kept.hearing.places.size).toBe(0);
  });
});

describe('to the person', () => {
  test('what is sealed is opened, shown, then acknowledged', async () => {
    const client = await life();
    await hears(client, toAda(signed(bob, ada.uniform, sealed('secret', bob, ada)), 7));
    expect(client.said('_echo_message_private_sealed')).toHaveLength(0);
    await client.giveKeys(bob);
    expect(client.told('heard')).toMatchObject([
      { place: null, sequence: 7, text: 'secret', isSealed: true, word: { kind: 'author' } },
    ]);
    const [echo] = client.said('_echo_message_private_sealed');
    expect(echo?.packet.text('_sequence')).toBe('7');
    expect(echo?.routing.get('_target')).toBe(ada.uniform);
    await hears(client, toAda(signed(bob, ada.uniform, sealed('secret', bob, ada)), 7));
    expect(client.told('heard')).toHaveLength(1);
    expect(client.said('_echo_message_private_sealed')).toHaveLength(2);
  });

  test('a seal that was taken from another, or does not open, is nobody’s word', async () => {
    const eve = await someone('eve', 'b.example', 80, keyB);
    const cases: [string, Uint8Array][] = [
      ['_publication_foreign_seal', sealed('secret', bob, ada, eve)],
      ['_publication_invalid_seal', sealed('secret', bob, bob)],
    ];
    for (const [code, content] of cases) {
      const client = await life();
      await hears(client, toAda(signed(bob, ada.uniform, content), 1));
      await client.giveKeys(bob);
      expect(client.told('heard')).toMatchObject([{ text: null, word: { kind: 'bad', code } }]);
    }
  });

  test('a log is heard in order: what comes too early is not taken', async () => {
    const client = await life();
    const say = (sequence: number): Uint8Array =>
      packetOf(
        { _source: 'psyc://c.example/~g', _target: ada.uniform, _tag: 't', _counter: String(sequence) },
        '_message',
        `${sequence}`,
      );
    await hears(client, say(3), say(5), say(4), say(5));
    expect(client.told('heard').map(({ text }) => text)).toEqual(['3', '4', '5']);
    expect(client.said('_echo_message').map(({ packet }) => packet.text('_sequence'))).toEqual(['3', '4', '5']);
  });

  test('no more is handed out than was asked for, and the rest is not acknowledged', async () => {
    const client = await life({ heardMax: 1 });
    const say = (sequence: number): Uint8Array =>
      packetOf(
        { _source: 'psyc://c.example/~g', _target: ada.uniform, _tag: 't', _counter: String(sequence) },
        '_message',
        'x',
      );
    await hears(client, say(1), say(2));
    expect(client.told('heard')).toHaveLength(1);
    expect(client.said('_echo_message')).toHaveLength(1);
  });

  test('a side channel hears answers only', async () => {
    const client = await life({ channel: 'side' });
    await hears(
      client,
      packetOf({ _source: 'psyc://c.example/~g', _target: ada.uniform, _tag: 't', _counter: '1' }, '_message', 'x'),
      packetOf({ _context: hall, _source_relay: 'psyc://c.example/~g', _counter: '1' }, '_message', 'x'),
    );
    expect(client.told('heard')).toHaveLength(0);
  });
});

test('a page of history is shown for its command, checked row by row', async () => {
  const client = await life({ channel: 'side' });
  await client.command({ kind: 'history', command: 3, place: hall, after: null, limit: 2 });
  const [request] = client.said('_request_history');
  expect(request?.packet.text('_limit')).toBe('2');
  const to = { _target: request!.routing.get('_source')! };
  await hears(client, inHall(bob, 8, signed(bob, hall, plain('one')), to));
  client.home.answer(request!, '_echo_history', { _after: '8', _sequence: '9' });
  await client.settle();
  expect(client.told('page')).toHaveLength(0);
  await client.giveKeys(bob);
  expect(client.told('heard')).toMatchObject([{ command: 3, sequence: 8, word: { kind: 'author' } }]);
  expect(client.told('page')).toEqual([{ kind: 'page', command: 3, place: hall, reached: 8, last: 9, erased: 0 }]);
  await client.command({ kind: 'history', command: 4, place: hall, after: 0, limit: 2 });
  client.home.answer(client.said('_request_history').at(-1)!, '_error_necessary_membership');
  await client.settle();
  expect(client.told('refused')).toMatchObject([{ command: 4, code: '_necessary_membership', by: 'b.example' }]);
});

test('what a peer of another kind does, with words to it, is shown as what he does', async () => {
  const client = await life();
  const waves = (sequence: number, method: string, data: string): Uint8Array =>
    packetOf({ _context: hall, _source_relay: 'psyc://c.example/~guest', _counter: String(sequence) }, method, data, {
      _action: 'waves',
    });
  await hears(
    client,
    waves(5, '_message_public', 'hello'),
    waves(6, '_message_public_action', ''),
    waves(7, '_notice', 'x'),
  );
  expect(client.told('heard').map(({ text, isAction }) => [text, isAction])).toEqual([
    ['waves: hello', true],
    ['waves', true],
    ['x', false],
  ]);
});
