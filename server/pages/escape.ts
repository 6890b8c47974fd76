/** What others wrote, as it may stand in XML and HTML. docs/spec/pages.md#content */

/** What XML 1.0 (section 2.2) has no characters for, and what turns text around beyond its end (UAX #9), where it is not isolated. */
const IMPOSSIBLE =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ud800-\udfff\ufffe\uffff]/gu;
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text between tags, or between quotes in one. */
export const escaped = (text: string): string =>
  text
    .replace(IMPOSSIBLE, '\ufffd')
    .replace(TURNING, '')
    .replace(/\r\n?/g, '\n')
    .replace(/[&<>"']/g, (character) => entities[character]!);

/** A moment, RFC 3339. */
export const moment = (timeMs: number): string => new Date(Math.min(timeMs, LAST_MS)).toISOString();

/** What RFC 3339 has years for ends here. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59);
