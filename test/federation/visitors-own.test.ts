/** Nobody is one of our own people by way of another server, whatever keys it brings. */
import { expect, test } from '@jest/globals';
import { channelOf } from '../../circuit/channel.ts';
import { renderVisit } from '../../publication/visit.ts';
import { renderRouted } from '../../psyc/render.ts';
import { signedContent } from '../../publication/packet.ts';
import { Author } from '../../simulator/scenes/author.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const ada = 'psyc://a.example/~ada';
const hall = 'psyc://a.example/@hall';

test('nobody is one of ours by keys that somebody else brings', () => {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  const phone = fixture.connect('client ada phone');
  fixture.say(phone, said(channel('ada', 'phone'), hall, 1, '_request_context_enter'));
  fixture.hear(phone);
  const e = fixture.connect('server e.example');
  // Mallory makes an identity with ada's name on it: nobody has certified it.
  const seed = fixture.keys.device('mallory');
  const device = fixture.keys.idOf(seed);
  const made = fixture.keys.person(ada, [seed], { identity: 'mallory', counter: 1 });
  const source = channelOf(ada, device, { side: '1', at: 'e.example' });
  const { suite } = fixture.keys;
  const author = new Author({ suite, fingerprint: made.fingerprint, device, seed });
  const draft = said(source, hall, 1, '_message_public', 'I am ada, send me your money');
  const words = renderRouted(
    draft.routing as Record<string, string>,
    signedContent(author.sign(hall, draft, beginUnixMs)),
  );
  fixture.sayBytes(e, words);
  const [asked] = fixture.hear(e).filter(({ method }) => method === '_request_keys');
  fixture.sayRaw(e, {
    routing: { _source: 'psyc://e.example', _target: 'psyc://a.example', _tag_relay: asked?.routing['_tag'] },
    entity: {
      _uniform: ada,
      _key: made.key,
      _statement: made.statement,
      _visit: renderVisit(
        suite,
        { person: ada, fingerprint: made.fingerprint, device, domain: 'e.example', timeMs: beginUnixMs },
        seed,
      ),
    },
    method: '_status_keys',
  });
  const rows = fixture.store.perform({ kind: 'read', request: 0, context: hall, after: 0, rowsMax: 10 });
  expect(rows.kind === 'rows' ? rows.rows.length : 0).toBe(1);
});

test('and as owner of the place puts somebody out', () => {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  const phone = fixture.connect('client ada phone');
  const bob = fixture.connect('client bob phone');
  fixture.say(phone, said(channel('ada', 'phone'), hall, 1, '_request_context_enter'));
  fixture.say(bob, said(channel('bob', 'phone'), hall, 1, '_request_context_enter'));
  const e = fixture.connect('server e.example');
  const seed = fixture.keys.device('mallory');
  const device = fixture.keys.idOf(seed);
  const made = fixture.keys.person(ada, [seed], { identity: 'mallory', counter: 1 });
  const source = channelOf(ada, device, { side: '1', at: 'e.example' });
  const { suite } = fixture.keys;
  const author = new Author({ suite, fingerprint: made.fingerprint, device, seed });
  const draft = {
    ...said(source, hall, 1, '_request_context_kick'),
    entity: { _uniform_member: 'psyc://a.example/~bob' },
  };
  fixture.sayBytes(
    e,
    renderRouted(draft.routing as Record<string, string>, signedContent(author.sign(hall, draft, beginUnixMs))),
  );
  const [asked] = fixture.hear(e).filter(({ method }) => method === '_request_keys');
  fixture.sayRaw(e, {
    routing: { _source: 'psyc://e.example', _target: 'psyc://a.example', _tag_relay: asked?.routing['_tag'] },
    entity: {
      _uniform: ada,
      _key: made.key,
      _statement: made.statement,
      _visit: renderVisit(
        suite,
        { person: ada, fingerprint: made.fingerprint, device, domain: 'e.example', timeMs: beginUnixMs },
        seed,
      ),
    },
    method: '_status_keys',
  });
  const outcome = fixture.store.perform({ kind: 'members', request: 0, context: hall, above: '', rowsMax: 9 });
  expect(outcome.kind === 'members' ? outcome.members.map(({ name }) => name) : []).toContain('psyc://a.example/~bob');
});

