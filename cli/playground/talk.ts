/** The conversation that a newcomer finds: two people of two domains in a place of the third, and words for one alone. docs/operating.md#playground */
import { setTimeout as pause } from 'node:timers/promises';
import { explained } from '../person/codes.ts';
import type { Circle } from './circle.ts';
import { heardShort } from './heard.ts';
import { shortKey } from './replies.ts';
import type { Resident } from './resident.ts';
import type { Screen } from './screen.ts';

/** How long it may take until something is heard that was stored. */
const HEARD_MS_MAX = 15_000;

interface Act {
  readonly who: 'ada' | 'bob';
  /** null: in the place. */
  readonly to: 'ada' | 'guest' | null;
  readonly text: string;
  /** What is to be seen here, given the key of who says it. */
  readonly note?: (key: string) => string;
}

const acts: readonly Act[] = [
  {
    who: 'ada',
    to: null,
    text: 'Bob, can you hear me? I am at red, and this place is at blue.',
    note: (key) => `      signed by Ada (key ${key}), checked here`,
  },
  {
    who: 'bob',
    to: null,
    text: 'Loud and clear, from green. Three servers, and none can put words into our mouths.',
    note: (key) => `      signed by Bob (key ${key}), checked here`,
  },
  {
    who: 'bob',
    to: 'ada',
    text: 'And this is for you alone, Ada.',
    note: () => '      as Ada sees it: sealed to her key; green and red cannot read it',
  },
  {
    who: 'ada',
    to: 'guest',
    text: 'Hello! This is for you alone. Answer with: /msg ada hello',
    note: () => '      sealed to your key: your server holds what it cannot open',
  },
  { who: 'bob', to: null, text: 'Who is new here? Type, and press Enter. Name one of us: we answer.' },
];

/** Plays it, slowly where somebody looks on: each line is shown as it is heard. */
export async function talk(circle: Circle, screen: Screen, betweenMs: number): Promise<void> {
  for (const { who, to, text, note } of acts) {
    const speaker = circle.byNick(who);
    const reader: Resident = to === 'ada' ? circle.byNick('ada') : circle.guest;
    const heard = circle.heardBy(reader, (one) => one.author === speaker.person && one.text === text, HEARD_MS_MAX);
    const target = to === null ? circle.place : reader.person;
    const outcome = await speaker.do({ kind: 'say', target, text });
    if (outcome?.kind !== 'stored') {
      const code = outcome?.kind === 'refused' || outcome?.kind === 'over' ? outcome.code : '_late';
      screen.say(`      ${speaker.name} could not say it: ${explained(code)}`);
      continue;
    }
    const one = await heard;
    // What others hear the guest does not: it is shown here, and nowhere else.
    if (one !== null && reader !== circle.guest) screen.say(heardShort(one, circle.place, reader.name), '        ');
    if (note !== undefined) screen.note(note(shortKey(reader.pinned.get(speaker.person) ?? '')), '      ');
    if (betweenMs > 0) await pause(betweenMs);
  }
}
