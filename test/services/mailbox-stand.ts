/** One mailbox in one node, and values for it. */
import type { Packet } from '../../psyc/packet.ts';
import { suite } from '../../server/suite.ts';
import { nameOf, signValue } from '../../services/mailbox/address.ts';
import { type MailboxLimits, mailboxLimits } from '../../services/mailbox/limits.ts';
import { type MailboxPacket, readFound, renderGet, renderPut } from '../../services/mailbox/request.ts';
import { digestOf, findWork } from '../../services/work.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import type { NodeFixture } from '../federation/node-fixture.ts';
import type { Settings } from '../federation/node-settings.ts';
import { askService, home, nodeWith } from './stand.ts';

/** Work that costs nothing. */
export const easy: MailboxLimits = { ...mailboxLimits, putBitsMin: 1, putBitsMore: 4 };

export const nodeWithMailbox = (valuesMax = 100, limits = easy, settings: Settings = {}): NodeFixture =>
  nodeWith({ mailbox: { limits, valuesMax } }, settings);

export const ask = (fixture: NodeFixture, asked: MailboxPacket, nick = 'bob'): Packet | null =>
  askService(fixture, 'mailbox', asked, nick);

export const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
export const addressOf = (byte: number): Uint8Array => suite.ed25519PublicKey(seedOf(byte));
export const valueOf = (byte: number): Uint8Array => new Uint8Array(mailboxLimits.valueBytes).fill(byte);

/** A value for the address of a seed, signed and worked for as it must be. */
export function put(fixture: NodeFixture, seed: number, value: Uint8Array, bits = 8): MailboxPacket {
  const signed = signValue(suite, seedOf(seed), value);
  const name = nameOf(suite, signed.address);
  const subject = { service: 'mailbox', domain: home, name, digest: digestOf(suite, value) } as const;
  return renderPut(signed, findWork(suite, subject, bits, beginUnixMs + fixture.nowMs, 0, 1e6)!);
}

/** What lies at the address of a seed. */
export function got(fixture: NodeFixture, seed: number, nick?: string): ReturnType<typeof readFound> {
  const answer = ask(fixture, renderGet(addressOf(seed)), nick);
  return answer === null ? 'invalid' : readFound(suite, addressOf(seed), answer);
}
