/** What a session must find again after a crash. docs/spec/people.md#kept */
import { carriedBeside, contentOf, without } from './carried.ts';
import type { Pending, Voice } from './voice.ts';

export type { Pending, Voice };

/** A key that was taken at first sight, and that no other replaces but one that it has named its successor. */
export interface Pin {
  /** In hexadecimal. */
  readonly fingerprint: string;
  /** Of a person: the counter of the newest statement of devices that was seen; of a domain 0. */
  readonly counter: number;
  /** The key before, which has named this one its successor; without it none was replaced by its word. */
  readonly follows?: string;
  /** Where this person lives now, by the word of this key, and that word's number. */
  readonly moved?: { readonly to: string; readonly counter: number };
}

/** The end of a chain: counter and id (hexadecimal) of what was last signed, or heard. */
export interface Head {
  readonly counter: number;
  readonly id: string;
}

/** Our key in a members-only place. */
export interface OwnKey {
  /** The membership that it was sealed to; 0: there is none yet, but nothing is said there in the clear. */
  readonly epoch: number;
  /** The newest row by which somebody had gone, as far as was heard then. */
  readonly parted: number;
  /** Of the publication that carried it. */
  readonly counter: number;
  readonly key: Uint8Array;
  /** Milliseconds since 1970. */
  readonly madeAtMs: number;
}

/** Somebody's key in a members-only place, and the membership that it was sealed to. */
export interface HeardKey {
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** What is kept of what one device says at home; and, whatever server it speaks through, of what it has signed and where it is. */
export interface Speaking extends Voice {
  /** The last publication to each address, on all channels. */
  readonly chains: ReadonlyMap<string, Head>;
  /** The place's row of our coming, for who listens next; null where we left. */
  readonly entered: ReadonlyMap<string, number | null>;
  /** The place's row of our leaving, as far as it was said: a later membership is not ended by it. */
  readonly left: ReadonlyMap<string, number>;
  /** Places that are known to be members-only: nothing is ever said there in the clear. */
  readonly sealing: ReadonlyMap<string, OwnKey>;
}

/** What is kept of what one device hears. */
export interface Hearing {
  /** The last row of its person's log that was handed out; null before the first. */
  readonly person: number | null;
  /** The last row of each place that was handed out. */
  readonly places: ReadonlyMap<string, number>;
  /** The newest publication of each chain, by its name, the one longest unheard of first. */
  readonly heads: ReadonlyMap<string, Head>;
  /** Keys of others, by place, device and number. */
  readonly keys: ReadonlyMap<string, HeardKey>;
  /** Of members-only places: who has gone, persons and domains, by which row; the oldest first. */
  readonly gone: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** What is kept of members-only places by who listens. */
export type HeardSealed = Pick<Hearing, 'keys' | 'gone'>;

/** All of it. Pins are by domain, and by person's uniform. */
export interface Kept {
  readonly isRegistered: boolean;
  /** The identity's public key, with the newest certification. */
  readonly certificate: Uint8Array;
  /** The newest statement of devices, signed. */
  readonly statement: Uint8Array;
  readonly pins: ReadonlyMap<string, Pin>;
  readonly speaking: Speaking;
  /** Through servers that were visited, by domain. */
  readonly visits: ReadonlyMap<string, Voice>;
  readonly hearing: Hearing;
}

/** What is to be made durable; parts that are absent stay as they are. Pins are new ones, or newer counters. */
export type Keeping = { readonly [K in keyof Kept]?: Kept[K] };

export const silent: Speaking = {
  generation: 1,
  isSpent: false,
  numbers: new Map(),
  chains: new Map(),
  pending: [],
  entered: new Map(),
  left: new Map(),
  sealing: new Map(),
};

/** What a session goes on with that speaks through the server of `at`; null: at home. */
function speakingAt({ speaking, visits }: Kept, at: string | null): Speaking {
  if (at === null) return speaking;
  // Where the state was lost once, channels are named by the time since, on every server.
  const { generation } = speaking;
  return { ...speaking, ...(visits.get(at) ?? { generation, isSpent: false, numbers: new Map(), pending: [] }) };
}

/** What a session that speaks begins with. */
export interface Said {
  readonly speaking: Speaking;
  readonly elsewhere: Elsewhere;
}

/** What other servers carry that is not answered: all of it, by content; and what is to be said again here. */
interface Elsewhere {
  readonly all: ReadonlySet<string>;
  readonly unsaid: readonly Pending[];
}

const nothingElsewhere: Elsewhere = { all: new Set(), unsaid: [] };

/** What was said through other servers than that of `at`, and is not answered. */
function carriedElsewhere({ speaking, visits }: Kept, at: string | null): Elsewhere {
  const voices: [string | null, Voice][] = [[null, speaking], ...visits];
  const pendingOf = (isOwn: boolean): Pending[] =>
    voices.filter(([through]) => (through === at) === isOwn).flatMap(([, { pending }]) => pending);
  const others = pendingOf(false);
  return { all: new Set(others.map(contentOf)), unsaid: carriedBeside(pendingOf(true), others) };
}

/** What a session goes on with, and what it says again that others carry; a main channel says nothing. */
export function voiceAt(kept: Kept, channel: 'main' | 'side', at: string | null): Said {
  if (channel === 'main') return { speaking: silent, elsewhere: nothingElsewhere };
  return { speaking: speakingAt(kept, at), elsewhere: carriedElsewhere(kept, at) };
}

/** What is to be kept of it; what is `settled`, by its signed content, is answered whoever carried it. */
export function keepingOf(kept: Kept, at: string | null, speaking: Speaking, settled: ReadonlySet<string>): Keeping {
  const others = [...kept.visits].map(([domain, voice]) => [domain, without(voice, settled)] as const);
  const visits = new Map(others);
  if (at === null) return settled.size === 0 ? { speaking } : { speaking, visits };
  const { generation, isSpent, numbers, pending, ...shared } = speaking;
  visits.set(at, { generation, isSpent, numbers, pending });
  return { speaking: { ...without(kept.speaking, settled), ...shared }, visits };
}

/** Where nothing is said in the clear, and there is no key yet. */
export const noKey: OwnKey = { epoch: 0, parted: 0, counter: 0, key: new Uint8Array(0), madeAtMs: 0 };

export const unheard: Hearing = { person: null, places: new Map(), heads: new Map(), keys: new Map(), gone: new Map() };

/** What a listener goes on with: also places that were entered while nobody listened, and none that we left. */
export function heardFrom({ speaking, hearing }: Pick<Kept, 'speaking' | 'hearing'>): Hearing {
  const places = new Map(hearing.places);
  for (const [place, sequence] of speaking.entered) {
    if (sequence === null) places.delete(place);
    else if (!places.has(place)) places.set(place, sequence);
  }
  return { ...hearing, places };
}
