/** The ends of a circuit between a.example, b.example and a client, for tests of the handshakes. */
import type { Exported, ServerClaim } from '../../circuit/binding.ts';
import { channelOf } from '../../circuit/channel.ts';
import { Challenges } from '../../circuit/challenge.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { proveDevice, proveServer } from '../../circuit/proof.ts';
import { renderProof } from '../../circuit/proof-packet.ts';
import {
  type HandshakeEffect,
  type HandshakeOptions,
  type ServerAnswer,
  ServerHandshake,
  type ServerQuestion,
} from '../../circuit/server-handshake.ts';
import { textBytes } from '../../crypto/bytes.ts';
import { suite } from '../../server/suite.ts';

export const fill = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte);
export const keyOf = (seed: Uint8Array): Uint8Array => suite.ed25519PublicKey(seed);
export const exportedOf = (circuit: string): Exported => {
  const of = (role: string): Uint8Array => suite.blake2b(textBytes(`${circuit} ${role}`), 32);
  return { initiator: of('initiator'), acceptor: of('acceptor'), host: of('host'), device: of('device') };
};
const identityOf = (letter: string, byte: number) => ({
  domain: `${letter}.example`,
  fingerprint: fill(byte, 20),
  certificate: textBytes(`key of ${letter}`),
  seed: fill(byte),
});
export const [a, b] = [identityOf('a', 0x0a), identityOf('b', 0x0b)];
export const person = 'psyc://b.example/~bob';
export const device = { seed: fill(0x0d), id: fill(0xd1, 16), fingerprint: fill(0xbb, 20) };
export const channel = channelOf(person, device.id);

export const optionsOf = (more: Partial<HandshakeOptions> = {}): HandshakeOptions => ({
  suite,
  identity: b,
  dialled: null,
  exported: exportedOf('one'),
  origins: ['https://b.example'],
  challenges: new Challenges(),
  circuit: 'one',
  ...more,
});

/** The answers of whoever trusts everybody. */
export function answerTo(question: ServerQuestion): ServerAnswer {
  switch (question.kind) {
    case 'server key':
      return { kind: 'key', publicKey: keyOf(question.claim.from === 'a.example' ? a.seed : b.seed) };
    case 'device key':
      return { kind: 'key', publicKey: keyOf(device.seed) };
    case 'admission':
      return { kind: 'admitted', key: null, statement: null };
    case 'registration':
      return { kind: 'registered', key: textBytes('certified'), statement: null };
  }
}

/** One end, and what came of it. */
export class End {
  readonly machine: ServerHandshake;
  readonly sent: Uint8Array[] = [];
  readonly asked: ServerQuestion['kind'][] = [];
  readonly ends: HandshakeEffect[] = [];
  answers = answerTo;

  constructor(more: Partial<HandshakeOptions> = {}) {
    this.machine = new ServerHandshake(optionsOf(more));
  }

  start(): this {
    this.perform(this.machine.start());
    return this;
  }

  take(bytes: Uint8Array, nowMs = 0, unixMs = 1_000_000): this {
    const packet = parseOne(bytes);
    this.perform(this.machine.packet(packet, (name) => packet.ownRoute(name), unixMs, nowMs));
    return this;
  }

  perform(effects: readonly HandshakeEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'write') this.sent.push(effect.bytes);
      else if (effect.kind === 'ask') {
        this.asked.push(effect.question.kind);
        this.perform(this.machine.answer(this.answers(effect.question)));
      } else this.ends.push(effect);
    }
  }

  get methods(): (string | null)[] {
    return this.sent.map((bytes) => parseOne(bytes).method);
  }

  /** The code it failed with, or null. */
  get code(): string | null {
    const last = this.ends.at(-1);
    return last?.kind === 'failed' ? last.code : null;
  }
}

/** Everything that either end has sent reaches the other. */
export function talk(left: End, right: End): void {
  const ways = [
    { from: left, to: right, reached: 0 },
    { from: right, to: left, reached: 0 },
  ];
  for (let isMoving = true; isMoving; ) {
    isMoving = false;
    for (const way of ways) {
      const bytes = way.from.sent[way.reached];
      if (bytes === undefined) continue;
      way.reached++;
      way.to.take(bytes);
      isMoving = true;
    }
  }
}

export const serverProof = (more: Partial<ServerClaim> = {}, circuit = 'one', seed = a.seed): Uint8Array => {
  const claim: ServerClaim = {
    role: 'initiator',
    from: 'a.example',
    to: 'b.example',
    fingerprint: a.fingerprint,
    peerFingerprint: null,
    ...more,
  };
  const signature = proveServer(suite, claim, exportedOf(circuit)[claim.role], seed);
  return renderProof({ kind: 'server', claim, signature, evidence: { key: a.certificate, statement: null } });
};
export const claim = {
  person,
  device: device.id,
  to: 'b.example',
  fingerprint: device.fingerprint,
  peerFingerprint: b.fingerprint,
};
export const login = (more: Partial<typeof claim> = {}, circuit = 'one', seed = device.seed): Uint8Array => {
  const claimed = { ...claim, ...more };
  const signature = proveDevice(suite, claimed, exportedOf(circuit).device, seed);
  return renderProof({ kind: 'device', channel, claim: claimed, signature, evidence: { key: null, statement: null } });
};
export const proved = (uniform: string): Uint8Array =>
  renderProof({ kind: 'proved', uniform, key: null, statement: null });
