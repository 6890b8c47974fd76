/** The mail gateway's pure half: what a letter may say, tickets found again whatever mail programs did to them, replies sealed and cut. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { forgottenKey } from '../../onion/keys.ts';
import { renderTicket } from '../../onion/armour.ts';
import { Assembly } from '../../onion/assembly.ts';
import { makeTicket } from '../../onion/ticket.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { type Value, render } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import {
  isGatewayAddress,
  isWrittenTo,
  letterAt,
  parseMailAddress,
  replyAddress,
} from '../../services/mail/address.ts';
import { type Arrival, judge, ticketsIn } from '../../services/mail/arrival.ts';
import { letterDigest, letterId, type MailLetter, readMailRequest, renderLetter } from '../../services/mail/letter.ts';
import { mailLimits } from '../../services/mail/limits.ts';
import { outgoingMail } from '../../services/mail/outgoing.ts';
import { contentsFor, readReturning } from '../../services/mail/returning.ts';
import { openTold, sealTold } from '../../services/mail/sealed.ts';

const now = 1_796_000_000;
const gateway = parseMailAddress('letters@gate.example')!;
const secret = new Uint8Array(32).fill(7);
const key = suite.x25519PublicKey(secret);

function ticket(): Uint8Array {
  const secrets = [suite.random(32), suite.random(32)];
  const hops = secrets.map((one) => ({ secret: one, alpha: forgottenKey(suite, suite.random), delayMs: 0 }));
  return makeTicket(suite, hops, now, suite.random).ticket;
}

const one = ticket();
const letter: MailLetter = {
  key,
  to: parseMailAddress('bob@mail.example')!,
  subject: 'Stones',
  text: 'Look under the stone',
  tickets: [one],
};

/** What a request of these variables is read as. */
function read(method: string, entity: Record<string, Value>): ReturnType<typeof readMailRequest> {
  return readMailRequest(
    suite,
    parseOne(render({ routing: { _target: 'psyc://a.example/$mail' }, entity, method })),
    now,
  );
}

const arrival = (text: string, more: Partial<Arrival> = {}): Arrival => {
  return { isFromNobody: false, isAutomatic: false, received: 2, text, status: null, ...more };
};

describe('a letter', () => {
  const work = new Uint8Array(12);
  const { method, entity } = renderLetter(letter, work);

  test('is read as it was made, and its digest is of all that it says', () => {
    const request = read(method, entity);
    expect(request).toMatchObject({ kind: 'send', letter, digest: letterDigest(suite, letter) });
    const others = [
      { ...letter, text: 'x' },
      { ...letter, subject: '' },
      { ...letter, to: parseMailAddress('b@mail.example')! },
      { ...letter, tickets: [] },
      { ...letter, key: suite.x25519PublicKey(key) },
    ];
    const digests = [letter, ...others].map((other) => letterDigest(suite, other).join());
    expect(new Set(digests).size).toBe(6);
  });

  test.each<readonly [string, Record<string, Value>]>([
    ['_mail_invalid_request', { _key: new Uint8Array(31) }],
    ['_mail_invalid_request', { _work: new Uint8Array(11) }],
    ['_mail_invalid_address', { _to: 'bob@mail.example\r\nBcc: eve@mail.example' }],
    ['_mail_invalid_address', { _to: 'bob@mail.example, eve@mail.example' }],
    ['_mail_invalid_address', { _to: '"bob eve"@mail.example' }],
    ['_mail_invalid_address', { _to: `${'b'.repeat(65)}@mail.example` }],
    ['_mail_invalid_address', { _to: 'bob@[192.0.2.1]' }],
    ['_mail_invalid_address', { _to: 'bob' }],
    ['_mail_invalid_subject', { _subject: 'Stones\r\nBcc: eve@mail.example' }],
    ['_mail_invalid_subject', { _subject: 'Stones\u2028Bcc: eve@mail.example' }],
    ['_mail_invalid_subject', { _subject: 'x'.repeat(mailLimits.subjectMax + 1) }],
    ['_mail_invalid_subject', { _subject: new Uint8Array([0xff]) }],
    ['_mail_invalid_text', { _text: ' \n ' }],
    ['_mail_invalid_text', { _text: 'x\u0000' }],
    ['_mail_invalid_text', { _text: 'x\ry' }],
    ['_mail_invalid_text', { _text: new Uint8Array([0xc3]) }],
    ['_mail_invalid_text', { _text: 'x'.repeat(mailLimits.textBytesMax + 1) }],
    ['_mail_invalid_ticket', { _returns: one.subarray(1) }],
    ['_mail_invalid_ticket', { _returns: new Uint8Array(692) }],
    ['_mail_invalid_ticket', { _returns: new Uint8Array(692 * (mailLimits.ticketsMax + 1)) }],
  ])('is %s where it is not as it must be', (code, wrong) => {
    expect(read(method, { ...entity, ...wrong })).toBe(code);
  });

  test.each<[string, Record<string, Value>]>([
    ['_request_mail_fetch', { _key: key }],
    ['_request_mail_fetch', { _key: key, _after: '01' }],
    ['_request_mail_fetch', { _after: '0' }],
    ['_request_mail_close', {}],
    ['_request_mail_burn', { _key: key, _work: work }],
  ])('%s without what belongs to it is none', (asked, said) => expect(read(asked, said)).toBe('_mail_invalid_request'));

  test('becomes a mail with its tickets at the head, whose sender is its own address', () => {
    const mail = outgoingMail(suite, letter, gateway);
    expect(mail).toMatchObject({ to: 'bob@mail.example', subject: 'Stones' });
    expect(mail.text.startsWith(renderTicket(suite, one))).toBe(true);
    expect(letterAt(gateway, mail.from)).toBe(Buffer.from(letterId(suite, key)).toString('hex'));
    expect(ticketsIn(suite, mail.text).tickets).toEqual([one]);
  });
});

