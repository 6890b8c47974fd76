/** A server's side of the proofs, from the greeting until both ends may speak. docs/spec/circuit-proof.md#course */
import type { Suite } from '../crypto/suite.ts';
import type { Packet } from '../psyc/packet.ts';
import type { Route } from '../psyc/reply.ts';
import type { DeviceClaim, Exported, Role, ServerClaim } from './binding.ts';
import type { Challenges } from './challenge.ts';
import { codeIn } from './client-handshake.ts';
import {
  checkBrowser,
  checkDevice,
  checkDeviceClaim,
  checkServer,
  checkServerClaim,
  proveServer,
  type ServerCheck,
} from './proof.ts';
import { ProofError } from './proof-errors.ts';
import type { Evidence } from './proof-lines.ts';
import { proofLimits } from './proof-limits.ts';
import type { ProofStep } from './proof-steps.ts';
import { parseProof, type ProofMessage, type Registration, renderProof } from './proof-packet.ts';

/** What a server proves itself with. */
export interface ServerIdentity {
  readonly domain: string;
  /** Of the domain's key. */
  readonly fingerprint: Uint8Array;
  /** The domain's key, for those who do not know it. */
  readonly certificate: Uint8Array;
  /** Ed25519 seed of its [A] subkey. */
  readonly seed: Uint8Array;
  /** The statement by which the domain's key follows the one before, signed; a first key has none. */
  readonly rotation?: Uint8Array;
  /** The key before, for those who know that one and nothing else. */
  readonly before?: Uint8Array;
  /** How the key before came to be the domain's, the oldest step first; for those who have missed some. */
  readonly earlier?: readonly ProofStep[];
  /** The key from which these lead on, for clients, which keep no keys of others. */
  readonly first?: Uint8Array;
  /** Fingerprint of the offline key that may answer for the domain; and that key, where it has signed the statement. */
  readonly recovery?: Uint8Array;
  readonly recoveryKey?: Uint8Array;
}

/** Who is proved at the other end. */
export type Proved =
  | { readonly kind: 'server'; readonly domain: string; readonly fingerprint: Uint8Array }
  | {
      readonly kind: 'client';
      readonly person: string;
      readonly device: Uint8Array;
      /** `psyc://domain/~nick#channel`, under which it speaks. */
      readonly channel: string;
      readonly fingerprint: Uint8Array;
      /** The device's Ed25519 key. */
      readonly deviceKey: Uint8Array;
    };

/** What the machine must know and cannot: keys take time to read, and trust is not its business. */
export type ServerQuestion =
  /** Which key signs circuits for the key that is named? Answer: `key`. Nothing is believed of it yet. */
  | { readonly kind: 'server key'; readonly claim: ServerClaim; readonly evidence: Evidence }
  | { readonly kind: 'device key'; readonly claim: DeviceClaim; readonly channel: string; readonly evidence: Evidence }
  /** The signature is good: is it the right key? Answer: `admitted`. */
  | { readonly kind: 'admission'; readonly peer: Proved; readonly evidence: Evidence }
  /** Answer: `registered`. */
  | { readonly kind: 'registration'; readonly registration: Registration };

/** The answer to the one question that is open. */
export type ServerAnswer =
  | { readonly kind: 'key'; readonly publicKey: Uint8Array }
  /** `key`: the person's, where its certification was renewed; `statement`, here and below: his newest, where he showed another. */
  | { readonly kind: 'admitted'; readonly key: Uint8Array | null; readonly statement: Uint8Array | null }
  | { readonly kind: 'registered'; readonly key: Uint8Array; readonly statement: Uint8Array | null }
  /** With a stable code, which the peer is told. */
  | { readonly kind: 'refused'; readonly code: string };

