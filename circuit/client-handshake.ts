/** The client's side of the proofs: it hears the host's, perhaps registers, logs in on a channel. docs/spec/circuit-proof.md#course */
import { hexOf } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import type { Packet } from '../psyc/packet.ts';
import { render } from '../psyc/render.ts';
import type { DeviceClaim, Exported, ServerClaim } from './binding.ts';
import { checkServer, proveDevice } from './proof.ts';
import { ProofError } from './proof-errors.ts';
import { proofLimits } from './proof-limits.ts';
import type { Succession } from './proof-steps.ts';
import { parseProof, type ProofMessage, renderProof } from './proof-packet.ts';

/** Who logs in where. */
export interface LoginOptions {
  readonly suite: Suite;
  /** Whose server it is. */
  readonly domain: string;
  /** Of the domain's key as pinned; null: it is taken at first, and pinned. */
  readonly pinned: Uint8Array | null;
  /** `psyc://domain/~nick`. */
  readonly person: string;
  /** Of his identity key. */
  readonly fingerprint: Uint8Array;
  /** The device's id, 16 bytes, and its Ed25519 seed. */
  readonly device: Uint8Array;
  readonly seed: Uint8Array;
  /** Under which the device will speak. */
  readonly channel: string;
  /** The identity's public key, with its certification where there is one, and the newest statement of devices. */
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
  /** Where the domain is not the person's home: his device's word that it speaks through its server. */
  readonly visit?: Uint8Array;
  /** To be registered first, by this invitation where one is needed; null: registered already. */
  readonly registration: { readonly invite: string | null } | null;
}

/** What OpenPGP is asked; one question at a time. */
export type HandshakeQuestion =
  /** `succession`: how it came to be the domain's; null: nothing came. */
  | {
      readonly kind: 'read domain key';
      readonly key: Uint8Array;
      readonly succession: Succession | null;
    }
  /** Whether `domainKey` certifies the person's key, which must be the one with this fingerprint (hexadecimal). */
  | {
      readonly kind: 'check certification';
      readonly person: string;
      readonly fingerprint: string;
      readonly key: Uint8Array;
      readonly domainKey: Uint8Array;
    }
  /** Whether the statement is of this identity key (hexadecimal), and newer than the known one. */
  | {
      readonly kind: 'check statement';
      readonly fingerprint: string;
      readonly key: Uint8Array;
      readonly statement: Uint8Array;
      readonly known: Uint8Array;
    }
  /** Which of two statements of this identity key (hexadecimal) a device shows that registers: its own, or the home's. */
  | {
      readonly kind: 'check enrolment';
      readonly fingerprint: string;
      readonly key: Uint8Array;
      readonly own: Uint8Array;
      readonly kept: Uint8Array;
    };

/** What it answers. */
export type HandshakeAnswer =
  /** `circuitKey`: raw Ed25519, null where none is good now. */
  | {
      readonly kind: 'domain key';
      readonly domain: string | null;
      readonly fingerprint: Uint8Array;
      readonly circuitKey: Uint8Array | null;
      /** Fingerprints of the keys that lead to it by their own words alone, each by that of the one before. */
      readonly follows: readonly Uint8Array[];
    }
  | { readonly kind: 'certified' }
  | { readonly kind: 'newer statement' }
  /** Our own follows what the home keeps. */
  | { readonly kind: 'enrolled' }
  /** A code of the keys. */
  | { readonly kind: 'refused'; readonly code: string };

/** What the handshake is told. */
export type HandshakeEvent =
  /** The circuit is ready; null: its stream exports nothing. */
  | { readonly kind: 'opened'; readonly exported: Exported | null }
  /** A packet of the circuit itself; looked at during the step only. */
  | { readonly kind: 'packet'; readonly packet: Packet }
  | { readonly kind: 'answered'; readonly answer: HandshakeAnswer }
  /** The pin is durable. */
  | { readonly kind: 'pinned' }
  /** A packet that is none of the circuit's, before both ends are proved. */
  | { readonly kind: 'foreign packet' }
  /** `provingMsMax` are over. */
  | { readonly kind: 'timeout' };

