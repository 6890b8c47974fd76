/** A server's handshake against another server's and against a client's: the course of proofs, and every refusal in it. */
import { describe, expect, test } from '@jest/globals';
import { ClientHandshake, type HandshakeEvent, type LoginOptions } from '../../circuit/client-handshake.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { proofLimits } from '../../circuit/proof-limits.ts';
import type { Evidence } from '../../circuit/proof-lines.ts';
import { renderProof } from '../../circuit/proof-packet.ts';
import type { Succession } from '../../circuit/proof-steps.ts';
import { type HandshakeEffect, ServerHandshake } from '../../circuit/server-handshake.ts';
import { textBytes } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import {
  a,
  optionsOf,
  answerTo,
  b,
  channel,
  device,
  End,
  exportedOf,
  fill,
  keyOf,
  login,
  person,
  proved,
  serverProof,
  talk,
} from './handshake-ends.ts';

describe('two servers', () => {
  const dialled = { domain: 'b.example', expected: b.fingerprint };

  test('prove themselves in three packets, each with its own role', () => {
    const initiator = new End({ identity: a, dialled }).start();
    const acceptor = new End().start();
    expect([initiator.methods, acceptor.methods]).toEqual([['_notice_proof_server'], []]);
    talk(initiator, acceptor);
    expect(initiator.methods).toEqual(['_notice_proof_server', '_notice_proved']);
    expect(acceptor.methods).toEqual(['_notice_proof_server', '_notice_proved']);
    expect(initiator.asked).toEqual(['server key', 'admission']);
    const peer = { kind: 'server', domain: 'b.example', fingerprint: b.fingerprint };
    expect(initiator.ends).toEqual([{ kind: 'admitted' }, { kind: 'proved', peer }]);
    expect(acceptor.ends.at(-1)).toEqual({
      kind: 'proved',
      peer: { kind: 'server', domain: 'a.example', fingerprint: a.fingerprint },
    });
    expect([initiator, acceptor].flatMap(({ sent }) => sent).map((bytes) => parseOne(bytes).text('_role'))).toEqual([
      ...['initiator', undefined, 'acceptor', undefined],
    ]);
    // Afterwards nothing is for this machine.
    expect(acceptor.machine.packet(parseOne(login()), () => undefined, 0, 0)).toEqual([]);
  });

  test('a man in the middle, who ends the stream on both sides, proves nothing to either', () => {
    const initiator = new End({ identity: a, dialled, exported: exportedOf('left') }).start();
    const acceptor = new End({ exported: exportedOf('right') }).start();
    talk(initiator, acceptor);
    expect(acceptor.code).toBe('_proof_invalid_signature');
    expect(initiator.ends).toEqual([]);
  });

  test.each<[string, Uint8Array]>([
    ['_proof_reflected', serverProof({ role: 'acceptor' })],
    ['_proof_invalid_role', serverProof({ role: 'host' })],
    ['_proof_reflected', serverProof({ from: 'b.example' })],
    ['_proof_reflected', serverProof({ fingerprint: b.fingerprint })],
    ['_proof_foreign_target', serverProof({ to: 'c.example' })],
    ['_proof_foreign_target', serverProof({ to: '' })],
    ['_proof_foreign_fingerprint', serverProof({ peerFingerprint: fill(0x0c, 20) })],
    ['_proof_invalid_signature', serverProof({}, 'two')],
    ['_proof_invalid_signature', serverProof({}, 'one', fill(0x0e))],
    ['_proof_necessary', render({ method: '_message_public' })],
    ['_proof_necessary', render({ routing: { _source: 'psyc://a.example' }, method: '_notice_proved' })],
    ['_proof_necessary', renderProof({ kind: 'challenge', challenge: fill(1) })],
    ['_proof_necessary', renderProof({ kind: 'registered', person, key: fill(1), statement: null })],
    ['_proof_invalid_message', render({ entity: { _role: 'initiator' }, method: '_notice_proof_server' })],
  ])('an acceptor refuses with %s', (code, bytes) => {
    const acceptor = new End().start().take(bytes);
    expect([acceptor.code, acceptor.sent]).toEqual([code, []]);
    // It is over, whatever comes.
    expect(acceptor.take(serverProof()).ends).toHaveLength(1);
  });

  test.each<[string, Uint8Array]>([
    ['_proof_foreign_source', serverProof({ role: 'acceptor', from: 'c.example', to: 'a.example' })],
    ['_proof_reflected', serverProof({ from: 'b.example', to: 'a.example' })],
    ['_proof_necessary', login()],
    ['_proof_necessary', renderProof({ kind: 'server request' })],
    ['_proof_necessary', renderProof({ kind: 'challenge request' })],
    ['_proof_necessary', renderProof({ kind: 'registration', person, key: fill(1), statement: fill(1), invite: null })],
  ])('an initiator refuses with %s', (code, bytes) => {
    expect(new End({ identity: a, dialled }).start().take(bytes).code).toBe(code);
  });

  test('a refusal of the key, before or after the signature', () => {
    for (const kind of ['server key', 'admission'] as const) {
      const acceptor = new End();
      acceptor.answers = (question) =>
        question.kind === kind ? { kind: 'refused', code: '_trust_changed_key' } : answerTo(question);
      expect(acceptor.take(serverProof()).code).toBe('_trust_changed_key');
      expect(acceptor.sent).toEqual([]);
    }
  });

  test('claims are judged before any key is read', () => {
    const acceptor = new End().take(serverProof({ to: 'c.example' }));
    expect(acceptor.asked).toEqual([]);
  });

  test('one proof at a time, and once; but the peer may say meanwhile that ours is taken', () => {
    const machine = new ServerHandshake(optionsOf({ identity: a, dialled }));
    machine.start();
    const send = (bytes: Uint8Array): readonly HandshakeEffect[] =>
      machine.packet(parseOne(bytes), () => undefined, 0, 0);
    const good = serverProof(
      { role: 'acceptor', from: 'b.example', to: 'a.example', fingerprint: b.fingerprint },
      'one',
      b.seed,
    );
    expect(send(good).map(({ kind }) => kind)).toEqual(['ask']);
    expect(send(proved('psyc://a.example'))).toEqual([]);
    expect(send(good)).toEqual([{ kind: 'failed', code: '_proof_excessive', byPeer: false }]);
    expect(machine.answer({ kind: 'key', publicKey: keyOf(b.seed) })).toEqual([]);
    const twice = new End().take(serverProof()).take(serverProof());
    expect(twice.code).toBe('_proof_excessive');
  });

  test('an error of the peer is the end, and not answered', () => {
    const acceptor = new End().take(
      render({ entity: { _code: '_trust_changed_key' }, method: '_error_trust_changed_key' }),
    );
    expect(acceptor.ends).toEqual([{ kind: 'failed', code: '_trust_changed_key', byPeer: true }]);
    expect(new End().take(render({ method: '_failure_x' })).code).toBe('_x');
  });

  test('a stream that exports nothing proves no server, and no device', () => {
    expect(new End({ identity: a, dialled, exported: null }).start().code).toBe('_proof_unbound');
    for (const bytes of [serverProof(), login(), renderProof({ kind: 'server request' })]) {
      expect(new End({ exported: null }).take(bytes).code).toBe('_proof_unbound');
    }
  });
});

