/** One node with a mail gateway, people who write letters, a relay that takes them, and somebody who answers. */
import { expect } from '@jest/globals';
import type { MailEffect, MailEvent } from '../../federation/mail/mail-events.ts';
import { renderTicket } from '../../onion/armour.ts';
import { Assembly } from '../../onion/assembly.ts';
import type { TicketMemory } from '../../onion/ticket.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import type { Packet } from '../../psyc/packet.ts';
import { parseMailAddress } from '../../services/mail/address.ts';
import type { Arrival } from '../../services/mail/arrival.ts';
import {
  letterDigest,
  type MailLetter,
  type MailPacket,
  renderLetter,
  renderMailFetch,
} from '../../services/mail/letter.ts';
import { mailLimits } from '../../services/mail/limits.ts';
import type { MailOptions } from '../../services/mail/options.ts';
import { readReturning } from '../../services/mail/returning.ts';
import { openTold, type Told } from '../../services/mail/sealed.ts';
import { findWork } from '../../services/work.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { back, ready, ticket } from './mor-tickets.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import type { Settings } from './node-settings.ts';

export const GATE = 'psyc://a.example/$mail';
export const BITS = 4;
export const gateway = parseMailAddress('letters@gate.example')!;
const options: MailOptions = {
  limits: mailLimits,
  gateway,
  to: ['*'],
  never: ['eve@mail.example'],
  workBits: BITS,
  lettersOfDay: 5,
  lettersToOne: 2,
};

/** A node with a gateway. */
export const begun = (more: Partial<MailOptions> = {}, settings: Settings = {}): NodeFixture =>
  ready({ ...settings, options: { ...settings.options, mail: { ...options, ...more } } });

/** The same without a part in the flood of cells: days pass quickly. */
export const quiet = (more: Partial<MailOptions> = {}, settings: Settings = {}): NodeFixture =>
  new NodeFixture({}, { ...settings, options: { mail: { ...options, ...more } } });

export interface Mine {
  readonly secret: Uint8Array;
  readonly letter: MailLetter;
  readonly memories: readonly TicketMemory[];
}

let letters = 0;
/** A letter with a key of its own, and so many tickets. */
export function written(fixture: NodeFixture, tickets = 1, more: Partial<MailLetter> = {}): Mine {
  const secret = new Uint8Array(32).fill(5);
  new DataView(secret.buffer).setUint32(0, ++letters);
  const made = Array.from({ length: tickets }, () => ticket(fixture));
  const letter = {
    key: fixture.keys.suite.x25519PublicKey(secret),
    to: parseMailAddress('bob@mail.example')!,
    subject: 'Stones',
    text: 'Look under the stone',
    tickets: made.map((one) => one.ticket),
    ...more,
  };
  return { secret, letter, memories: made.map(({ memory }) => memory) };
}

export function worked(fixture: NodeFixture, letter: MailLetter, bits = BITS): MailPacket {
  const { suite } = fixture.keys;
  const subject = {
    service: 'mail',
    domain: 'a.example',
    name: letter.key,
    digest: letterDigest(suite, letter),
  } as const;
  return renderLetter(letter, findWork(suite, subject, bits, beginUnixMs + fixture.nowMs, 0, 1e6)!);
}

let asked = 0;
/** Asks it as a device of Bob's does. */
export function ask(fixture: NodeFixture, { method, entity }: MailPacket): Packet | null {
  const line = `client bob phone ${++asked}`;
  fixture.connect('client bob phone', { name: line });
  fixture.hear(line);
  const routing = { _source: channel('bob', 'phone'), _target: GATE, _tag: 'x' };
  fixture.sayRaw(line, { routing, entity, method });
  return fixture.hear(line).find(({ routing: { _tag_relay: tag } }) => tag === 'x')?.packet ?? null;
}

export const codeOf = (packet: Packet | null): string | null => packet?.text('_code') ?? packet?.method ?? null;
export const send = (fixture: NodeFixture, letter: MailLetter): string | null =>
  codeOf(ask(fixture, worked(fixture, letter)));

export type Handed = Extract<MailEffect, { kind: 'hand' }>;
/** What was to be handed to the relay since it was asked last. */
export const handed = (fixture: NodeFixture): Handed[] =>
  fixture.mail.splice(0).flatMap((effect) => (effect.kind === 'hand' ? [effect] : []));

export const tell = (fixture: NodeFixture, event: MailEvent): void => fixture.tell({ kind: 'mail', event });

/** Sends a letter, which the relay takes; its id. */
export function sent(fixture: NodeFixture, mine: Mine): string {
  expect(send(fixture, mine.letter)).toBe('_echo_mail_send');
  const [one] = handed(fixture);
  tell(fixture, { kind: 'handed', letter: one!.letter, outcome: 'taken' });
  return one!.letter;
}

let arrivals = 0;
/** Brings a mail; the code, null where it was taken. */
export function arrive(
  fixture: NodeFixture,
  letter: string,
  text: string,
  more: Partial<Arrival> = {},
): string | null | undefined {
  const request = ++arrivals;
  const arrival = { isFromNobody: false, isAutomatic: false, received: 1, status: null, text, ...more };
  tell(fixture, { kind: 'arrived', request, letter, arrival });
  const answer = fixture.mail.find((effect) => effect.kind === 'answered' && effect.request === request);
  return answer?.kind === 'answered' ? answer.code : undefined;
}

export const quoting = (fixture: NodeFixture, { letter }: Mine, at = 0): string =>
  `> ${renderTicket(fixture.keys.suite, letter.tickets[at]!).trimEnd().replaceAll('\n', '\n> ')}\n`;

/** What has come back over the tickets, opened. */
export function toldOver(fixture: NodeFixture, { secret, letter, memories }: Mine): (Told | null)[] {
  const { suite } = fixture.keys;
  const assembly = new Assembly(suite, () => null);
  return back(fixture, memories).flatMap((content) => {
    const came = content[0] === 0 ? assembly.add(content, 0) : { kind: 'whole' as const, message: content };
    if (came.kind !== 'whole') return [];
    const returned = readReturning(suite, letter.key, parseOne(came.message));
    return [returned?.sealed ? openTold(suite, 'a.example', secret, returned.sealed) : null];
  });
}

/** What it says of a letter to who has its key. */
export function fetched(fixture: NodeFixture, { secret, letter }: Mine, after = 0) {
  const packet = ask(fixture, renderMailFetch(letter.key, after))!;
  const sealed = packet.value('_reply');
  return {
    state: packet.text('_state') ?? codeOf(packet),
    last: Number(packet.text('_last')),
    told: sealed === undefined ? null : openTold(fixture.keys.suite, 'a.example', secret, sealed.slice()),
  };
}
