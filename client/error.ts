/** Why a client's file is refused: one class, a stable code each. docs/spec/pki.md#file-errors */

/** The stable codes; docs/spec/pki.md#file-errors says what each means. */
export type ClientCode =
  | '_invalid_file'
  | '_oversized_file'
  | '_unsupported_file_version'
  | '_damaged_file'
  | '_refused_parameters'
  | '_wrong_passphrase'
  | '_empty_passphrase'
  | '_foreign_identity';

/** A file of the client that cannot be used as it is. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** What is wrong, for programs. */
  readonly code: ClientCode;

  /** `detail` is one sentence for people. */
  constructor(code: ClientCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
