/** The channels under which a person's devices speak: one main channel each, and side channels beside it. docs/spec/circuit-proof.md#messages */
import { hexOf } from '../crypto/bytes.ts';
import { withoutChannel } from '../psyc/uniform.ts';

/** Hexadecimal digits of the device id in a channel. */
const DIGITS = 16;

const SIDE = /^[0-9a-f]{16}(?:-([0-9a-z]{1,16}))?$/;

/** `psyc://domain/~nick#channel` of a device with an id of 16 bytes; `side` (1 to 16 digits and small letters) makes it a side channel. */
export function channelOf(person: string, device: Uint8Array, side: string | null = null): string {
  const main = `${person}#${hexOf(device).slice(0, DIGITS)}`;
  const channel = side === null ? main : `${main}-${side}`;
  if (!isChannelOf(channel, person, device)) throw new RangeError(`${side} names no side channel`);
  return channel;
}

/** Whether a uniform is a channel of this person and this device, main or side. */
export function isChannelOf(channel: string, person: string, device: Uint8Array): boolean {
  const name = channel.slice(withoutChannel(channel).length + 1);
  const isForm = withoutChannel(channel) === person && SIDE.test(name);
  return isForm && name.startsWith(hexOf(device).slice(0, DIGITS));
}

/** Whether a channel hears everything that is for its person, and not only answers. */
export const isMainChannel = (channel: string): boolean => SIDE.exec(channel.split('#')[1] ?? '')?.[1] === undefined;
