/** What is asked of a mailbox, and what it gives, as variables of packets. docs/spec/mailbox.md#requests */
import { lengths, type Suite } from '../../crypto/suite.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Value } from '../../psyc/render.ts';
import { bytesIn } from '../variables.ts';
import { workBytes } from '../work.ts';
import { addressBytes, isSigned, type Signed } from './address.ts';
import { mailboxLimits } from './limits.ts';

/** All methods begin so. */
export const mailboxPrefix = '_request_mailbox_';

/** A request whose form is right; nothing of it has been checked. Its bytes are the packet's. */
export type MailboxRequest =
  | { readonly kind: 'terms' }
  | { readonly kind: 'get'; readonly address: Uint8Array }
  | (Signed & { readonly kind: 'put'; readonly work: Uint8Array });

/** Variables of a packet, and its method. */
export interface MailboxPacket {
  readonly method: string;
  readonly entity: Readonly<Record<string, Value>>;
}

/** How much work is asked for a value. */
export const renderTerms = (): MailboxPacket => ({ method: `${mailboxPrefix}terms`, entity: {} });

/** What lies at an address. */
export const renderGet = (address: Uint8Array): MailboxPacket => ({
  method: `${mailboxPrefix}get`,
  entity: { _address: address },
});

/** Something is to lie at an address. */
export const renderPut = ({ address, value, proof }: Signed, work: Uint8Array): MailboxPacket => ({
  method: `${mailboxPrefix}put`,
  entity: { _address: address, _value: value, _proof: proof, _work: work },
});

/** The request in a packet; null where it is none. */
export function readRequest(packet: Packet): MailboxRequest | null {
  const { method } = packet;
  if (method === `${mailboxPrefix}terms`) return { kind: 'terms' };
  const address = bytesIn(packet, '_address', addressBytes);
  if (address === null) return null;
  if (method === `${mailboxPrefix}get`) return { kind: 'get', address };
  if (method !== `${mailboxPrefix}put`) return null;
  const [value, proof, work] = [
    bytesIn(packet, '_value', mailboxLimits.valueBytes),
    bytesIn(packet, '_proof', lengths.signature),
    bytesIn(packet, '_work', workBytes),
  ];
  return value === null || proof === null || work === null ? null : { kind: 'put', address, value, proof, work };
}

/** What was found. Where nothing was, the variables have the same lengths, and random bytes. */
export function renderFound(suite: Suite, found: Omit<Signed, 'address'> | null): MailboxPacket['entity'] {
  // Drawn in either case, so that both take the same time.
  const [value, proof] = [suite.random(mailboxLimits.valueBytes), suite.random(lengths.signature)];
  return { _found: found === null ? '0' : '1', _value: found?.value ?? value, _proof: found?.proof ?? proof };
}

/**
 * What an answer says lies at an address; null: nothing. `'altered'`: what no owner of the address has put there. `'invalid'`:
 * it is no answer.
 */
export function readFound(
  suite: Suite,
  address: Uint8Array,
  packet: Packet,
): Uint8Array | 'altered' | 'invalid' | null {
  const found = packet.text('_found');
  const value = bytesIn(packet, '_value', mailboxLimits.valueBytes);
  const proof = bytesIn(packet, '_proof', lengths.signature);
  if (value === null || proof === null || (found !== '0' && found !== '1')) return 'invalid';
  if (found === '0') return null;
  return isSigned(suite, { address, value, proof }) ? value : 'altered';
}
