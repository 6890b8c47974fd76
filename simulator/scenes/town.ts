/** Who is there in the scene `federation`: domains, places, persons and their devices, and what they are called. docs/simulator.md#federation */
import { channelOf } from '../../circuit/channel.ts';
import type { Said } from '../checkers/truth.ts';
import { IdealKeys, type IdealPerson } from '../ideal.ts';

/** The domains whose servers run nodes. */
export const servers = ['a.example', 'b.example', 'c.example'] as const;
/** Where people meet. */
export const places = ['psyc://a.example/@hall', 'psyc://b.example/@bar'] as const;
/** Where only members read what is said, once its owner has made it so. */
export const den = 'psyc://c.example/@den';
/** Everywhere. */
const everyPlace: readonly string[] = [...places, den];
/** Who looks after each. */
export const owners: ReadonlyMap<string, string> = new Map([
  [places[0], 'psyc://a.example/~ada'],
  [places[1], 'psyc://b.example/~cyd'],
  [den, 'psyc://b.example/~cyd'],
]);
/** What registers somebody at `c.example`, where nobody gets in without. */
export const invite = 'welcome';

/** A device under one of its channels, on a host of its own. */
export interface DevicePlan {
  readonly host: string;
  readonly nick: string;
  readonly server: string;
  readonly person: string;
  readonly seed: Uint8Array;
  readonly id: Uint8Array;
  readonly channel: string;
  readonly isMain: boolean;
}

/** Somebody, with all his devices. */
export interface PersonPlan {
  readonly nick: string;
  readonly server: string;
  readonly uniform: string;
  /** He is not registered before the play, but in it. */
  readonly isNew: boolean;
  readonly devices: readonly DevicePlan[];
}

/** Names only: seeds and ids are the same in every run. */
const names = new IdealKeys((length) => new Uint8Array(length));

export function planPerson(nick: string, server: string, devices: readonly string[], isNew = false): PersonPlan {
  const uniform = `psyc://${server}/~${nick}`;
  const plans = devices.map((name): DevicePlan => {
    const [device = '', side = null] = name.split('-');
    const seed = names.device(`${nick} ${device} ${server}`);
    const id = names.idOf(seed);
    const channel = channelOf(uniform, id, { side });
    const host = `${nick}.${device}.${side === null ? '' : `${side}.`}${server}`;
    return { host, nick, server, person: uniform, seed, id, channel, isMain: side === null };
  });
  return { nick, server, uniform, isNew, devices: plans };
}

/** Devices with a side channel too are called `device-side`. */
export const persons: readonly PersonPlan[] = [
  planPerson('ada', 'a.example', ['phone', 'desk', 'desk-bot']),
  planPerson('bob', 'a.example', ['phone']),
  planPerson('cyd', 'b.example', ['phone', 'desk']),
  planPerson('dan', 'b.example', ['phone']),
  planPerson('eve', 'c.example', ['phone', 'desk']),
  planPerson('fay', 'c.example', ['phone']),
  planPerson('gus', 'c.example', ['phone'], true),
];
/** He lives at `a.example` and speaks for others. */
export const mallory = planPerson('mallory', 'a.example', ['desk']);

/** He speaks in places only, and closes his account while everything fails. */
export const hal = planPerson('hal', 'b.example', ['phone']);

/** A server without keys, which `b.example` names as a plain peer, and its people. */
export const plainHost = 'old.example';
export const guests: readonly string[] = ['zoe', 'yan'].map((nick) => `psyc://${plainHost}/~${nick}`);

/** Whether a person is one of them. */
export const isGuest = (person: string): boolean => guests.includes(person);

/** Identity keys as a run knows them. */
export function keysOf(keys: IdealKeys, { uniform, devices }: PersonPlan): IdealPerson {
  const seeds = devices.filter(({ isMain }) => isMain).map(({ seed }) => seed);
  return keys.person(uniform, seeds);
}

/** Whether this is a place. */
export const isPlace = (uniform: string): boolean => everyPlace.includes(uniform);

/** The domain in a uniform. */
export const hostOf = (uniform: string): string => /^psyc:\/\/([^/]+)/.exec(uniform)?.[1] ?? '';

const hosts = new Map([...persons, hal].flatMap(({ devices }) => devices.map(({ channel, host }) => [channel, host])));

/** The host of a device, by the channel that it speaks on. */
export const deviceHostOf = (channel: string): string => hosts.get(channel) ?? '';

const personsOfHosts = new Map(persons.flatMap(({ devices }) => devices.map(({ host, person }) => [host, person])));

/** Whose a device's host is. */
export const personOfHost = (host: string): string => personsOfHosts.get(host) ?? '';

/** The routing header of what was said, as a device gets it: by the place that it was said in, or by its author. `given`: the tag in it. */
export function headerOf({ author, target, tag }: Said, sequence: number, given: string): string {
  // What guests say has a tag of our side's.
  const said = `_tag ${isGuest(author) ? given : tag},_counter ${sequence}`;
  return isPlace(target)
    ? `_context ${target},${said},_source_relay ${author.split('#', 1)[0]!}`
    : `_source ${author},_target ${target},${said}`;
}