test('and is told what ada shows to her friends only, and what bob shows her', () => {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  fixture.connect('client ada phone');
  const e = fixture.connect('server e.example');
  const seed = fixture.keys.device('mallory');
  const device = fixture.keys.idOf(seed);
  const made = fixture.keys.person(ada, [seed], { identity: 'mallory', counter: 1 });
  const source = channelOf(ada, device, { side: '1', at: 'e.example' });
  const { suite } = fixture.keys;
  fixture.sayRaw(e, { routing: { _source: source, _target: ada, _tag: 'q' }, method: '_request_description' });
  const [asked] = fixture.hear(e).filter(({ method }) => method === '_request_keys');
  fixture.sayRaw(e, {
    routing: { _source: 'psyc://e.example', _target: 'psyc://a.example', _tag_relay: asked?.routing['_tag'] },
    entity: {
      _uniform: ada,
      _key: made.key,
      _statement: made.statement,
      _visit: renderVisit(
        suite,
        { person: ada, fingerprint: made.fingerprint, device, domain: 'e.example', timeMs: beginUnixMs },
        seed,
      ),
    },
    method: '_status_keys',
  });
  const told = fixture.hear(e).find(({ method }) => method === '_echo_description');
  expect(told?.packet.value('_packet_friends')).toBeUndefined();
});

/** e.example says it as somebody of a.example with these keys; what is answered. */
function sayAs(
  fixture: NodeFixture,
  e: string,
  nick: string,
  seed: Uint8Array,
  made: { key: Uint8Array; fingerprint: Uint8Array; statement: Uint8Array },
): (string | null)[] {
  const person = `psyc://a.example/~${nick}`;
  const device = fixture.keys.idOf(seed);
  const source = channelOf(person, device, { side: '1', at: 'e.example' });
  const { suite } = fixture.keys;
  fixture.sayRaw(e, said(source, hall, 1, '_request_context_enter'));
  for (const asked of fixture.hear(e).filter(({ method }) => method === '_request_keys'))
    fixture.sayRaw(e, {
      routing: { _source: 'psyc://e.example', _target: 'psyc://a.example', _tag_relay: asked.routing['_tag'] },
      entity: {
        _uniform: person,
        _key: made.key,
        _statement: made.statement,
        _visit: renderVisit(
          suite,
          { person, fingerprint: made.fingerprint, device, domain: 'e.example', timeMs: beginUnixMs },
          seed,
        ),
      },
      method: '_status_keys',
    });
  const author = new Author({ suite, fingerprint: made.fingerprint, device, seed });
  const draft = said(source, hall, 2, '_message_public', 'hello');
  fixture.sayBytes(
    e,
    renderRouted(draft.routing as Record<string, string>, signedContent(author.sign(hall, draft, beginUnixMs))),
  );
  return fixture.methods(e);
}

test.each(['freeze', 'close'] as const)(
  'whom our admin had to %s does not go on in our places through another server',
  (kind) => {
    const fixture = new NodeFixture();
    fixture.tellsKeys = false;
    const phone = fixture.connect('client bob phone');
    fixture.say(phone, said(channel('bob', 'phone'), hall, 1, '_request_context_enter'));
    fixture.connect('client ada phone');
    fixture.tell({
      kind: 'asked',
      request: 1,
      question: kind === 'freeze' ? { kind, nick: 'ada', isFrozen: true } : { kind, nick: 'ada' },
    });
    expect(fixture.told).toEqual([{ kind: 'done' }]);
    const e = fixture.connect('server e.example');
    expect(sayAs(fixture, e, 'ada', fixture.seedOf('ada', 'phone'), fixture.identityOf('ada'))).not.toContain(
      '_echo_message_public',
    );
  },
);

test('nor does anybody whom nobody has ever registered', () => {
  const fixture = new NodeFixture();
  fixture.tellsKeys = false;
  const phone = fixture.connect('client bob phone');
  fixture.say(phone, said(channel('bob', 'phone'), hall, 1, '_request_context_enter'));
  const e = fixture.connect('server e.example');
  const seed = fixture.keys.device('mallory');
  expect(sayAs(fixture, e, 'p3do', seed, fixture.keys.person('psyc://a.example/~p3do', [seed]))).not.toContain(
    '_echo_message_public',
  );
});
