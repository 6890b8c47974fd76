/** Why a private file is not read or not written: one class, a stable code each. docs/spec/pki.md#private-file-errors */

/** The stable codes; docs/spec/pki.md#private-file-errors says what each means. */
export type FileCode = '_exposed_file' | '_existing_file' | '_oversized_file';

/** A file that must not be used as it is; `message` is one sentence for people and names it. */
export class FileError extends Error {
  override readonly name = 'FileError';
  /** What is wrong, for programs. */
  readonly code: FileCode;

  constructor(code: FileCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
