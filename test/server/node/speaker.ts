/** A person's device with nothing around it: it registers, logs in, enters, says signed things as fast as it is told, and hears. */
import { randomBytes } from 'node:crypto';
import { channelOf } from '../../../circuit/channel.ts';
import {
  ClientHandshake,
  type HandshakeAnswer,
  type HandshakeEffect,
  type HandshakeQuestion,
} from '../../../circuit/client-handshake.ts';
import { bytesOfHex } from '../../../crypto/bytes.ts';
import { circuitKey, readCertificate } from '../../../pki/certificate.ts';
import { deviceId } from '../../../pki/device-statement.ts';
import { enrol, firstStatement, signStatement } from '../../../pki/enrolment.ts';
import { makeIdentityKey } from '../../../pki/make-key.ts';
import { readSecretKey } from '../../../pki/secret-key.ts';
import { domainOf } from '../../../pki/user-id.ts';
import { encodeText } from '../../../psyc/bytes.ts';
import type { Packet } from '../../../psyc/packet.ts';
import { render, renderRouted } from '../../../psyc/render.ts';
import { publicationId } from '../../../publication/fields.ts';
import { signedContent } from '../../../publication/packet.ts';
import { signPublication } from '../../../publication/sign.ts';
import { suite } from '../../../server/suite.ts';
import type { Endpoint } from '../../../server/transport/resolve.ts';
import { RawPeer } from './raw-peer.ts';

const seconds = (): number => Math.floor(Date.now() / 1000);
const seed = (): Uint8Array => new Uint8Array(randomBytes(32));

/** What a person's device keeps. */
export interface SpeakerKeys {
  readonly domain: string;
  readonly person: string;
  readonly fingerprint: Uint8Array;
  readonly device: Uint8Array;
  readonly seed: Uint8Array;
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
}

/** Keys of somebody new. */
export async function newSpeakerKeys(nick: string, domain: string): Promise<SpeakerKeys> {
  const now = seconds();
  const secret = await readSecretKey(
    await makeIdentityKey({ nick, domain, seed: seed(), encryptionSeed: seed(), now }),
  );
  const deviceSeed = seed();
  const publicKey = suite.ed25519PublicKey(deviceSeed);
  const { fingerprint } = secret.certificate.key;
  const first = firstStatement(fingerprint, secret.certificate.userIds[0]!.text, now);
  return {
    domain,
    person: `psyc://${domain}/~${nick}`,
    fingerprint: bytesOfHex(fingerprint)!,
    device: deviceId(publicKey),
    seed: deviceSeed,
    key: secret.certificate.bytes,
    statement: await signStatement(secret.signer, enrol(first, publicKey, now)),
  };
}

/** Something said, as it goes over the wire, again if need be. */
export interface Saying {
  readonly counter: number;
  readonly bytes: Uint8Array;
}

async function answerTo(question: HandshakeQuestion): Promise<HandshakeAnswer> {
  if (question.kind === 'check certification') return { kind: 'certified' };
  const certificate = await readCertificate(question.key);
  return {
    kind: 'domain key',
    domain: domainOf(certificate),
    fingerprint: bytesOfHex(certificate.key.fingerprint)!,
    circuitKey: circuitKey(certificate, seconds()),
    follows: [],
  };
}

/** What one device says to one target: numbered, signed and chained. */
export class Sayings {
  readonly #keys: SpeakerKeys;
  readonly #channel: string;
  readonly #target: string;
  #counter = 0;
  #signed = 0;
  #previous: Uint8Array = new Uint8Array(32);

  constructor(keys: SpeakerKeys, target: string, side: string | null = null) {
    this.#keys = keys;
    this.#target = target;
    this.#channel = channelOf(keys.person, keys.device, { side });
  }

