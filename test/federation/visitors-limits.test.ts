/** What visitors, and who speaks for them, may have a server do and keep. */
import { expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { renderVisit } from '../../publication/visit.ts';
import { beginUnixMs, type Party } from '../../simulator/scenes/circuit-end.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';
import {
  zoe,
  hall,
  adas,
  channelAt,
  visitOf,
  keyOf,
  tellVisit,
  withHall,
  rowsOf,
  visitor,
} from './visitors-fixture.ts';

test('a person no server could have reaches no OpenPGP', () => {
  const fixture = withHall();
  const c = fixture.connect('server c.example');
  const device = fixture.keys.idOf(fixture.seedOf('zoe', 'phone', 'z.example'));
  const bad = 'psyc://z.example/~a!b';
  const source = channelOf(bad, device, { side: '1', at: 'c.example' });
  fixture.held.pki = [];
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  const [asked] = fixture.hear(c).filter(({ method }) => method === '_request_keys');
  fixture.sayRaw(c, {
    routing: { _source: 'psyc://c.example', _target: 'psyc://a.example', _tag_relay: asked?.routing['_tag'] },
    entity: {
      _uniform: bad,
      _key: keyOf(fixture),
      _statement: fixture.identityOf('zoe', 'z.example').statement,
      _visit: visitOf(fixture, 'c.example'),
    },
    method: '_status_keys',
  });
  expect(fixture.held.pki?.map(([, question]) => (question as { person?: string }).person)).toEqual([]);
});

test('garbage that somebody offers does not refuse her login', () => {
  const fixture = withHall();
  const d = fixture.connect('server d.example');
  fixture.sayRaw(d, said(channelAt(fixture, 'd.example'), hall, 1, '_request_context_enter'));
  fixture.held.pki = [];
  const [asked] = fixture.hear(d).filter(({ method }) => method === '_request_keys');
  fixture.sayRaw(d, {
    routing: { _source: 'psyc://d.example', _target: 'psyc://a.example', _tag_relay: asked?.routing['_tag'] },
    entity: {
      _uniform: zoe,
      _key: new Uint8Array(9),
      _statement: new Uint8Array(9),
      _visit: visitOf(fixture, 'd.example'),
    },
    method: '_status_keys',
  });
  const circuit = visitor(fixture);
  fixture.release();
  tellVisit(fixture, d, 'd.example', null, new Uint8Array(9));
  expect(fixture.methods(circuit).filter((method) => method?.startsWith('_error'))).toEqual([]);
});

/** a.example as the server that is visited: what its visitor makes it say to b.example. */
test('what a visitor says makes no third server close its circuit to the one that she visits', () => {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  const b = fixture.connect('server b.example');
  const circuit = visitor(fixture);
  tellVisit(fixture, b, 'b.example', null);
  expect(fixture.isProved(circuit)).toBe(true);
  fixture.hear(b);
  const source = channelAt(fixture, 'a.example');
  const draft = {
    routing: { _source: source, _target: 'psyc://b.example/@hall', _context: zoe },
    method: '_message_public',
    data: 'x',
  };
  fixture.sayBytes(circuit, fixture.signed(source, zoe, draft));
  const sent = fixture.hear(b).filter(({ method }) => method === '_message_public');
  // The same, heard by a third server.
  const third = withHall();
  const c = third.connect('server c.example');
  const there = channelAt(third, 'c.example');
  const packet = { routing: { _source: there, _target: hall, _context: zoe }, method: '_message_public', data: 'x' };
  third.sayBytes(c, third.signed(there, zoe, packet));
  tellVisit(third, c, 'c.example', visitOf(third, 'c.example'));
  expect([sent.length > 0, third.closed.includes(c)]).not.toEqual([true, true]);
});

test('who has proved nothing makes us ask nobody', () => {
  const fixture = withHall();
  const [b, d] = [fixture.connect('server b.example'), fixture.connect('server d.example')];
  for (let n = 0; n < 128; n++) {
    const person = `psyc://z.example/~n${n}`;
    const seed = fixture.seedOf(`n${n}`, 'phone', 'z.example');
    const channelHere = channelOf(person, fixture.keys.idOf(seed), { side: '1', at: 'a.example' });
    const party = {
      kind: 'client',
      person,
      keys: { key: new Uint8Array(9), fingerprint: new Uint8Array(20), statement: new Uint8Array(9) },
      seed,
      channel: channelHere,
      visit: new Uint8Array(9),
      invite: undefined,
    } as unknown as Party;
    fixture.connect('client zoe phone', { name: `anon${n}`, party });
  }
  const asked = [b, d].flatMap((to) => fixture.methods(to).filter((method) => method === '_request_keys'));
  expect(asked).toEqual([]);
  // A visitor of c.example, whose home is gone, is believed all the same.
  const c = fixture.connect('server c.example');
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  expect(rowsOf(fixture)).toBe(2);
});

test('an older copy of her key does not replace what is kept of her', () => {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  const first = visitor(fixture);
  expect(fixture.isProved(first)).toBe(true);
  fixture.tell({ kind: 'ended', circuit: first });
  const keys = { ...fixture.identityOf('zoe', 'z.example'), key: Uint8Array.of(1, 2, 3) };
  const second = visitor(fixture, { keys });
  const outcome = fixture.store.perform({ kind: 'records', request: 0, context: zoe });
  const kept = outcome.kind === 'records' ? outcome.records.find(({ name }) => name === 'key')?.value : undefined;
  expect([fixture.isProved(second), Buffer.from(kept ?? []).equals(Buffer.from([1, 2, 3]))]).toEqual([false, false]);
});

test('words of another device than the one that visits are not hers through that server', () => {
  const fixture = withHall();
  const c = fixture.connect('server c.example');
  const source = channelAt(fixture, 'c.example');
  fixture.sayRaw(c, said(source, hall, 1, '_request_context_enter'));
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  // What her desk had said in the hall last week, by way of home: c.example, a member's server, has it.
  const desk = channel('zoe', 'desk', 'z.example');
  const draft = said(source, hall, 2, '_message_public', 'said last week by another device');
  fixture.sayBytes(c, fixture.signed(desk, hall, draft));
  const answers = fixture.methods(c);
  expect([rowsOf(fixture), answers.includes('_echo_message_public')]).toEqual([2, false]);
});

test('the server that she visits is not told what others show her as a friend', () => {
  const fixture = withHall();
  const c = fixture.connect('server c.example');
  const source = channelAt(fixture, 'c.example');
  // Zoe and ada are friends.
  const circle = {
    op: 'member',
    context: 'friends of psyc://a.example/~ada',
    lease: 1,
    name: zoe,
    sequence: 1,
  } as const;
  void circle;
  fixture.say('client ada phone', said(adas, zoe, 1, '_request_friendship'));
  fixture.sayBytes('client ada phone', fixture.signed(adas, zoe, said(adas, zoe, 1, '_request_friendship')));
  const z = fixture.connect('server z.example');
  const desk = channel('zoe', 'desk', 'z.example');
  fixture.tellsKeys = true;
  fixture.sayBytes(
    z,
    fixture.signed(desk, 'psyc://a.example/~ada', said(desk, 'psyc://a.example/~ada', 1, '_request_friendship')),
  );
  fixture.tellsKeys = false;
  fixture.hear(c);
  fixture.sayRaw(c, {
    routing: { _source: source, _target: 'psyc://a.example/~ada', _tag: 'q' },
    method: '_request_description',
  });
  tellVisit(fixture, c, 'c.example', visitOf(fixture, 'c.example'));
  const told = fixture.hear(c).find(({ method }) => method === '_echo_description');
  expect(told?.packet.value('_packet_friends')).toBeUndefined();
});

test('what people of one domain have us keep by visiting has a limit, and goes when it is over', () => {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  const kept = (): number => {
    let bytes = 0;
    for (let n = 0; n < 40; n++) {
      const outcome = fixture.store.perform({ kind: 'records', request: 0, context: `psyc://z.example/~n${n}` });
      if (outcome.kind === 'records') bytes += outcome.records.filter(({ name }) => name.startsWith('visit')).length;
    }
    return bytes;
  };
  for (let n = 0; n < 40; n++) {
    const person = `psyc://z.example/~n${n}`;
    const seed = fixture.seedOf(`n${n}`, 'phone', 'z.example');
    const own = fixture.identityOf(`n${n}`, 'z.example');
    const device = fixture.keys.idOf(seed);
    const visit = renderVisit(
      fixture.keys.suite,
      { person, fingerprint: own.fingerprint, device, domain: 'a.example', timeMs: beginUnixMs },
      seed,
    );
    const keys = { ...own, key: fixture.keys.certified(own.key, fixture.keys.domain('z.example')) };
    const name = `v${n}`;
    fixture.connect('client zoe phone', {
      name,
      party: {
        kind: 'client',
        person,
        keys,
        seed,
        channel: channelOf(person, device, { side: '1', at: 'a.example' }),
        visit,
        invite: undefined,
      } as unknown as Party,
    });
    fixture.tell({ kind: 'ended', circuit: name });
  }
  fixture.pass(3 * publicationLimits.visitMsMax);
  expect(kept()).toBe(0);
});

test('one domain’s people do not take all the room for visitors', () => {
  const fixture = new NodeFixture({ visitorsMax: 4, visitorsOfDomainMax: 3 });
  fixture.tellsKeys = false;
  fixture.meet('z.example');
  fixture.meet('e.example');
  for (let n = 0; n < 3; n++) {
    const person = `psyc://e.example/~n${n}`;
    const seed = fixture.seedOf(`n${n}`, 'phone', 'e.example');
    const own = fixture.identityOf(`n${n}`, 'e.example');
    const device = fixture.keys.idOf(seed);
    const visit = renderVisit(
      fixture.keys.suite,
      { person, fingerprint: own.fingerprint, device, domain: 'a.example', timeMs: beginUnixMs },
      seed,
    );
    const keys = { ...own, key: fixture.keys.certified(own.key, fixture.keys.domain('e.example')) };
    fixture.connect('client zoe phone', {
      name: `v${n}`,
      party: {
        kind: 'client',
        person,
        keys,
        seed,
        channel: channelOf(person, device, { side: '1', at: 'a.example' }),
        visit,
        invite: undefined,
      } as unknown as Party,
    });
  }
  const circuit = visitor(fixture);
  expect([fixture.isProved(circuit), fixture.methods(circuit)]).toEqual([true, []]);
});