/** What is to be done. After `failed` nothing follows; after `proved` no more packets are for this machine. */
export type HandshakeEffect =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  | { readonly kind: 'ask'; readonly question: ServerQuestion }
  /** The peer's proof is taken; he may not speak yet, but what he sends may be as long as from now on. */
  | { readonly kind: 'admitted' }
  | { readonly kind: 'proved'; readonly peer: Proved }
  /** `byPeer`: he said so, and there is nobody to be told. */
  | { readonly kind: 'failed'; readonly code: string; readonly byPeer: boolean };

/** What it is given. */
export interface HandshakeOptions {
  readonly suite: Suite;
  readonly identity: ServerIdentity;
  /** Whom we opened the circuit to, and the fingerprint that we expect of his key, if we know it; null: he opened it. */
  readonly dialled: { readonly domain: string; readonly expected: Uint8Array | null } | null;
  /** null: a stream that exports nothing; then only browsers can log in. */
  readonly exported: Exported | null;
  /** Pages that browsers may log in from. */
  readonly origins: readonly string[];
  /** The node's, and this circuit's name in it. */
  readonly challenges: Challenges;
  readonly circuit: string;
}

/** The claim whose signature or admission is being asked about. */
type Pending =
  | { readonly kind: 'server'; readonly message: ProofMessage & { readonly kind: 'server' } }
  | { readonly kind: 'device'; readonly message: ProofMessage & { readonly kind: 'device' | 'browser' } }
  | { readonly kind: 'registration'; readonly person: string }
  | { readonly kind: 'admission'; readonly peer: Proved };

