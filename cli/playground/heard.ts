/** A line of what somebody in a town hears: short, in the words of `p3do listen`. docs/spec/people.md#shown */
import type { ActHeard, Heard, Output } from '../../client/session/events.ts';
import { covers, putOutBy } from '../../client/session/words.ts';
import { deedOf } from '../person/acts.ts';
import { explained } from '../person/codes.ts';
import { noticeLine } from '../person/notices.ts';
import { friendshipText, nameOf, publicationText, safeText, unopened, whoOf } from '../person/show.ts';

/** Deeper than any line of ours begins: whoever writes several makes none that passes for an event, or for somebody else's words. */
const CONTINUED = '\n        ';

/** Hours and minutes of this machine; blank where the author has signed none. */
function clock(timeMs: number | null): string {
  if (timeMs === null) return '     ';
  const date = new Date(timeMs);
  return [date.getHours(), date.getMinutes()].map((number) => String(number).padStart(2, '0')).join(':');
}

/** `22:58 ada@red.localhost: hello`; a place other than `here` is named. */
export function heardShort(heard: Heard, here: string | null, reader: string): string {
  const { place, author, word, text, timeMs, isOld, isAction } = heard;
  let where = '';
  if (place === null) where = ` to ${reader} alone`;
  else if (place !== here) where = ` in ${nameOf(place)}`;
  const words = friendshipText(heard) ?? (text === null ? unopened(place) : safeText(text));
  const said = words.replaceAll('\n    ', CONTINUED);
  const who = `${whoOf(author, word)}${publicationText(heard)}${where}${isOld ? ' (old)' : ''}`;
  if (heard.about?.kind === 'deletion') return `${clock(timeMs)} ${who}`;
  return `${clock(timeMs)} ${isAction ? `* ${who} ${said}` : `${who}: ${said}`}`;
}

/** `22:58 ada@red.localhost kicked bob@green.localhost`; a place other than `here` is named. */
function actShort({ place, author, word, act, timeMs, isOld }: ActHeard, here: string | null): string {
  const where = place === here ? '' : ` in ${nameOf(place)}`;
  return `${clock(timeMs)} ${whoOf(author, word)}${where}${isOld ? ' (old)' : ''} ${deedOf(act)}`;
}

/** The place that a person is no member of any more, by what is heard; null: nothing of the kind. */
export function placeLost(output: Output, person: string): string | null {
  if (output.kind === 'member') return !output.isHere && output.member === person ? output.place : null;
  if (output.kind !== 'act' || output.word.kind === 'bad') return null;
  const whom = putOutBy(output.act);
  return whom !== null && covers(whom, person) ? output.place : null;
}

/** What a person is shown of an output, without what was said; null: nothing. Own words come as they are heard. */
export function eventShort(output: Output, here: string | null): string | null {
  if (output.kind === 'member') {
    const where = output.place === here ? '' : ` ${nameOf(output.place)}`;
    const did = output.isHere ? 'entered' : 'left';
    return `      ${nameOf(output.member)} ${did}${where} (according to ${output.host})`;
  }
  if (output.kind === 'act') return actShort(output, here);
  // Whose key was taken is told with what he says first.
  if (output.kind === 'first key') return null;
  if (output.kind === 'lost')
    return `      the circuit to your server is lost: ${explained(output.code)}; trying again`;
  if (output.kind === 'stored before') return `      ${nameOf(output.target)} has it now (stored at ${output.at})`;
  const notice = noticeLine(output);
  return notice === null ? null : `      ${notice}`;
}