  /** A request without content to be signed, such as to enter. */
  ask(method: string): Saying {
    const counter = ++this.#counter;
    return { counter, bytes: render({ routing: this.#routing(counter), method }) };
  }

  /** Asks for the history behind a row. */
  page(after: number): Saying {
    const routing = { _source: this.#channel, _target: this.#target, _tag: `h${after}` };
    return { counter: 0, bytes: render({ routing, entity: { _after: String(after) }, method: '_request_history' }) };
  }

  /** Asks for the newest rows. */
  newest(limit: number): Saying {
    const routing = { _source: this.#channel, _target: this.#target, _tag: 'n' };
    return { counter: 0, bytes: render({ routing, entity: { _limit: String(limit) }, method: '_request_history' }) };
  }

  /** A signed message. */
  say(method: string, data: string): Saying {
    const counter = ++this.#counter;
    const { fingerprint, device, seed: secret } = this.#keys;
    const statement = {
      address: this.#target,
      fingerprint,
      device,
      counter: ++this.#signed,
      previous: this.#previous,
      timeMs: Date.now(),
      content: encodeText(`${method}\n${data}\n`),
    };
    this.#previous = publicationId(suite, statement);
    const content = signedContent(signPublication(suite, statement, secret));
    return { counter, bytes: renderRouted(this.#routing(counter), content, true) };
  }

  #routing(counter: number): Record<string, string> {
    return { _source: this.#channel, _target: this.#target, _tag: `t${counter}`, _counter: String(counter) };
  }
}

/** How to log in. */
export interface SpeakerOptions {
  /** Registers first; null: without an invitation. */
  readonly invite?: string | null;
  readonly side?: string;
  readonly isWebSocket?: boolean;
  /** Where it comes from. */
  readonly localAddress?: string | undefined;
}

/** A circuit of a device that is logged in. */
export class Speaker {
  readonly peer: RawPeer;

  private constructor(peer: RawPeer) {
    this.peer = peer;
  }

  /** Logs in; registers before that where `invite` is not left out. Rejects with the code of a refusal. */
  static async open(endpoint: Endpoint, keys: SpeakerKeys, options: SpeakerOptions = {}): Promise<Speaker> {
    const { invite, side = null, isWebSocket = false, localAddress } = options;
    const peer = await RawPeer.open(endpoint, isWebSocket, localAddress);
    const handshake = new ClientHandshake({
      suite,
      ...keys,
      pinned: null,
      channel: channelOf(keys.person, keys.device, { side }),
      registration: invite === undefined ? null : { invite },
    });
    const perform = async (effects: readonly HandshakeEffect[]): Promise<void> => {
      for (const effect of effects) {
        if (effect.kind === 'send') peer.say(effect.bytes);
        else if (effect.kind === 'pin') await perform(handshake.step({ kind: 'pinned' }));
        else if (effect.kind === 'ask')
          await perform(handshake.step({ kind: 'answered', answer: await answerTo(effect.question) }));
        else if (effect.kind === 'failed') throw new Error(effect.code);
      }
    };
    try {
      await perform(handshake.step({ kind: 'opened', exported: peer.exported }));
      while (!handshake.isProved) {
        const packet = await peer.hear();
        if (packet === null) throw new Error('_circuit_lost');
        await perform(handshake.step({ kind: 'packet', packet }));
      }
    } catch (error) {
      peer.close();
      throw error;
    }
    return new Speaker(peer);
  }

  say({ bytes }: Saying): void {
    this.peer.say(bytes);
  }

  /** The next packet for which this holds; those before it are dropped. Rejects when the circuit is over. */
  async until(isIt: (packet: Packet) => boolean): Promise<Packet> {
    for (;;) {
      const packet = await this.peer.hear();
      if (packet === null) throw new Error('_circuit_lost');
      if (isIt(packet)) return packet;
      if (packet.method?.startsWith('_error') === true) throw new Error(packet.method);
    }
  }

  /** The packet with this method, or one that inherits from it. */
  method(family: string): Promise<Packet> {
    return this.until(({ method }) => method === family || method?.startsWith(`${family}_`) === true);
  }

  close(): void {
    this.peer.close();
  }
}

/** Somebody offers friendship to people, who are no strangers to him from then on: what they say to him has no limits but the log's. */
export async function offerFriendship(endpoint: Endpoint, keys: SpeakerKeys, people: readonly string[]): Promise<void> {
  const speaker = await Speaker.open(endpoint, keys, { side: '1' });
  for (const person of people) {
    speaker.say(new Sayings(keys, person, '1').say('_request_friendship', ''));
    await speaker.method('_echo_friendship');
  }
  speaker.close();
}