describe('a client', () => {
  const optionsOfClient: LoginOptions = {
    suite,
    domain: 'b.example',
    pinned: null,
    person,
    fingerprint: device.fingerprint,
    device: device.id,
    seed: device.seed,
    channel,
    key: textBytes('key'),
    statement: textBytes('statement'),
    registration: null,
  };

  /** Plays both to the end; gives what the client did beside sending. */
  function meet(
    host: End,
    more: Partial<LoginOptions> = {},
    circuit = 'one',
    followed: (succession: Succession | null) => readonly Uint8Array[] = () => [],
  ): string[] {
    const client = new ClientHandshake({ ...optionsOfClient, ...more });
    const events: HandshakeEvent[] = [{ kind: 'opened', exported: exportedOf(circuit) }];
    const did: string[] = [];
    for (let next = events.shift(), heard = 0; next !== undefined; next = events.shift()) {
      for (const effect of client.step(next)) {
        if (effect.kind === 'send') host.take(effect.bytes);
        else if (effect.kind === 'pin' || effect.kind === 'follow') events.push({ kind: 'pinned' });
        else if (effect.kind === 'ask' && effect.question.kind === 'check certification')
          events.push({ kind: 'answered', answer: { kind: 'certified' } });
        else if (effect.kind === 'ask' && effect.question.kind === 'check statement')
          events.push({ kind: 'answered', answer: { kind: 'newer statement' } });
        else if (effect.kind === 'ask') {
          const { domain, fingerprint } = b;
          const follows = effect.question.kind === 'read domain key' ? followed(effect.question.succession) : [];
          events.push({
            kind: 'answered',
            answer: { kind: 'domain key', domain, fingerprint, circuitKey: keyOf(b.seed), follows },
          });
        }
        if (effect.kind !== 'send' && effect.kind !== 'ask')
          did.push(effect.kind === 'failed' ? effect.code : effect.kind);
      }
      while (heard < host.sent.length) events.push({ kind: 'packet', packet: parseOne(host.sent[heard++]!) });
    }
    return did;
  }

  test('is shown by which keys the host has come to its own, from the oldest; and follows the pinned one, wherever it stands among them', () => {
    const earlier = [{ statement: fill(1), key: fill(2), recovery: null }];
    const identity = { ...b, rotation: fill(3), before: fill(2), earlier, first: fill(4) };
    const keys = [fill(5, 20), fill(6, 20)];
    const shown: (Succession | null)[] = [];
    const followed = (succession: Succession | null): Uint8Array[] => {
      shown.push(succession);
      return keys;
    };
    for (const pinned of keys) {
      expect(meet(new End({ identity }), { pinned }, 'one', followed)).toEqual(['follow', 'proved']);
    }
    expect(shown[0]).toEqual({ statement: fill(3), before: fill(4), earlier });
    expect(meet(new End({ identity }), { pinned: fill(7, 20) }, 'one', followed)).toEqual(['_trust_changed_key']);
    // Where the oldest is lost, one step is shown.
    meet(new End({ identity: { ...b, rotation: fill(3), before: fill(2), earlier } }), {}, 'one', followed);
    expect(shown.at(-1)).toEqual({ statement: fill(3), before: fill(2), earlier: [] });
  });

  test('hears the host’s proof, logs in, and is proved', () => {
    const host = new End();
    expect(meet(host)).toEqual(['pin', 'proved']);
    expect(host.methods).toEqual(['_notice_proof_server', '_notice_proved']);
    expect(host.ends.at(-1)).toEqual({
      kind: 'proved',
      peer: {
        kind: 'client',
        person,
        device: device.id,
        channel,
        fingerprint: device.fingerprint,
        deviceKey: keyOf(device.seed),
      },
    });
  });

  test('registers first, where it is new; and hears of a renewed certification and a newer statement', () => {
    const host = new End();
    host.answers = (question) =>
      question.kind === 'admission'
        ? { kind: 'admitted', key: textBytes('renewed'), statement: textBytes('newer') }
        : answerTo(question);
    expect(meet(host, { registration: { invite: 'welcome' } })).toEqual([
      ...['pin', 'certified', 'proved', 'certified', 'stated'],
    ]);
    expect(host.asked).toEqual(['registration', 'device key', 'admission']);
  });

  test('brings its key where it visits, and not home, which keeps it', () => {
    const brought = (more: Partial<LoginOptions>): unknown => {
      const host = new End();
      const all: Evidence[] = [];
      host.answers = (question) => {
        if (question.kind === 'device key') all.push(question.evidence);
        return answerTo(question);
      };
      meet(host, more);
      return all;
    };
    const statement = textBytes('statement');
    expect(brought({})).toEqual([{ key: null, statement }]);
    const visit = textBytes('visit');
    expect(brought({ visit })).toEqual([{ key: textBytes('key'), statement, visit }]);
  });

  test('through a man in the middle neither goes on', () => {
    expect(meet(new End(), {}, 'two')).toEqual(['_proof_invalid_signature']);
    expect(meet(new End(), { pinned: fill(0x0c, 20) })).toEqual(['_trust_changed_key']);
  });

  test.each<[string, Uint8Array]>([
    ['_proof_foreign_target', login({ to: 'a.example' })],
    ['_proof_foreign_fingerprint', login({ peerFingerprint: a.fingerprint })],
    ['_proof_invalid_signature', login({}, 'two')],
    ['_proof_invalid_signature', login({}, 'one', fill(0x0e))],
    ['_proof_invalid_message', render({ method: '_request_login' })],
  ])('is refused with %s', (code, bytes) => {
    expect(new End().take(bytes).code).toBe(code);
  });

  test('is refused by whoever knows keys, people and invitations', () => {
    for (const [kind, bytes] of [
      ['device key', login()],
      ['admission', login()],
      ['registration', renderProof({ kind: 'registration', person, key: fill(1), statement: fill(1), invite: null })],
    ] as const) {
      const host = new End();
      host.answers = (question) =>
        question.kind === kind ? { kind: 'refused', code: '_registration_taken' } : answerTo(question);
      expect(host.take(bytes).code).toBe('_registration_taken');
    }
  });

  test('says no more than proofsMax', () => {
    const host = new End();
    for (let times = 0; times < proofLimits.proofsMax; times++) host.take(renderProof({ kind: 'server request' }));
    expect([host.sent.length, host.code]).toEqual([proofLimits.proofsMax, null]);
    expect(host.take(renderProof({ kind: 'server request' })).code).toBe('_proof_excessive');
  });
});