/** One circuit's proofs, at a server. Never throws, whatever the packets. */
export class ServerHandshake {
  readonly #options: HandshakeOptions;
  #effects: HandshakeEffect[] = [];
  #pending: Pending | null = null;
  #taken = 0;
  #peer: Proved | null = null;
  /** The peer has said that our proof is taken. */
  #isHeard = false;
  /** A server that is not taken yet, but shall know us: this ends it once our proof is taken. */
  #unmet: string | null = null;
  #isOver = false;
  /** The challenge that the pending browser's proof answers, and when it did. */
  #redeemed: { readonly challenge: Uint8Array; readonly unixMs: number } | null = null;

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** The circuit is greeted. */
  start(): readonly HandshakeEffect[] {
    return this.#step(() => {
      const { dialled } = this.#options;
      if (dialled !== null) this.#prove('initiator', dialled.domain, dialled.expected);
    });
  }

  /** A packet has come, with these routing variables. `unixMs` is our clock, `nowMs` one that never goes back. */
  packet(packet: Packet, route: Route, unixMs: number, nowMs: number): readonly HandshakeEffect[] {
    return this.#step(() => {
      const bare = isBare(route);
      const method = packet.method ?? '';
      if (bare && (method.startsWith('_error') || method.startsWith('_failure'))) {
        this.#fail(codeIn(packet), true);
        return;
      }
      if (++this.#taken > proofLimits.proofsMax) throw new ProofError('_proof_excessive', 'too many proofs');
      const message = bare ? parseProof(packet) : null;
      if (message === null) throw new ProofError('_proof_necessary', 'prove who you are first');
      this.#take(message, unixMs, nowMs);
    });
  }

  /** The answer to the question that was asked. */
  answer(answer: ServerAnswer): readonly HandshakeEffect[] {
    return this.#step(() => {
      const pending = this.#pending;
      this.#pending = null;
      if (pending === null) return;
      if (answer.kind === 'refused') this.#refuse(pending, answer.code);
      else if (pending.kind === 'registration' && answer.kind === 'registered') {
        const { key, statement } = answer;
        this.#write({ kind: 'registered', person: pending.person, key, statement });
      } else if (pending.kind === 'admission' && answer.kind === 'admitted') this.#admit(pending.peer, answer);
      else if (answer.kind === 'key') this.#check(pending, answer.publicKey);
      else throw new Error(`${answer.kind} is no answer to ${pending.kind}`);
    });
  }

  #step(act: () => void): readonly HandshakeEffect[] {
    this.#effects = [];
    if (this.#isOver) return this.#effects;
    try {
      act();
    } catch (error) {
      if (!(error instanceof ProofError)) throw error;
      this.#fail(error.code);
    }
    return this.#effects;
  }

  #take(message: ProofMessage, unixMs: number, nowMs: number): void {
    // Only what says that our own proof was taken may come while we look at the peer's.
    if ((this.#pending !== null || this.#unmet !== null) && message.kind !== 'proved') {
      throw new ProofError('_proof_excessive', 'one proof at a time');
    }
    const isDialled = this.#options.dialled !== null;
    switch (message.kind) {
      case 'server':
        if (this.#peer !== null) throw new ProofError('_proof_excessive', 'proved already');
        checkServerClaim(this.#serverCheck, message.claim);
        this.#pending = { kind: 'server', message };
        this.#ask({ kind: 'server key', claim: message.claim, evidence: message.evidence });
        return;
      case 'proved':
        // He says it of the name that he knows us by; there is nothing to be believed in it.
        this.#isHeard = true;
        if (this.#unmet !== null) this.#fail(this.#unmet);
        else this.#finish();
        return;
      case 'server request':
        if (isDialled) break;
        this.#prove('host', '', null);
        return;
      case 'registration': {
        if (isDialled || this.#peer !== null) break;
        const { person, key, statement, invite } = message;
        this.#pending = { kind: 'registration', person };
        this.#ask({ kind: 'registration', registration: { person, key, statement, invite } });
        return;
      }
      case 'device':
      case 'browser':
        if (isDialled || this.#peer !== null) break;
        if (message.kind === 'browser') {
          // Used up by this, whatever the proof is worth.
          this.#redeemed = { challenge: this.#options.challenges.redeem(this.#options.circuit, nowMs), unixMs };
        }
        checkDeviceClaim(this.#options.identity, message.claim);
        this.#pending = { kind: 'device', message };
        this.#ask({ kind: 'device key', claim: message.claim, channel: message.channel, evidence: message.evidence });
        return;
      case 'challenge request': {
        if (isDialled) break;
        const { suite, challenges, circuit } = this.#options;
        const challenge = suite.random(32);
        if (!challenges.give(circuit, challenge, nowMs))
          throw new ProofError('_proof_excessive', 'too many challenges');
        this.#write({ kind: 'challenge', challenge });
        return;
      }
      case 'challenge':
      case 'registered':
        break;
    }
    throw new ProofError('_proof_necessary', `${message.kind} has no place here`);
  }

  #check(pending: Pending, publicKey: Uint8Array): void {
    if (pending.kind === 'server') this.#checkServer(pending.message, publicKey);
    else if (pending.kind === 'device') this.#checkDevice(pending.message, publicKey);
    else throw new Error(`a key is no answer to ${pending.kind}`);
  }

  #checkServer({ claim, signature, evidence }: ProofMessage & { kind: 'server' }, publicKey: Uint8Array): void {
    checkServer(this.#options.suite, this.#serverCheck, claim, this.#exported(claim.role), publicKey, signature);
    const { from: domain, fingerprint } = claim;
    this.#askAdmission({ kind: 'server', domain, fingerprint }, evidence);
  }

  get #serverCheck(): ServerCheck {
    const { identity, dialled } = this.#options;
    const { domain, fingerprint } = identity;
    const role = dialled === null ? 'acceptor' : 'initiator';
    return { role, domain, fingerprint, peerDomain: dialled?.domain ?? null };
  }

  #checkDevice(message: ProofMessage & { kind: 'device' | 'browser' }, publicKey: Uint8Array): void {
    const { suite, identity, origins } = this.#options;
    const { claim, channel, signature, evidence } = message;
    const { domain, fingerprint } = identity;
    if (message.kind === 'device') {
      checkDevice(suite, { domain, fingerprint }, claim, this.#exported('device'), publicKey, signature);
    } else {
      const { challenge, unixMs } = this.#redeemed!;
      const check = { domain, fingerprint, origins, challenge };
      checkBrowser(suite, check, claim, message.answer, publicKey, signature, unixMs);
    }
    const { person, device } = claim;
    const peer = {
      kind: 'client',
      person,
      device,
      channel,
      fingerprint: claim.fingerprint,
      deviceKey: publicKey,
    } as const;
    this.#askAdmission(peer, evidence);
  }

  #askAdmission(peer: Proved, evidence: Evidence): void {
    this.#pending = { kind: 'admission', peer };
    this.#ask({ kind: 'admission', peer, evidence });
  }

  /** Of two that have never met each would wait for the other to be known: so whoever came hears our proof first. */
  #refuse(pending: Pending, code: string): void {
    const isUnmet = code === '_trust_unmet' && pending.kind === 'admission' && pending.peer.kind === 'server';
    if (!isUnmet || pending.peer.kind !== 'server' || this.#options.dialled !== null) {
      this.#fail(code);
      return;
    }
    this.#unmet = code;
    const { domain, fingerprint } = pending.peer;
    this.#prove('acceptor', domain, fingerprint);
  }

  #admit(peer: Proved, { key, statement }: ServerAnswer & { kind: 'admitted' }): void {
    this.#peer = peer;
    this.#effects.push({ kind: 'admitted' });
    if (peer.kind === 'client') {
      // Who has logged in has checked our proof before, or is a browser and never can.
      this.#write({ kind: 'proved', uniform: peer.person, key, statement });
      this.#isHeard = true;
    } else {
      if (this.#options.dialled === null) this.#prove('acceptor', peer.domain, peer.fingerprint);
      this.#write({ kind: 'proved', uniform: `psyc://${peer.domain}`, key: null, statement: null });
    }
    this.#finish();
  }

  #finish(): void {
    if (this.#peer === null || !this.#isHeard) return;
    this.#isOver = true;
    this.#effects.push({ kind: 'proved', peer: this.#peer });
  }

  #prove(role: ServerClaim['role'], to: string, peerFingerprint: Uint8Array | null): void {
    const { suite, identity } = this.#options;
    const {
      domain: from,
      fingerprint,
      certificate,
      seed,
      rotation = null,
      before = null,
      earlier = [],
      first,
      recovery,
      recoveryKey,
    } = identity;
    const claim = { role, from, to, fingerprint, peerFingerprint };
    const signature = proveServer(suite, claim, this.#exported(role), seed);
    // Servers keep the keys of others; to a client all are shown, the oldest as the one before.
    const known = role === 'host' ? (first ?? before) : null;
    const isShown = earlier.length > 0 && (role !== 'host' || first !== undefined);
    this.#write({
      kind: 'server',
      claim,
      signature,
      evidence: {
        key: certificate,
        statement: rotation,
        before: known,
        ...(isShown ? { earlier } : {}),
        ...(recovery === undefined ? {} : { recovery, recoveryKey: recoveryKey ?? null }),
      },
    });
  }

  #exported(role: Role): Uint8Array {
    const { exported } = this.#options;
    if (exported === null) throw new ProofError('_proof_unbound', 'this stream exports no keying material');
    return exported[role];
  }

  #ask(question: ServerQuestion): void {
    this.#effects.push({ kind: 'ask', question });
  }

  #write(message: ProofMessage): void {
    this.#effects.push({ kind: 'write', bytes: renderProof(message) });
  }

  #fail(code: string, byPeer = false): void {
    this.#isOver = true;
    this.#effects.push({ kind: 'failed', code, byPeer });
  }
}

/** Whether a packet is of the circuit itself. */
const isBare = (route: Route): boolean =>
  ['_source', '_target', '_context', '_source_relay', '_target_relay'].every((name) => (route(name) ?? '') === '');
