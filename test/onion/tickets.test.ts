/** Tickets: the vectors by every suite, the text form however it was quoted, and what is refused. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hexOf, textBytes } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { parseTicket, renderTicket } from '../../onion/armour.ts';
import { OnionError } from '../../onion/error.ts';
import { pairOf } from '../../onion/keys.ts';
import { makeTicket, type TicketHop, undoReply, useTicket } from '../../onion/ticket.ts';
import { suite as fastest } from '../../server/suite.ts';
import { suites } from '../crypto/vectors.ts';
import { checkCell } from './cells.ts';
import { type CellVector, changed, digestOf, type HopVector, listed, readVectors, unhex } from './vectors.ts';

interface TicketVector {
  readonly name: string;
  readonly nowSeconds: number;
  readonly id: string;
  readonly bodyKeysSeed: string;
  readonly headPaddingSeed: string;
  readonly hops: readonly HopVector[];
  readonly ticket: string;
  readonly expiry: number;
  readonly content: string;
  readonly contentPaddingSeed: string;
  readonly usedSeconds: number;
  readonly cells: readonly CellVector[];
  readonly replyDigest: string;
}

const { context, tickets, armour } = readVectors<{
  context: string;
  tickets: TicketVector[];
  armour: { of: string; text: string };
}>('tickets.json');

const hopOf = (suite: Suite, { secret, ephemeral, delayMs }: HopVector): TicketHop => ({
  secret: unhex(secret),
  alpha: pairOf(suite, unhex(ephemeral)).publicKey,
  delayMs,
});

const madeOf = (suite: Suite, { hops, nowSeconds, id, bodyKeysSeed, headPaddingSeed }: TicketVector) =>
  makeTicket(
    suite,
    hops.map((hop) => hopOf(suite, hop)),
    nowSeconds,
    listed(suite, unhex(id), bodyKeysSeed, unhex(headPaddingSeed)),
  );

function codeOf(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof OnionError) return error.code;
    throw error;
  }
}

describe.each(suites)('%s', (_, suite) => {
  test.each(tickets)('$name', (vector) => {
    const { ticket, memory } = madeOf(suite, vector);
    expect(hexOf(ticket)).toBe(vector.ticket);
    expect([memory.expiry, hexOf(memory.id)]).toEqual([vector.expiry, vector.id]);
    const { content, contentPaddingSeed, usedSeconds } = vector;
    let onion = useTicket(suite, ticket, unhex(content), usedSeconds, listed(suite, unhex(contentPaddingSeed)));
    for (const [index, cell] of vector.cells.entries()) {
      const { outcome } = checkCell(suite, onion, vector.hops[index]!, cell, context, usedSeconds);
      if (outcome.kind === 'relay') onion = outcome.onion;
      else if (outcome.kind !== 'reply') throw new Error(outcome.kind);
      else {
        expect(hexOf(outcome.id)).toBe(vector.id);
        expect(digestOf(suite, outcome.body)).toBe(vector.replyDigest);
        expect(hexOf(undoReply(suite, memory, outcome.body))).toBe(content);
        expect(codeOf(() => undoReply(suite, memory, changed(outcome.body, 900, 1)))).toBe('_onion_invalid_content');
      }
    }
  });

  test('the text form', () => {
    const ticket = unhex(tickets.find(({ name }) => name === armour.of)!.ticket);
    expect(renderTicket(suite, ticket)).toBe(armour.text);
    expect(parseTicket(suite, armour.text)).toEqual({ ticket, end: armour.text.length - 1 });
  });
});

const [first] = tickets;
const ticket = unhex(first!.ticket);

describe('refusals', () => {
  const use = (bytes: Uint8Array, nowSeconds: number, content = new Uint8Array(9)) =>
    codeOf(() => useTicket(fastest, bytes, content, nowSeconds, fastest.random));

  test('a ticket is used before it expires, and until clocks that are slow say so', () => {
    expect(use(ticket, first!.expiry + 299)).toBeNull();
    expect(use(ticket, first!.expiry + 300)).toBe('_onion_expired');
    // Seven days and up to one more ahead, as seen by a clock that is slow.
    expect(use(ticket, first!.nowSeconds)).toBeNull();
    expect(use(ticket, first!.nowSeconds - 86_400)).toBe('_onion_invalid_expiry');
    expect(use(changed(ticket, 691, 1), first!.nowSeconds)).toBe('_onion_invalid_expiry');
  });

  test('lengths and points', () => {
    expect(use(ticket.subarray(1), first!.nowSeconds)).toBe('_onion_invalid_ticket');
    expect(use(changed(ticket, 31, 0x80), first!.nowSeconds)).toBe('_onion_invalid_ticket');
    expect(use(ticket, first!.nowSeconds, new Uint8Array(3422))).toBeNull();
    expect(use(ticket, first!.nowSeconds, new Uint8Array(3423))).toBe('_onion_oversized_content');
    expect(codeOf(() => makeTicket(fastest, [], 0, fastest.random))).toBe('_onion_invalid_route');
    const six = Array.from({ length: 6 }, () => hopOf(fastest, first!.hops[0]!));
    expect(codeOf(() => makeTicket(fastest, six, 0, fastest.random))).toBe('_onion_invalid_route');
  });
});

describe('the text form, as mail brings it', () => {
  const { text } = armour;
  const expected = unhex(tickets.find(({ name }) => name === armour.of)!.ticket);
  const read = (mail: string) => parseTicket(fastest, mail);

  test('quoted, indented, wrapped, with CR LF, and with an answer behind it', () => {
    const forms = [
      (line: string) => `> ${line}`,
      (line: string) => `>>> ${line} `,
      (line: string) => `\t${line}\r`,
      (line: string) => `> ${line.replace(/^(.{30})(.)/, '$1\r\n> $2')}\r`,
    ];
    for (const form of forms) {
      const mail = `On Monday somebody wrote:\n${text.trimEnd().split('\n').map(form).join('\n')}\nThank you!\n`;
      const { ticket: found, end } = read(mail)!;
      expect(found).toEqual(expected);
      expect(mail.slice(end).trim()).toBe('Thank you!');
    }
  });

  test('a text without one; and one that was changed or cut off', () => {
    expect(read('')).toBeNull();
    expect(read('Thank you!\n')).toBeNull();
    expect(read(`${' '.repeat(16_384)}${text}`)).toBeNull();
    const damage = [
      text.slice(0, -20),
      text.replace(/\nA/, '\nB'),
      text.replace(/\n(.)/, '\n*$1'),
      text.replace(/\n.*\n/, '\n'),
      text.replaceAll(/\n(?!-)/g, '\n\u00a0'),
    ];
    for (const mail of damage) expect(codeOf(() => read(mail))).toBe('_onion_invalid_armour');
  });

  test('nothing else is thrown, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(1000), (noise, at) => {
        const code = codeOf(() => read(text.slice(0, at) + noise + text.slice(at)));
        expect([null, '_onion_invalid_armour']).toContain(code);
      }),
    );
    expect(renderTicket(fastest, ticket)).not.toBe(text);
    expect(read(renderTicket(fastest, ticket))!.ticket).toEqual(ticket);
    expect(textBytes(text).length).toBeLessThan(1100);
  });
});
