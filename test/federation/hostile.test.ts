/** Whatever comes behind the proof, or instead of it: no step throws, and nobody is spoken for. */
import { test } from '@jest/globals';
import fc from 'fast-check';
import { render, renderRouted } from '../../psyc/render.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { spoilt } from './said.ts';

const ada = channel('ada', 'phone');
const bob = channel('bob', 'desk');
const zoe = channel('zoe', 'desk', 'b.example');
const hall = 'psyc://a.example/@hall';

const uniforms = fc.constantFrom(
  ...[ada, bob, zoe, hall, 'psyc://a.example', 'psyc://a.example/', 'psyc://b.example/@bar', 'psyc://b.example'],
  ...['psyc://a.example/~bob', 'psyc://b.example/~zoe', 'psyc://a.example:4404/@hall', 'psyc://a.example/@x*', 'x', ''],
);
const methods = fc.constantFrom(
  ...['_request_context_enter', '_request_leave', '_request_history', '_request_keys', '_status_keys'],
  ...['_message_public', '_message_private', '_message_private_sealed', '_echo_context', '_echo_context_enter'],
  ...['_echo_context_leave', '_error_x', '_notice', '_notice_proved', '_notice_proof_server', '_request_login'],
  ...['_request_registration', '_request_challenge', '_request_proof_server'],
);
const counters = fc.constantFrom('1', '2', '5', '-1', 'x', '9007199254740991');
const routing = fc.record(
  {
    _source: uniforms,
    _target: uniforms,
    _context: uniforms,
    _source_relay: uniforms,
    _target_relay: uniforms,
    _tag: fc.constantFrom('t', ''),
    _tag_relay: fc.constantFrom('t', 'k1', ''),
    _counter: counters,
  },
  { requiredKeys: [] },
);
const bytes = fc.uint8Array({ maxLength: 40 });
const entity = fc.record(
  {
    _sequence: fc.constantFrom('1', 'x', '-1'),
    _counter_relay: counters,
    _after: fc.constantFrom('0', '7', 'y'),
    _limit: fc.constantFrom('1', '0'),
    _key: bytes,
    _statement: bytes,
    _role: fc.constantFrom('initiator', 'host', 'x'),
    _uniform_source: uniforms,
    _uniform_target: uniforms,
    _signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
    _signature_author: bytes,
    _fingerprint: fc.constantFrom('aa'.repeat(20), 'x'),
  },
  { requiredKeys: [] },
);
const peers = fc.constantFrom('client ada phone', 'client bob desk', 'server b.example', 'raw');
/** How the content is signed, where it is. */
const signatures = fc.constantFrom('none', 'none', 'own', 'other', 'spoilt');

type Word = readonly [string, Record<string, string>, Record<string, string | Uint8Array>, string, string];

function speak(fixture: NodeFixture, circuit: string, [, variables, values, method, signature]: Word): void {
  const address = variables['_context'] ?? variables['_target'] ?? '';
  if (signature === 'none' || !/^psyc:\/\/[^/:]+\/[~@]\w+$/.test(address)) {
    fixture.sayBytes(circuit, render({ routing: variables, entity: values, method }));
    return;
  }
  const author = signature === 'other' ? zoe : (variables['_source'] ?? ada);
  const { _signature_author: _, ...signed } = values;
  const content = fixture.sign(author.includes('/~') ? author : bob, address, { entity: signed, method, data: 'x' });
  fixture.sayBytes(circuit, renderRouted(variables, signature === 'spoilt' ? spoilt(content) : content));
}

test('no packet makes a step throw, behind the proof or before it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(peers, routing, entity, methods, signatures), { maxLength: 12 }),
      fc.boolean(),
      (words, isSlow) => {
        const fixture = new NodeFixture({ uncheckedMax: 2, authorsKnownMax: 1, lettersMax: 2 });
        words.forEach((word, index) => {
          const name = `${word[0]} ${index}`;
          const circuit = word[0] === 'raw' ? fixture.open(name) : fixture.connect(word[0], { name });
          if (isSlow) fixture.held.pki ??= [];
          speak(fixture, circuit, word);
          if (index % 4 === 3) fixture.tell({ kind: 'failed', circuit });
        });
        fixture.release();
        fixture.pass(20_000);
      },
    ),
    { numRuns: 300 },
  );
});

test('no bytes make a step throw, however they are cut', () => {
  const packet = render({
    routing: { _source: zoe, _target: hall, _tag: 't', _counter: '1' },
    method: '_message_public',
  });
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom(
      ...['|\n', ':_source\t', '\n', '=_context\tpsyc://b.example/@bar\n', '99\n'].map((text) =>
        new TextEncoder().encode(text),
      ),
    ),
    fc.constant(packet),
    fc.nat(packet.length).map((at) => packet.slice(0, at)),
  );
  fc.assert(
    fc.property(peers, fc.array(pieces, { maxLength: 20 }), (peer, parts) => {
      const fixture = new NodeFixture();
      const circuit = peer === 'raw' ? fixture.open(peer) : fixture.connect(peer);
      for (const part of parts) fixture.tell({ kind: 'bytes', circuit, bytes: part.slice() });
      fixture.tell({ kind: 'ended', circuit });
      fixture.pass(20_000);
    }),
    { numRuns: 300 },
  );
});