describe('an address', () => {
  test('of a letter is found again, in capitals too, and is nobody else’s', () => {
    const id = letterId(suite, key);
    const address = replyAddress(gateway, id);
    expect(letterAt(gateway, address)).not.toBeNull();
    expect(letterAt(gateway, address.toUpperCase())).toBe(letterAt(gateway, address));
    for (const other of [
      'letters@gate.example',
      address.replace('gate', 'mail'),
      address.slice(1),
      address.replace('+', '+0'),
      `${address}, eve@mail.example`,
    ])
      expect(letterAt(gateway, other)).toBeNull();
  });

  test('goes as far as the admin says, and never back to the gateway', () => {
    const to = (text: string): boolean =>
      isWrittenTo({ gateway, to: ['mail.example'], never: ['carol@mail.example'] }, parseMailAddress(text)!);
    expect(['bob@mail.example', 'Carol@mail.example', 'bob@other.example', 'bob@gate.example'].map(to)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    const all = { gateway, to: ['*'], never: ['other.example'] };
    expect(isWrittenTo(all, parseMailAddress('bob@other.example')!)).toBe(false);
    expect(isWrittenTo(all, parseMailAddress('bob@any.example')!)).toBe(true);
    expect(isWrittenTo(all, gateway)).toBe(false);
  });

  test('of a gateway has room for a letter’s name', () => {
    expect(['a@b.example', `${'a'.repeat(32)}@b.example`, 'a+b@b.example', 'a'].map(isGatewayAddress)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('a reply', () => {
  const other = ticket();
  const armour = renderTicket(suite, one);
  const quoted = (text: string, by = '> '): string => text.replace(/^/gm, by);
  const wrapped = (text: string, width: number): string => text.replace(new RegExp(`(.{${width}})(?=.)`, 'g'), '$1\n');

  test.each([
    ['as it came', armour],
    ['quoted', quoted(armour)],
    ['quoted twice, without blanks', quoted(quoted(armour, '>'), '> ')],
    ['quoted with bars', quoted(armour, '| ')],
    ['wrapped at 60', wrapped(armour, 60)],
    ['quoted, then wrapped at 40', wrapped(quoted(armour), 40)],
    ['in one line', armour.replaceAll('\n', ' ')],
    ['with carriage returns', armour.replaceAll('\n', '\r\n')],
    ['with blanks of HTML', quoted(armour, '>\u00a0').replaceAll(' TICKET', '\u00a0TICKET')],
    ['with what has no width', armour.replace('\n', '\n\u200b')],
  ])('has its ticket at the head, %s', (_, ticketed) => {
    const judged = judge(suite, arrival(`${ticketed}\nI have looked.\nNothing.\n`));
    expect(judged).toEqual({ kind: 'reply', tickets: [one], text: 'I have looked.\nNothing.' });
  });

  test('has its ticket wherever it was left, each once, and a damaged one is passed over', () => {
    const both = `I have looked.\n\n> ${armour.replaceAll('\n', '\n> ')}\n> Look\n${renderTicket(suite, other)}${quoted(armour)}`;
    expect(judge(suite, arrival(both))).toEqual({
      kind: 'reply',
      tickets: [one, other],
      text: 'I have looked.\n\n> \n> Look',
    });
    const spoilt = armour.replace(/\n..../, '\nAAAA');
    expect(judge(suite, arrival(`${spoilt}${renderTicket(suite, other)}Yes`))).toMatchObject({ tickets: [other] });
    expect(judge(suite, arrival(`${spoilt}Yes`))).toBe('_mail_spoilt_ticket');
    expect(judge(suite, arrival(`${armour.slice(0, 200)}\nYes`))).toBe('_mail_spoilt_ticket');
  });

  test.each<[string, Arrival]>([
    ['_mail_missing_ticket', arrival('Yes')],
    ['_mail_missing_ticket', arrival('')],
    ['_mail_missing_words', arrival(quoted(armour))],
    ['_mail_automatic', arrival(`${armour}I am away`, { isAutomatic: true })],
    ['_mail_automatic', arrival(`${armour}I am away`, { isFromNobody: true })],
    ['_mail_loop', arrival(`${armour}Yes`, { received: mailLimits.receivedMax + 1 })],
  ])('is %s', (code, came) => expect(judge(suite, came)).toBe(code));

  test('of a server is a report, whatever it quotes', () => {
    const report = arrival(`${armour}no such user`, { isFromNobody: true, isAutomatic: true, status: '5.1.1' });
    expect(judge(suite, report)).toEqual({ kind: 'bounce', status: '5.1.1' });
  });

  test('whatever a mail says, it is judged, and soon', () => {
    const piece = fc.constantFrom(
      armour,
      quoted(armour),
      '-----BEGIN REPLY TICKET',
      '-----END REPLY TICKET-----',
      '> ',
      '\n',
    );
    const text = fc
      .array(fc.oneof(piece, fc.string({ maxLength: 40 })), { maxLength: 60 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (said) => void judge(suite, arrival(said))),
      { numRuns: 100 },
    );
    const bomb = '-----BEGIN REPLY TICKET '.repeat(mailLimits.mailBytesMax / 24);
    expect(judge(suite, arrival(bomb))).toBe('_mail_spoilt_ticket');
    expect(judge(suite, arrival('>'.repeat(mailLimits.mailBytesMax)))).toBe('_mail_missing_ticket');
    expect(judge(suite, arrival(`-----${'\n'.repeat(mailLimits.mailBytesMax)}`))).toBe('_mail_missing_ticket');
  });
});

describe('what comes back', () => {
  const told = { kind: 'reply', text: 'Nothing there.' } as const;

  test('is read with the letter’s secret at its domain, and otherwise by nobody', () => {
    const failure = { kind: 'failure', code: '_mail_bounced', status: '5.1.1' } as const;
    for (const what of [told, failure, { ...failure, status: null }]) {
      const sealed = sealTold(suite, 'a.example', key, what)!;
      expect(openTold(suite, 'a.example', secret, sealed)).toEqual(what);
      expect(openTold(suite, 'b.example', secret, sealed)).toBeNull();
      expect(openTold(suite, 'a.example', new Uint8Array(32).fill(8), sealed)).toBeNull();
    }
    expect(sealTold(suite, 'a.example', new Uint8Array(32), told)).toBeNull();
  });

  test.each([
    [100, 1, 1],
    [3_000, 4, 1],
    [9_000, 8, 5],
    [9_000, 3, 3],
    [9_000, 2, 1],
    [mailLimits.replyBytesMax, 8, 1],
  ])('%d bytes on %d tickets take %d', (length, tickets, used) => {
    const sealed = new Uint8Array(length).fill(9);
    const contents = contentsFor(suite, 'a.example', { key, number: 3, sealed }, tickets);
    expect(contents).toHaveLength(used);
    const assembly = new Assembly(suite, () => null);
    const came = contents.map((content) => (content[0] === 0 ? assembly.add(content, 0) : content));
    const [whole] = came.flatMap((one) =>
      one instanceof Uint8Array ? [one] : one.kind === 'whole' ? [one.message] : [],
    );
    const read = readReturning(suite, key, parseOne(whole!));
    expect(read).toEqual({ number: 3, sealed: used === 1 && length > 3_400 ? null : sealed });
    expect(readReturning(suite, secret, parseOne(whole!))).toBeNull();
  });
});
