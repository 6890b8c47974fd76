/** A place as one session hears it, and the pages of its log that are being asked for. docs/spec/people.md#shown */

/** A page of a place's log that was asked for. */
export interface Page {
  readonly tag: string;
  readonly command: number | null;
  readonly after: number | null;
  readonly limit: number | null;
  tries: number;
  repeatAtMs: number;
  /** The last row of it that came; null before the first. */
  reached: number | null;
}

/** A place as it is heard. */
export interface Listening {
  /** The last row that is shown or waits to be. */
  taken: number;
  /** The last row there is, as far as we know. */
  last: number;
  page: Page | null;
  /** Whether it is to be asked what was missed, when its turn comes. */
  isBehind: boolean;
  /** When it may be asked again after an answer that led nowhere. */
  pausedUntilMs: number;
}

/** How often a place is asked for a page until others do not wait for it. */
export const PATIENCE_TRIES = 3;
