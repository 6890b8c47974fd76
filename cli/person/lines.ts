/** What was heard, as lines for people. docs/spec/people.md#shown */
import type { Output } from '../../client/session/events.ts';
import { actLine } from './acts.ts';
import { deletedLine, heardLine, nameOf, safeText, UNKNOWN_TIME } from './show.ts';

/** The line of something that was said, or of somebody who came or went; null for anything else. */
export function lineOf(output: Output): string | null {
  if (output.kind === 'heard') return heardLine(output);
  if (output.kind === 'deleted') return deletedLine(output);
  if (output.kind === 'act') return actLine(output);
  if (output.kind !== 'member') return null;
  const did = output.isHere ? 'entered' : 'left';
  return `${UNKNOWN_TIME} ${nameOf(output.place)} ${nameOf(output.member)} ${did} (according to ${output.host})\n`;
}

/** What is said to who has entered a place: whether it was made by that, else how many are there, and of what they speak. */
export function enteredLine(entered: Extract<Output, { kind: 'entered' }>): string {
  const { place, members, topic, mode, isMade } = entered;
  if (isMade) return `made ${nameOf(place)}: you are its owner\n`;
  const many = members === null ? '' : `, ${members} ${members === 1 ? 'member' : 'members'}`;
  const about = topic === null || topic === '' ? '' : `topic: ${safeText(topic)}\n`;
  const shown = mode === 'published' ? 'what is said here is shown to everybody, on the web as well\n' : '';
  return `entered ${nameOf(place)}${many}\n${about}${shown}`;
}
