/** One-time secrets placed over a ticket: asked of a listener out of a cell, answered when durable, used by who asked. */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { openOnion } from '../../onion/holder.ts';
import { askExchange, endExchange, type ExchangeMemory } from '../../onion/exchange.ts';
import { forgottenKey } from '../../onion/keys.ts';
import { oneTimeTag } from '../../onion/layer.ts';
import { makeTicket, type TicketMemory, undoReply } from '../../onion/ticket.ts';
import { Parser } from '../../psyc/parse.ts';
import { render } from '../../psyc/render.ts';
import { bare, oneTime, Stand, suite, unixSeconds } from './stand.ts';

const OWN = 'psyc://own.example/$mor';

/** What somebody who wants a secret has in hand. */
interface Asker {
  readonly question: Uint8Array;
  readonly exchange: ExchangeMemory;
  readonly ticket: Uint8Array;
  readonly memory: TicketMemory;
}

/** A secret placed at the listener by a deposit, and a ticket over it. */
function asker(stand: Stand): Asker {
  stand.hear('mia.example', bare(stand.onion([stand.hop('own.example', { isDeposit: true })])));
  const { secret } = stand.disk.slots.at(-1)!;
  const hops = [secret, suite.random(32)].map((bytes) => ({
    secret: bytes,
    alpha: forgottenKey(suite, suite.random),
    delayMs: 0,
  }));
  const { ticket, memory } = makeTicket(suite, hops, unixSeconds(stand), suite.random);
  const { question, memory: exchange } = askExchange(suite, suite.random);
  return { question, exchange, ticket, memory };
}

const request = (entity: Readonly<Record<string, Uint8Array>>, method = '_request_mor_secret'): Uint8Array =>
  render({ routing: { _target: OWN }, entity, method });

const ask = (stand: Stand, content: Uint8Array): void =>
  stand.hear('mia.example', bare(stand.onion([stand.hop('own.example')], content)));

/** New onions that left since then; the listener puts each into an envelope. */
function left(stand: Stand, since: number): Uint8Array[] {
  const onions = stand.cells.slice(since).flatMap(({ cell }) => stand.envelopeOf(cell)?.onion ?? []);
  return [...new Map(onions.map((onion) => [hexOf(onion), onion])).values()];
}

/** The content of an answer, as it comes to who asked. */
function read(stand: Stand, { memory }: Asker, onion: Uint8Array) {
  const own = memory.secrets.at(-1)!;
  const holder = {
    oneTime: (tag: Uint8Array) => (suite.equal(tag, oneTimeTag(suite, own)) ? own : null),
    keys: new KnownKeys<never>(suite, []),
    users: [],
  };
  const opened = openOnion(suite, onion, holder, unixSeconds(stand))!.layer;
  if ('refused' in opened || opened.outcome.kind !== 'reply') throw new Error('it is no answer');
  expect(opened.outcome.id).toEqual(memory.id);
  const parser = new Parser();
  parser.feed(undoReply(suite, memory, opened.outcome.body));
  return parser.next()!;
}

test('asked out of a cell, answered over the ticket: both have one secret, and it opens one cell', () => {
  const stand = new Stand().introduce();
  const who = asker(stand);
  let since = stand.cells.length;
  ask(stand, request({ _exchange: who.question, _ticket: who.ticket }));
  expect([stand.count('secrets placed'), stand.disk.slots.length]).toEqual([1, 2]);
  const [answer] = left(stand, since);
  since = stand.cells.length;
  // The ticket's first hop is this listener: it burns the deposit, and sends on what only the asker can read.
  stand.hear('mia.example', bare(answer!));
  expect([stand.disk.slots.length, stand.disk.marks.length]).toEqual([1, 1]);
  const packet = read(stand, who, left(stand, since).at(-1)!);
  expect([packet.method, packet.text('_expires')]).toEqual([
    '_echo_mor_secret',
    String(stand.disk.slots[0]!.untilSeconds - 300),
  ]);
  const secret = endExchange(suite, who.exchange, packet.value('_exchange')!)!;
  expect(secret).toEqual(stand.disk.slots[0]!.secret);
  stand.restart();
  const exits = stand.of('exit').length;
  for (let time = 0; time < 2; time++) stand.hear('mia.example', bare(stand.onion([oneTime(secret)])));
  expect(stand.of('exit')).toHaveLength(exits + 1);
  expect(stand.disk.slots).toEqual([]);
});

test('nothing is answered before the secret is durable, nor where nobody knows whether it is', () => {
  const stand = new Stand().introduce();
  const who = asker(stand);
  const since = stand.cells.length;
  const writes: (() => void)[] = [];
  stand.holds = (write) => void writes.push(write);
  ask(stand, request({ _exchange: who.question, _ticket: who.ticket }));
  // The tag of the question's own layer, then the secret.
  writes.shift()!();
  expect([writes.length, left(stand, since).length]).toEqual([1, 0]);
  writes.shift()!();
  expect(left(stand, since)).toHaveLength(1);
});

test('what cannot be answered leaves nothing', () => {
  const stand = new Stand().introduce();
  const { question, ticket } = asker(stand);
  const since = stand.cells.length;
  const expired = ticket.map((byte, at) => (at >= 688 ? 0 : byte));
  const small = question.map((byte, at) => (at < 32 ? 0 : byte));
  const requests = [
    request({ _exchange: question }),
    request({ _ticket: ticket }),
    request({ _exchange: question.subarray(1), _ticket: ticket }),
    request({ _exchange: small, _ticket: ticket }),
    request({ _exchange: question, _ticket: ticket.subarray(1) }),
    request({ _exchange: question, _ticket: expired }),
    request({ _exchange: question, _ticket: ticket }, '_request_mor_servers'),
  ];
  for (const content of requests) ask(stand, content);
  expect(stand.count('dropped _mor_invalid_request')).toBe(requests.length);
  expect([stand.disk.slots.length, left(stand, since).length]).toEqual([1, 0]);
});

test('no slot is free: nothing is kept and nothing answered; a deposit is ignored alike', () => {
  const stand = new Stand({ slotsMax: 1 }).introduce();
  const who = asker(stand);
  const since = stand.cells.length;
  ask(stand, request({ _exchange: who.question, _ticket: who.ticket }));
  expect([stand.count('deposit ignored'), stand.disk.slots.length, left(stand, since).length]).toEqual([1, 1, 0]);
  // Nor is anything computed for it: what cannot be read is not even found out.
  ask(stand, request({ _exchange: new Uint8Array(3), _ticket: who.ticket }));
  expect([stand.count('deposit ignored'), stand.count('dropped _mor_invalid_request')]).toEqual([2, 0]);
});
