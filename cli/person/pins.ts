/** What a device takes for the keys of domains and people, as its person reads it. docs/spec/people.md#trust */
import type { Pin } from '../../client/session/kept.ts';
import { nameOf } from './show.ts';

/** One pin. Fingerprints in hexadecimal. */
export interface ShownPin {
  /** A domain, or a person's uniform. */
  readonly of: string;
  readonly fingerprint: string;
  /** The key before, which has named this one its successor; null: it is the first that came, or was typed. */
  readonly follows: string | null;
  /** Who it says that this person is now; null: nobody else. */
  readonly movedTo: string | null;
  /** Whether a person's keys were seen; of who was only typed they were not. */
  readonly isSeen: boolean;
}

/** All of them: each domain with its people behind it, in the order of names. */
export function pinsOf(pins: ReadonlyMap<string, Pin>): ShownPin[] {
  const shown = [...pins].map(([of, { fingerprint, counter, follows = null, moved }]) => ({
    of,
    fingerprint,
    follows,
    movedTo: moved?.to ?? null,
    isSeen: !of.startsWith('psyc://') || counter > 0,
  }));
  const orderOf = ({ of }: ShownPin): string => {
    const name = nameOf(of);
    return `${name.slice(name.indexOf('@') + 1)} ${of === name ? '' : name}`;
  };
  const ordered = shown.map((one) => [orderOf(one), one] as const);
  return ordered.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, one]) => one);
}

/** As a line, and what is more than the first key that came. */
export function pinLine({ of, fingerprint, follows, movedTo, isSeen }: ShownPin): string {
  const more = [
    ...(follows === null ? [] : [`named by the key before, ${follows}`]),
    ...(movedTo === null ? [] : [`moved: is ${nameOf(movedTo)} now`]),
    ...(isSeen ? [] : ['typed, and not seen yet']),
  ];
  return `${[`${nameOf(of)} ${fingerprint}`, ...more].join(', ')}\n`;
}