/** What it does. */
export type HandshakeEffect =
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  | { readonly kind: 'ask'; readonly question: HandshakeQuestion }
  /** The host's key at first sight: make the pin durable, tell people, then give `pinned`. */
  | { readonly kind: 'pin'; readonly fingerprint: Uint8Array }
  /** The pinned key has led to the host's: the same. */
  | { readonly kind: 'follow'; readonly fingerprint: Uint8Array }
  /** Our own key with a newer certification, checked. */
  | { readonly kind: 'certified'; readonly key: Uint8Array }
  /** A newer statement of our devices than ours, checked. */
  | { readonly kind: 'stated'; readonly statement: Uint8Array }
  /** Both ends are proved: now it may be spoken. */
  | { readonly kind: 'proved' }
  /** Nothing follows but the end of the circuit. `byPeer`: it said so. `detail`: the domain that answered in place of ours. */
  | { readonly kind: 'failed'; readonly code: string; readonly byPeer: boolean; readonly detail?: string };

type Phase =
  | 'new'
  | 'asked'
  | 'reading'
  | 'pinning'
  | 'registering'
  | 'certifying'
  | 'enrolling'
  | 'login'
  | 'proved'
  | 'failed';

/** One circuit's handshake; `step` changes it. */
export class ClientHandshake {
  readonly #options: LoginOptions;
  #phase: Phase = 'new';
  #exported: Exported | null = null;
  #heard = 0;
  #proof: { readonly claim: ServerClaim; readonly signature: Uint8Array; readonly key: Uint8Array } | null = null;
  /** Our own key as it came, while its certification is being checked. */
  #offered: Uint8Array | null = null;
  /** The statement that came with it, until that is answered; and while it is being checked itself. */
  #stated: { readonly statement: Uint8Array; readonly isAsked: boolean } | null = null;
  /** What is shown at the login. */
  #shown: Uint8Array;
  #effects: HandshakeEffect[] = [];

  constructor(options: LoginOptions) {
    this.#options = options;
    this.#shown = options.statement;
  }

  get isProved(): boolean {
    return this.#phase === 'proved';
  }

