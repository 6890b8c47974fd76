/** Why a proof of keys, or a packet of a circuit that has not proved enough, is refused. docs/spec/circuit-proof.md#proof-errors */

/** The stable codes; docs/spec/circuit-proof.md#proof-errors says what each means. The circuit's last packet is `_error` and the code. */
export type ProofCode =
  // the message
  | '_proof_invalid_message'
  // who proves what to whom
  | '_proof_invalid_role'
  | '_proof_reflected'
  | '_proof_foreign_source'
  | '_proof_foreign_target'
  | '_proof_foreign_fingerprint'
  | '_proof_foreign_origin'
  | '_proof_invalid_signature'
  // the browser's challenge
  | '_proof_unknown_challenge'
  | '_proof_expired_challenge'
  | '_proof_invalid_time'
  // the course
  | '_proof_necessary'
  | '_proof_excessive'
  | '_proof_timeout'
  | '_proof_unbound'
  // who may speak for whom
  | '_authority_unproved_source'
  | '_authority_unproved_context'
  | '_authority_unproved_source_relay'
  | '_authority_excessive';

/** A proof that is none. */
export class ProofError extends Error {
  override readonly name = 'ProofError';
  /** What is wrong, for programs. */
  readonly code: ProofCode;

  /** `detail` is one sentence for people. */
  constructor(code: ProofCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
