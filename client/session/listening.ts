/** A place as one session hears it, and the pages of its log that are being asked for. docs/spec/people.md#shown */

import { backoffMs } from '../../circuit/backoff.ts';
import { render } from '../../psyc/render.ts';
import type { Moment, Output } from './events.ts';
import { sessionLimits } from './limits.ts';
import type { Row } from './rows.ts';

/** What hearing needs of its session. */
export interface HearingOwner {
  readonly person: string;
  readonly host: string;
  /** Under which the device speaks and is spoken to. */
  readonly channel: string;
  /** How many messages are handed out at most. */
  readonly heardMax: number;
  /** Whether it hears all there is, or only what it asked for. */
  readonly hearsAll: boolean;
  /** Sends a packet; false: it was not sent. */
  send(bytes: Uint8Array): boolean;
  output(output: Output): void;
  /** Somebody was spoken for who must not be: the circuit is to be closed. */
  refuse(code: string): void;
}

/** Who asks for pages. */
export interface Asker {
  /** Under which the device speaks. */
  readonly channel: string;
  send(bytes: Uint8Array): boolean;
  /** A tag that nothing else has. */
  tag(): string;
}

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
  /** The row by which the person was put out, as long as nobody knows whether that is so; `isShown`: its turn has come. */
  expulsion?: { readonly row: Row; readonly isShown: boolean };
}

/** How often a place is asked for a page until others do not wait for it. */
export const PATIENCE_TRIES = 3;

/** Asks for a page, or for what is missing of it. */
export function askPage(asker: Asker, place: string, page: Page, now: Moment): void {
  const { repeatMsMin, repeatMsMax } = sessionLimits;
  page.repeatAtMs = now.monotoneMs + backoffMs(page.tries++, repeatMsMin, repeatMsMax);
  const after = page.reached ?? page.after;
  const entity = {
    _after: after === null ? undefined : String(after),
    _limit: page.limit === null ? undefined : String(page.limit),
  };
  const routing = { _source: asker.channel, _target: place, _tag: page.tag };
  asker.send(render({ routing, entity, method: '_request_history' }));
}