  /** Gives the effects, in order. Never throws, whatever the packet. */
  step(event: HandshakeEvent): HandshakeEffect[] {
    this.#effects = [];
    if (this.#phase === 'failed') return [];
    try {
      this.#take(event);
    } catch (error) {
      if (!(error instanceof ProofError)) throw error;
      this.#fail(error.code);
    }
    return this.#effects;
  }

  #take(event: HandshakeEvent): void {
    switch (event.kind) {
      case 'opened':
        if (event.exported === null) this.#fail('_proof_unbound');
        else {
          this.#exported = event.exported;
          this.#phase = 'asked';
          this.#send({ kind: 'server request' });
        }
        break;
      case 'packet':
        this.#packet(event.packet);
        break;
      case 'answered':
        this.#answered(event.answer);
        break;
      case 'pinned':
        if (this.#phase === 'pinning') this.#trusted();
        break;
      case 'foreign packet':
        if (this.#phase !== 'proved') this.#fail('_proof_necessary');
        break;
      case 'timeout':
        if (this.#phase !== 'proved') this.#fail('_proof_timeout');
        break;
    }
  }

  #packet(packet: Packet): void {
    const method = packet.method ?? '';
    if (method.startsWith('_error') || method.startsWith('_failure')) {
      this.#fail(codeIn(packet), true);
      return;
    }
    if (this.#phase === 'proved') return;
    if (++this.#heard > proofLimits.proofsMax) throw new ProofError('_proof_excessive', 'too many packets of proof');
    const message = parseProof(packet);
    if (message === null) throw new ProofError('_proof_necessary', 'something else than a proof');
    this.#message(message);
  }

  #message(message: ProofMessage): void {
    const { person } = this.#options;
    if (message.kind === 'server' && this.#phase === 'asked') {
      const { key, statement, before = null, earlier = [] } = message.evidence;
      const { from } = message.claim;
      // Before its key is read: whoever it is, it is not our home, and says so itself.
      if (from !== this.#options.domain) this.#fail('_proof_foreign_source', false, from);
      else if (key === null) this.#fail('_trust_unknown_key');
      else {
        this.#proof = { claim: message.claim, signature: message.signature, key };
        const succession = statement === null || before === null ? null : { statement, before, earlier };
        this.#ask('reading', { kind: 'read domain key', key, succession });
      }
    } else if (message.kind === 'registered' && this.#phase === 'registering') {
      if (message.person !== person) throw new ProofError('_proof_invalid_message', 'somebody else is registered');
      this.#keep(message.statement);
      this.#check('certifying', message.key);
    } else if (message.kind === 'proved' && this.#phase === 'login') {
      if (message.uniform !== person) throw new ProofError('_proof_invalid_message', 'somebody else is proved');
      this.#phase = 'proved';
      this.#effects.push({ kind: 'proved' });
      this.#keep(message.statement);
      if (message.key !== null) this.#check('proved', message.key);
      else this.#checkStatement();
    } else throw new ProofError('_proof_necessary', `nobody has asked for ${message.kind}`);
  }

  #answered(answer: HandshakeAnswer): void {
    const { phase, proof, offered } = { phase: this.#phase, proof: this.#proof, offered: this.#offered };
    if (phase === 'reading' && proof !== null) {
      if (answer.kind !== 'domain key') this.#fail(answer.kind === 'refused' ? answer.code : '_proof_invalid_message');
      else this.#judge(answer, proof);
      return;
    }
    if (phase === 'enrolling') {
      this.#enrolled(answer, offered!);
      return;
    }
    if (offered === null) {
      const stated = this.#stated;
      this.#stated = null;
      if (stated?.isAsked === true && answer.kind === 'newer statement') {
        this.#effects.push({ kind: 'stated', statement: stated.statement });
      }
      return;
    }
    this.#offered = null;
    if (answer.kind === 'certified') {
      this.#effects.push({ kind: 'certified', key: offered });
      if (phase === 'certifying') this.#enrol(offered);
    } else if (phase === 'certifying') {
      this.#fail(answer.kind === 'refused' ? answer.code : '_proof_invalid_message');
    }
    if (phase === 'proved') this.#checkStatement();
  }

  /** First whether the key is proved on this circuit, then whether it is the one to be trusted. */
  #judge(
    { domain, fingerprint, circuitKey, follows }: Extract<HandshakeAnswer, { kind: 'domain key' }>,
    { claim, signature }: { readonly claim: ServerClaim; readonly signature: Uint8Array },
  ): void {
    const { suite, domain: home, pinned } = this.#options;
    if (hexOf(claim.fingerprint) !== hexOf(fingerprint)) {
      this.#fail('_trust_unknown_key');
      return;
    }
    if (circuitKey === null) throw new ProofError('_proof_invalid_signature', 'the key has none for circuits');
    const check = { role: 'device', domain: '', fingerprint: null, peerDomain: home } as const;
    checkServer(suite, check, claim, this.#exported![claim.role], circuitKey, signature);
    if (domain !== home) this.#fail('_trust_foreign_key');
    else if (pinned === null) {
      this.#phase = 'pinning';
      this.#effects.push({ kind: 'pin', fingerprint });
    } else if (hexOf(pinned) === hexOf(fingerprint)) this.#trusted();
    else if (follows.some((one) => hexOf(pinned) === hexOf(one))) {
      this.#phase = 'pinning';
      this.#effects.push({ kind: 'follow', fingerprint });
    } else this.#fail('_trust_changed_key');
  }

  #trusted(): void {
    const { registration, person, key, statement } = this.#options;
    if (registration === null) this.#login(key);
    else {
      this.#phase = 'registering';
      this.#send({ kind: 'registration', person, key, statement, invite: registration.invite });
    }
  }

  #login(key: Uint8Array): void {
    const { suite, domain, person, device, fingerprint, seed, channel, visit } = this.#options;
    const statement = this.#shown;
    const peerFingerprint = this.#proof!.claim.fingerprint;
    const claim: DeviceClaim = { person, device, to: domain, fingerprint, peerFingerprint };
    const signature = proveDevice(suite, claim, this.#exported!.device, seed);
    this.#phase = 'login';
    this.#send({
      kind: 'device',
      channel,
      claim,
      signature,
      // At home the key is kept, and no other is read. And whoever brings 1 KiB in one read costs a server on Node 16 for as long as
      // the circuit lasts.
      evidence: visit === undefined ? { key: null, statement } : { key, statement, visit },
    });
  }

  #check(phase: Phase, key: Uint8Array): void {
    this.#offered = key;
    const { person, fingerprint } = this.#options;
    const domainKey = this.#proof!.key;
    const question = { kind: 'check certification', person, fingerprint: hexOf(fingerprint), key, domainKey } as const;
    this.#ask(phase, question);
  }

