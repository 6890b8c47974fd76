/** What was said since one left, counted before it is shown, and a line where that ends. docs/spec/friends.md#since-you-left */
import type { Hearing } from '../../client/session/kept.ts';
import type { Output } from '../../client/session/events.ts';
import { nameOf } from './show.ts';
import type { Talk } from './talk.ts';

/** One log: a place's, or (null) the person's own. */
export interface Unread {
  readonly place: string | null;
  readonly unread: number;
  /** Its newest row. */
  readonly last: number;
}

/** Of one place, behind a row that was read; null: it does not say. */
export async function unreadOf(home: Talk, place: string, read: number): Promise<Unread | null> {
  const entity = { _after: String(read), _limit: '1' };
  const excused = ['_necessary_membership', '_unknown_target', '_session_unanswered', '_excessive_requests'];
  const told = await home.ask({ target: place, method: '_request_history', entity, excused });
  if (told === null || typeof told === 'string') return null;
  const last = Number(told.at(-1)?.packet.text('_sequence') ?? read);
  return { place, unread: Math.max(0, last - read), last };
}

/** Everything that is there and was not handed out on this device. */
export async function unreadIn(home: Talk, heard: Hearing): Promise<Unread[]> {
  const told = heard.person === null ? null : await home.askHome('_request_log');
  const last = Number(told?.at(-1)?.packet.text('_sequence') ?? heard.person ?? 0);
  const own = { place: null, unread: Math.max(0, last - (heard.person ?? last)), last };
  const places = await Promise.all([...heard.places].map(([place, read]) => unreadOf(home, place, read)));
  return [own, ...places.filter((one) => one !== null)].filter(({ unread }) => unread > 0);
}

/** `3 to you, 12 in @hall@b.example`. */
export const unreadLine = (unread: readonly Unread[]): string =>
  unread.map(({ place, unread: rows }) => `${rows} ${place === null ? 'to you' : `in ${nameOf(place)}`}`).join(', ');

/** Follows what is shown until all that was missed has been. */
export class Homecoming {
  readonly #left: Map<string | null, number>;

  constructor(unread: readonly Unread[]) {
    this.#left = new Map(unread.map(({ place, last }) => [place, last]));
  }

  /** Whether this was the last of what was missed. */
  take(output: Output): boolean {
    if (!('sequence' in output) || this.#left.size === 0) return false;
    const last = this.#left.get(output.place);
    if (last === undefined || output.sequence < last) return false;
    this.#left.delete(output.place);
    return this.#left.size === 0;
  }
}
