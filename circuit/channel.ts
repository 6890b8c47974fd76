/** The channels under which a person's devices speak: one main channel each, and side channels beside it. docs/spec/circuit-proof.md#messages */
import { hexOf } from '../crypto/bytes.ts';
import { isDomain } from '../psyc/names.ts';
import { withoutChannel } from '../psyc/uniform.ts';

/** Hexadecimal digits of the device id in a channel. */
const DIGITS = 16;

const PERSON = /^psyc:\/\/[^/#]+\/~/;
const CHANNEL = /^([0-9a-f]{16})(?:-([0-9a-z]{1,16}))?(?:@([^@]+))?$/;

/** Which channel of a device. */
export interface ChannelOptions {
  /** 1 to 16 digits and small letters: a side channel; null: the main channel. */
  readonly side?: string | null;
  /** The domain whose server the device is a visitor of; null: it is at home. */
  readonly at?: string | null;
}

/** `psyc://domain/~nick#channel` of a device with an id of 16 bytes. */
export function channelOf(person: string, device: Uint8Array, { side = null, at = null }: ChannelOptions = {}): string {
  const main = `${person}#${hexOf(device).slice(0, DIGITS)}`;
  const channel = `${main}${side === null ? '' : `-${side}`}${at === null ? '' : `@${at}`}`;
  if (!isChannelOf(channel, person, device, at)) throw new RangeError(`${side} and ${at} name no channel`);
  return channel;
}

/** Whether a uniform is a channel of this person and this device, main or side: at home, or as a visitor of the domain `at`. */
export function isChannelOf(channel: string, person: string, device: Uint8Array, at: string | null = null): boolean {
  const parts = partsOf(channel);
  const isHis = withoutChannel(channel) === person && parts?.[1] === hexOf(device).slice(0, DIGITS);
  return isHis && (parts?.[3] ?? null) === at && (at === null || isDomain(at));
}

/** Whether a channel hears everything that is for its person, and not only answers. */
export const isMainChannel = (channel: string): boolean => partsOf(channel)?.[2] === undefined;

/** The domain whose server a channel's device is a visitor of; null: of none, or it is no channel. */
export function visitedIn(uniform: string): string | null {
  // Asked of every packet: nearly none has it.
  const at = uniform.lastIndexOf('@');
  if (at < uniform.indexOf('#') || !uniform.includes('#') || !PERSON.test(uniform)) return null;
  return partsOf(uniform)?.[3] ?? null;
}

/** A visitor as he is known by others: his person, the digits of his device and the domain, whichever of its channels it is; null: no visitor's. */
export function visitorIn(uniform: string): string | null {
  const visited = visitedIn(uniform);
  return visited === null ? null : `${withoutChannel(uniform)}#${partsOf(uniform)![1]}@${visited}`;
}

/** Whether a visitor's device is that with this id. */
export const isVisitorsDevice = (visitor: string, device: Uint8Array): boolean =>
  partsOf(visitor)?.[1] === hexOf(device).slice(0, DIGITS);

const partsOf = (channel: string): RegExpExecArray | null =>
  CHANNEL.exec(channel.slice(withoutChannel(channel).length + 1));
