/** Why an author-signed packet is refused: one class, a stable code each. docs/spec/publication.md#errors */

/** The stable codes; docs/spec/publication.md#errors says what each means. */
export type PublicationCode =
  // shape
  | '_publication_invalid_line'
  | '_publication_invalid_fields'
  | '_publication_invalid_address'
  | '_publication_invalid_content'
  | '_publication_invalid_usage'
  | '_publication_invalid_reference'
  | '_publication_invalid_attachment'
  | '_publication_oversized'
  // author
  | '_publication_foreign_key'
  | '_publication_foreign_device'
  | '_publication_foreign_source'
  | '_publication_foreign_context'
  | '_publication_invalid_signature'
  | '_publication_future'
  | '_publication_invalid_visit'
  // sealed content
  | '_publication_invalid_seal'
  | '_publication_foreign_seal'
  | '_publication_unsealable';

/** Bytes that are no publication, or none by the author that they claim. */
export class PublicationError extends Error {
  override readonly name = 'PublicationError';
  /** What is wrong, for programs. */
  readonly code: PublicationCode;

  /** `detail` is one sentence for people. */
  constructor(code: PublicationCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
