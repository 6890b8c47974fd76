/** Challenges given to browsers: one outstanding a circuit, each good once and for a while. docs/spec/circuit-proof.md#challenges */
import { ProofError } from './proof-errors.ts';
import { proofLimits } from './proof-limits.ts';

/** The limits of the memory. */
export type ChallengeLimits = { readonly [K in 'challengesMax' | 'challengeMsMax']: number };

interface Outstanding {
  readonly challenge: Uint8Array;
  readonly expiresAtMs: number;
}

/** The challenges outstanding, by the circuit that each was given to. */
export class Challenges {
  private readonly limits: ChallengeLimits;
  /** In the order they were given, which is the order they expire in. */
  private readonly outstanding = new Map<string, Outstanding>();

  constructor(limits: ChallengeLimits = proofLimits) {
    this.limits = limits;
  }

  /** How many are outstanding, expired ones that nobody has looked at included. */
  get size(): number {
    return this.outstanding.size;
  }

  /**
   * Gives the circuit a challenge of 32 bytes in place of the one it had; gives false when there is no room: it may ask again
   * later. `nowMs` never goes back.
   */
  give(circuit: string, challenge: Uint8Array, nowMs: number): boolean {
    this.outstanding.delete(circuit);
    for (const [name, { expiresAtMs }] of this.outstanding) {
      if (expiresAtMs > nowMs) break;
      this.outstanding.delete(name);
    }
    if (this.outstanding.size >= this.limits.challengesMax) return false;
    this.outstanding.set(circuit, { challenge, expiresAtMs: nowMs + this.limits.challengeMsMax });
    return true;
  }

  /**
   * The circuit's challenge, which is used up by this, whatever the proof is worth. Throws ProofError
   * `_proof_unknown_challenge`, `_proof_expired_challenge`.
   */
  redeem(circuit: string, nowMs: number): Uint8Array {
    const given = this.outstanding.get(circuit);
    if (given === undefined) throw new ProofError('_proof_unknown_challenge', 'no challenge is outstanding');
    this.outstanding.delete(circuit);
    if (given.expiresAtMs <= nowMs) throw new ProofError('_proof_expired_challenge', 'the challenge came too late');
    return given.challenge;
  }

  /** Forgets the challenge of a circuit that is over. */
  forget(circuit: string): void {
    this.outstanding.delete(circuit);
  }
}
