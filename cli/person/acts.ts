/** What was asked of a place by those who look after it, in plain words. docs/spec/places.md#acts */
import type { Act, ActHeard, Output } from '../../client/session/events.ts';
import { clock, nameOf, safeText, UNKNOWN_TIME, whoOf } from './show.ts';

const verbs = {
  owner: ['made', ' an owner'],
  aide: ['made', ' an aide'],
  dismiss: ['took all offices from', ''],
  kick: ['kicked', ''],
  move: ['says that until now this was the name here:', ''],
  ban: ['banned', ''],
  unban: ['lifted the ban on', ''],
  silence: ['silenced', ''],
  unsilence: ['lets', ' speak again'],
  invite: ['invited', ''],
  uninvite: ['took back the invitation of', ''],
} as const;

const modes = {
  public: 'lets everybody enter',
  published: 'lets everybody enter, and has what is said from now on shown to everybody, on the web as well',
  invited: 'lets only those enter who are invited',
  members:
    'lets only those enter who are invited, and only members read what is said from now on, for ever: it cannot be taken back',
} as const;

/** What somebody did, behind his name. */
export function deedOf(act: Act): string {
  switch (act.kind) {
    case 'topic':
      return act.text === '' ? 'took the topic away' : `set the topic: ${safeText(act.text)}`;
    case 'mode':
      return modes[act.mode];
    case 'limit': {
      const { rows, days } = act;
      const parts = [rows === null ? '' : `${rows} rows`, days === null ? '' : `${days} days`].filter((part) => part);
      return parts.length === 0 ? 'has everything kept' : `has no more kept than ${parts.join(' and ')}`;
    }
    case 'clear':
      return `erased everything up to row ${act.through}`;
    default: {
      const [verb, rest] = verbs[act.kind];
      const why = act.reason === undefined ? '' : `: ${safeText(act.reason)}`;
      return `${verb} ${nameOf(act.whom)}${rest}${why}`;
    }
  }
}

/** The line of an act that was heard. */
export function actLine({ place, author, word, act, timeMs, isOld }: ActHeard): string {
  const time = timeMs === null ? UNKNOWN_TIME : clock(timeMs);
  return `${time} ${nameOf(place)} ${whoOf(author, word)}${isOld ? ' (old)' : ''} ${deedOf(act)}\n`;
}

/** What is said to whoever was put out, or is kept out, while he was not there. */
export function expelledLine(output: Extract<Output, { kind: 'expelled' }>): string {
  const { place, author, word, act, timeMs, command } = output;
  const time = timeMs === null ? UNKNOWN_TIME : clock(timeMs);
  // Behind it a command says what was refused, and what to do.
  const ifKicked =
    command === null ? 'you are no member any more (p3do enter comes back)' : 'you are no member any more';
  const what = act.kind === 'ban' ? 'you are kept out, until an owner or aide lifts the ban' : ifKicked;
  return `${nameOf(place)}: ${what}: ${time} ${whoOf(author, word)} ${deedOf(act)}`;
}
