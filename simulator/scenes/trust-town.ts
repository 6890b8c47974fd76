/** Who is there in the scene `trust`: five domains, each with a fate of its own, a person each, three places. docs/simulator.md#trust */
import { channelOf } from '../../circuit/channel.ts';
import type { Said } from '../checkers/truth.ts';
import { type DevicePlan, type PersonPlan, planPerson } from './town.ts';

/** The domains. */
export const domains = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example'] as const;
/** Its key is followed by another, as its admin wants. */
export const rotating = 'a.example';
/** Its key is stolen; its owner has a recovery key, and uses it. */
export const robbed = 'b.example';
/** Its server is gone for a while, and its people visit others. */
export const killed = 'c.example';
/** Its record in the DNS is somebody else's, and for some its address is. Its key is in everybody's configuration. */
export const hijacked = 'd.example';
/** Its admin changes his mind about others. */
export const ruling = 'e.example';
/** Its key is copied, and nobody knows: somebody certifies a key of his own for its person. */
export const copied = 'e.example';
/** Who answers at the address that is told for the hijacked domain. */
export const liarHost = 'liar.example';

/** Everybody has one device. */
export const people: readonly PersonPlan[] = [
  planPerson('ada', 'a.example', ['phone']),
  planPerson('bob', 'b.example', ['phone']),
  planPerson('cyd', 'c.example', ['phone']),
  planPerson('dan', 'd.example', ['phone']),
  planPerson('eve', 'e.example', ['phone']),
];

/** Where people meet. */
export const squares: readonly string[] = [
  `psyc://${rotating}/@hall`,
  `psyc://${killed}/@club`,
  `psyc://${ruling}/@yard`,
];

/** Whether this is a place. */
export const isSquare = (uniform: string): boolean => squares.includes(uniform);

/** The device as a visitor of another domain, on a host of its own. */
export function visiting({ devices: [device] }: PersonPlan, at: string): DevicePlan {
  const { host, person, id, ...rest } = device!;
  const channel = channelOf(person, id, { side: '1', at });
  return { ...rest, person, id, host: `${host}.at.${at}`, server: at, channel, isMain: false };
}

/** All devices, at home and wherever they may visit. */
const devices: readonly DevicePlan[] = people.flatMap((plan) => [
  ...plan.devices,
  ...domains.filter((domain) => domain !== plan.server).map((domain) => visiting(plan, domain)),
]);
const hosts = new Map(devices.map(({ channel, host }) => [channel, host]));

/** The host of a device, by the channel that it speaks on. */
export const hostOfChannel = (channel: string): string => hosts.get(channel) ?? '';

/** The routing header of what was said, as a device gets it. */
export function headingOf({ author, target, tag }: Said, sequence: number): string {
  const said = `_tag ${tag},_counter ${sequence}`;
  return isSquare(target)
    ? `_context ${target},${said},_source_relay ${author.split('#', 1)[0]!}`
    : `_source ${author},_target ${target},${said}`;
}
