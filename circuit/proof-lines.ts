/** The variables of a packet that carries a proof, read strictly. docs/spec/circuit-proof.md#messages */
import { bytesOfHex } from '../crypto/bytes.ts';
import { PsycError } from '../psyc/error.ts';
import { isDomain } from '../psyc/names.ts';
import type { Packet } from '../psyc/packet.ts';
import { parseCounter } from '../psyc/reply.ts';
import { parseEntity, renderUniform } from '../psyc/uniform.ts';
import type { DeviceClaim } from './binding.ts';
import { ProofError } from './proof-errors.ts';
import { proofLimits } from './proof-limits.ts';
import { parseSteps, type ProofStep } from './proof-steps.ts';

/** What the uniform of a node begins with; the domain follows. */
export const NODE = 'psyc://';

/** Whether a uniform is that of a node, without port. */
export const isNode = (uniform: string): boolean => uniform.startsWith(NODE) && isDomain(uniform.slice(NODE.length));

/** What comes with a proof so that the checker need not fetch it: OpenPGP keys and statements, judged elsewhere; none where it has them. */
export interface Evidence {
  /** The domain's key; or the person's, with his home domain's certification. */
  readonly key: Uint8Array | null;
  /** The statement of the person's identity key that enrols the device; or that the domain's key follows the one before. */
  readonly statement: Uint8Array | null;
  /** Of a person who is a visitor: his device's word that it speaks through this server, docs/spec/people.md#visitors. */
  readonly visit?: Uint8Array;
  /** Of a domain: the key before, which the statement is signed by too. */
  readonly before?: Uint8Array | null;
  /** Of a domain: how it came to the key before, the oldest step first; for those who have missed some. */
  readonly earlier?: readonly ProofStep[];
  /** Of a domain: the fingerprint of its recovery key, and that key where it has signed the statement. */
  readonly recovery?: Uint8Array;
  readonly recoveryKey?: Uint8Array | null;
}

/** The entity variables of one packet, each set at most once; names it does not know are passed over. */
export class Lines {
  private readonly values = new Map<string, Uint8Array>();
  private readonly packet: Packet;

  constructor(packet: Packet) {
    this.packet = packet;
    for (const { operator, name, value } of packet.entity) {
      if (operator !== ':' || this.values.has(name)) this.fail(name);
      this.values.set(name, value);
    }
  }

  fail(name: string): never {
    throw new ProofError('_proof_invalid_message', `${name} is missing, wrong or there twice`);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  text(name: string): string {
    return this.has(name) ? this.packet.text(name)! : this.fail(name);
  }

  /** Bytes of its own. */
  bytes(name: string, length: number): Uint8Array {
    const value = this.values.get(name);
    return value?.length === length ? new Uint8Array(value) : this.fail(name);
  }

  number(name: string): number {
    try {
      return parseCounter(this.text(name));
    } catch (error) {
      if (error instanceof PsycError) return this.fail(name);
      throw error;
    }
  }

  domain(name: string): string {
    const uniform = this.text(name);
    return isNode(uniform) ? uniform.slice(NODE.length) : this.fail(name);
  }

  person(name: string): string {
    return this.inhabitant(name, false);
  }

  channel(): string {
    return this.inhabitant('_channel', true);
  }

  invite(): string {
    const text = this.text('_invite');
    const fits = text.length <= proofLimits.inviteBytesMax && /^[!-~]+$/.test(text);
    return fits ? text : this.fail('_invite');
  }

  /** As browsers write it: scheme, host and perhaps a port, in printable ASCII without blanks. */
  origin(): string {
    const text = this.text('_origin');
    const fits = text.length <= proofLimits.originBytesMax && /^[a-z][a-z0-9+.-]*:\/\/[!-~]+$/.test(text);
    return fits ? text : this.fail('_origin');
  }

  fingerprints(): { fingerprint: Uint8Array; peerFingerprint: Uint8Array | null } {
    const peerFingerprint = this.has('_fingerprint_target') ? this.hex('_fingerprint_target', [20, 32]) : null;
    return { fingerprint: this.hex('_fingerprint', [20, 32]), peerFingerprint };
  }

  deviceClaim(): DeviceClaim {
    const person = this.person('_uniform_source');
    return { person, device: this.hex('_device', [16]), to: this.domain('_uniform_target'), ...this.fingerprints() };
  }

  signature(): { signature: Uint8Array; evidence: Evidence } {
    const visit = this.evidence('_visit', proofLimits.visitBytesMax);
    const before = this.has('_key_before') ? { before: this.evidence('_key_before') } : {};
    const recovery = this.has('_fingerprint_recovery')
      ? { recovery: this.hex('_fingerprint_recovery', [20, 32]), recoveryKey: this.evidence('_key_recovery') }
      : {};
    const earlier = this.has('_list_rotations') ? { earlier: this.steps() } : {};
    const [key, statement] = [this.evidence('_key'), this.evidence('_statement')];
    const kept = { key, statement, ...before, ...earlier, ...recovery };
    const evidence = visit === null ? kept : { ...kept, visit };
    return { signature: this.bytes('_signature', 64), evidence };
  }

  /** How a domain came to its key. */
  steps(): ProofStep[] {
    return parseSteps(this.need('_list_rotations')) ?? this.fail('_list_rotations');
  }

  /** Evidence that must be there. */
  need(name: string): Uint8Array {
    return this.evidence(name) ?? this.fail(name);
  }

  /** Bytes of its own; null where they did not come along. */
  evidence(name: string, bytesMax: number = proofLimits.evidenceBytesMax): Uint8Array | null {
    const value = this.values.get(name);
    if (value === undefined) return null;
    return value.length <= bytesMax ? new Uint8Array(value) : this.fail(name);
  }

  /** A person, or a channel of one. */
  private inhabitant(name: string, hasChannel: boolean): string {
    const text = this.text(name);
    try {
      const uniform = parseEntity(text);
      const isIt = uniform.kind === 'person' && (uniform.channel !== undefined) === hasChannel;
      return isIt && renderUniform(uniform) === text ? text : this.fail(name);
    } catch (error) {
      if (error instanceof PsycError) return this.fail(name);
      throw error;
    }
  }

  private hex(name: string, lengths: readonly number[]): Uint8Array {
    const bytes = bytesOfHex(this.text(name));
    return bytes !== null && lengths.includes(bytes.length) ? bytes : this.fail(name);
  }
}