  #keep(statement: Uint8Array | null): void {
    this.#stated = statement === null ? null : { statement, isAsked: false };
  }

  /** Where other devices are enrolled already, ours counts once it stands beside them. */
  #enrol(certified: Uint8Array): void {
    if (this.#stated === null) {
      this.#login(certified);
      return;
    }
    this.#offered = certified;
    const { key, statement: own, fingerprint } = this.#options;
    const { statement: kept } = this.#stated;
    this.#ask('enrolling', { kind: 'check enrolment', fingerprint: hexOf(fingerprint), key, own, kept });
  }

  /** By the home's statement ours may be no device; then the home says so, and the next attempt begins with what is kept now. */
  #enrolled(answer: HandshakeAnswer, certified: Uint8Array): void {
    const kept = this.#stated?.statement;
    this.#stated = this.#offered = null;
    if (answer.kind === 'newer statement' && kept !== undefined) {
      this.#shown = kept;
      this.#effects.push({ kind: 'stated', statement: kept });
    } else if (answer.kind !== 'enrolled') {
      this.#fail(answer.kind === 'refused' ? answer.code : '_proof_invalid_message');
      return;
    }
    this.#login(certified);
  }

  #checkStatement(): void {
    if (this.#stated === null) return;
    const { key, fingerprint } = this.#options;
    const known = this.#shown;
    const { statement } = this.#stated;
    this.#stated = { statement, isAsked: true };
    this.#ask('proved', { kind: 'check statement', fingerprint: hexOf(fingerprint), key, statement, known });
  }

  #ask(phase: Phase, question: HandshakeQuestion): void {
    this.#phase = phase;
    this.#effects.push({ kind: 'ask', question });
  }

  #send(message: ProofMessage): void {
    this.#effects.push({ kind: 'send', bytes: renderProof(message) });
  }

  #fail(code: string, byPeer = false, detail?: string): void {
    this.#phase = 'failed';
    if (!byPeer) {
      const bytes = render({
        entity: { _code: code },
        method: `_error${code}`,
        data: 'This circuit is closed: [_code].',
      });
      this.#effects.push({ kind: 'send', bytes });
    }
    this.#effects.push({ kind: 'failed', code, byPeer, ...(detail === undefined ? {} : { detail }) });
  }
}

/** The code in an error of the peer's; of its method where it names none that is a keyword. */
export function codeIn(packet: Packet): string {
  const isCode = (text: string): boolean => /^_[a-z0-9_]{1,127}$/.test(text);
  const named = packet.text('_code') ?? '';
  if (isCode(named)) return named;
  const code = (packet.method ?? '').replace(/^_(?:error|failure)/, '');
  return isCode(code) ? code : '_error';
}
