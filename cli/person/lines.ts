/** What was heard, as lines for people. docs/spec/people.md#shown */
import type { Output } from '../../client/session/events.ts';
import { clock, heardLine, nameOf, UNKNOWN_TIME } from './show.ts';

/** The line of something that was said, or of somebody who came or went; null for anything else. */
export function lineOf(output: Output, nowMs: number): string | null {
  if (output.kind === 'heard') return heardLine(output, nowMs);
  if (output.kind !== 'member') return null;
  const did = output.isHere ? 'entered' : 'left';
  const time = output.command === null ? clock(nowMs) : UNKNOWN_TIME;
  return `${time} ${nameOf(output.place)} ${nameOf(output.member)} ${did} (according to ${output.host})\n`;
}
