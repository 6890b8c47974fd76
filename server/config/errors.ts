/** Why a configuration is refused: every mistake in it, with what was found and what is allowed. docs/operating.md#configuration-errors */

/** The stable codes; docs/operating.md#configuration-errors says what each means. */
export type ConfigCode =
  | '_config_unreadable'
  | '_config_oversized'
  | '_config_syntax'
  | '_config_unknown_key'
  | '_config_invalid'
  | '_config_conflict'
  | '_config_exposed'
  | '_config_certificate'
  | '_config_key'
  | '_config_update_key'
  | '_config_store';

/** One mistake. */
export interface Mistake {
  readonly code: ConfigCode;
  /** Where in the file, as `listen.port` or `peers["b.test"].at`; null when it is about the file, or about something beside it. */
  readonly key: string | null;
  /** From 1; null where there is no such line. */
  readonly line: number | null;
  /** From 1; said of syntax only. */
  readonly column?: number;
  /** One line for people: what was found, and what is allowed. */
  readonly text: string;
}

/** A configuration that cannot be used: all its mistakes, one a line of the message, in the order of the file. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** That of the first mistake. */
  readonly code: ConfigCode;
  readonly file: string;
  readonly mistakes: readonly Mistake[];

  constructor(file: string, mistakes: readonly [Mistake, ...Mistake[]]) {
    super(mistakes.map((mistake) => lineFor(file, mistake)).join('\n'));
    this.code = mistakes[0].code;
    this.file = file;
    this.mistakes = mistakes;
  }
}

/** As compilers say it, so that editors find the place. */
function lineFor(file: string, { line, column, text }: Mistake): string {
  const place = [file, line, column].filter((part) => part !== null && part !== undefined).join(':');
  return `${place}: ${text}`;
}
