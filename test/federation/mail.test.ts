/** One node's mail gateway: letters that are durable before anybody is told so, handed to the relay, answered over their tickets once, and gone in the end. */
import { expect, test } from '@jest/globals';
import { joinBytes } from '../../crypto/bytes.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { parseMailAddress, letterAt } from '../../services/mail/address.ts';
import { type MailLetter, renderMailClose, renderMailTerms } from '../../services/mail/letter.ts';
import { mailLimits } from '../../services/mail/limits.ts';
import { MemoryStore } from '../../store/memory.ts';
import { comeOut } from './mor-fixture.ts';
import { back, ticket } from './mor-tickets.ts';
import { channel, type NodeFixture } from './node-fixture.ts';
import { render } from '../../psyc/render.ts';

import {
  GATE,
  BITS,
  gateway,
  begun,
  quiet,
  written,
  worked,
  ask,
  codeOf,
  send,
  handed,
  tell,
  sent,
  arrive,
  quoting,
  toldOver,
  fetched,
  type Mine,
  type Handed,
} from './mail-stand.ts';

test('a letter becomes a mail; its answer comes back over the ticket that it quotes, once, and can be fetched', () => {
  const fixture = begun();
  const mine = written(fixture, 2);
  expect(send(fixture, mine.letter)).toBe('_echo_mail_send');
  expect(fetched(fixture, mine)).toEqual({ state: 'waiting', last: 0, told: null });
  const [{ letter, mail }] = handed(fixture) as [Handed];
  expect(mail).toMatchObject({ to: 'bob@mail.example', subject: 'Stones' });
  expect(letterAt(gateway, mail.from)).toBe(letter);
  tell(fixture, { kind: 'handed', letter, outcome: 'taken' });
  expect(fetched(fixture, mine).state).toBe('sent');

  const told = { kind: 'reply', text: 'Nothing there.' };
  expect(arrive(fixture, letter, `${quoting(fixture, mine)}Nothing there.`)).toBeNull();
  expect(toldOver(fixture, mine)).toEqual([told]);
  expect(fetched(fixture, mine)).toEqual({ state: 'sent', last: 1, told });
  expect(fetched(fixture, mine, 1)).toEqual({ state: 'sent', last: 1, told: null });
  // That ticket is used up, and the other is not.
  expect(arrive(fixture, letter, `${quoting(fixture, mine)}Again`)).toBe('_mail_used_ticket');
  expect(arrive(fixture, letter, `${quoting(fixture, mine)}${quoting(fixture, mine, 1)}Wait.`)).toBeNull();
  expect(toldOver(fixture, mine)).toEqual([{ kind: 'reply', text: 'Wait.' }]);
  expect(arrive(fixture, letter, `${quoting(fixture, mine, 1)}Again`)).toBe('_mail_used_ticket');

  expect(codeOf(ask(fixture, renderMailClose(mine.letter.key)))).toBe('_echo_mail_close');
  expect(fetched(fixture, mine).state).toBe('_mail_unknown');
  expect(arrive(fixture, letter, 'Hello?')).toBe('_mail_unknown_letter');
});

test('a long answer goes in shards over as many tickets as there are, a longer one is fetched', () => {
  const fixture = begun();
  const mine = written(fixture, 5);
  const letter = sent(fixture, mine);
  const all = mine.letter.tickets.map((_, at) => quoting(fixture, mine, at)).join('');
  const text = 'x'.repeat(9_000);
  expect(arrive(fixture, letter, `${all}${text}`)).toBeNull();
  expect(toldOver(fixture, mine)).toEqual([{ kind: 'reply', text }]);

  const other = written(fixture, 2);
  const another = sent(fixture, other);
  expect(arrive(fixture, another, `${quoting(fixture, other)}${quoting(fixture, other, 1)}${text}`)).toBeNull();
  // One ticket said that it is there, the other is good still.
  expect(toldOver(fixture, other)).toEqual([null]);
  expect(fetched(fixture, other).told).toEqual({ kind: 'reply', text });
  expect(arrive(fixture, another, `${quoting(fixture, other, 1)}And this.`)).toBeNull();
  expect(arrive(fixture, another, `${quoting(fixture, other)}${'x'.repeat(mailLimits.replyBytesMax)}x`)).toBe(
    '_mail_oversized_reply',
  );
});

test('as nobody it is asked for with tickets for the answer beside those in the letter', () => {
  const fixture = begun();
  const mine = written(fixture);
  const answer = ticket(fixture);
  const { method, entity } = worked(fixture, mine.letter);
  const routing = { _target: GATE, _tag: 'f'.repeat(32) };
  comeOut(fixture, render({ routing, entity: { ...entity, _tickets: answer.ticket }, method }));
  const [content] = back(fixture, [answer.memory]);
  expect(parseOne(content!).method).toBe('_echo_mail_send');
  expect(handed(fixture)).toHaveLength(1);
});

test('what is wrong with a letter is told, and it costs work', () => {
  const fixture = quiet();
  const terms = ask(fixture, renderMailTerms())!;
  expect([terms.text('_bits'), terms.text('_domain')]).toEqual([String(BITS), 'gate.example']);
  const to = (text: string): Partial<MailLetter> => ({ to: parseMailAddress(text)! });
  for (const who of ['eve@mail.example', 'letters@gate.example', 'anybody@gate.example'])
    expect(send(fixture, written(fixture, 1, to(who)).letter)).toBe('_mail_forbidden_address');
  const mine = written(fixture);
  const worth = worked(fixture, mine.letter);
  const lazy = { ...worth, entity: { ...worth.entity, _text: 'another' } };
  expect(codeOf(ask(fixture, lazy))).toBe('_mail_necessary_work');
  const unreadable = { ...mine.letter, key: new Uint8Array(32) };
  expect(send(fixture, unreadable)).toBe('_mail_invalid_request');
  expect(codeOf(ask(fixture, { method: '_request_mail_burn', entity: {} }))).toBe('_mail_invalid_request');
  expect(handed(fixture)).toEqual([]);
});

test('of a day so many letters are sent, so many of them to one address, over a restart too', () => {
  const store = new MemoryStore();
  const fixture = quiet({}, { store });
  const to = (text: string): Partial<MailLetter> => ({ to: parseMailAddress(text)! });
  const sendTo = (at: NodeFixture, text: string): string | null => send(at, written(at, 0, to(text)).letter);
  expect(sendTo(fixture, 'bob@mail.example')).toBe('_echo_mail_send');
  expect(sendTo(fixture, 'Bob@mail.example')).toBe('_echo_mail_send');
  const next = quiet({}, { store, life: 2, keys: fixture.keys });
  expect(sendTo(next, 'bob@mail.example')).toBe('_mail_excessive_recipient');
  for (const who of ['a', 'b', 'c']) expect(sendTo(next, `${who}@mail.example`)).toBe('_echo_mail_send');
  expect(sendTo(next, 'd@mail.example')).toBe('_mail_excessive_letters');
  next.pass(86_400_000);
  expect(sendTo(next, 'bob@mail.example')).toBe('_echo_mail_send');
});

test('there is room for so many letters, and they go when they are over', () => {
  const fixture = quiet({ limits: { ...mailLimits, lettersMax: 2 } });
  const [one, two, three] = [written(fixture, 0), written(fixture, 0), written(fixture, 0)] as [Mine, Mine, Mine];
  sent(fixture, one);
  const letter = sent(fixture, two);
  const third = { ...three.letter, to: parseMailAddress('carol@mail.example')! };
  expect(send(fixture, third)).toBe('_mail_full');
  expect(fixture.queue('mail letters')).toBe(2);
  fixture.pass(mailLimits.letterSeconds * 1000 + mailLimits.lookMs);
  expect(fixture.queue('mail letters')).toBe(0);
  expect(arrive(fixture, letter, 'Hello?')).toBe('_mail_unknown_letter');
  for (const context of [`letter ${letter}`, GATE, `waiting at ${GATE}`]) {
    const members = fixture.store.perform({ kind: 'members', request: 0, context, above: '', rowsMax: 9 });
    expect(members).toMatchObject({ kind: 'members', members: [] });
  }
});

test('the same letter again is the same; another under its key is none', () => {
  const fixture = quiet();
  const mine = written(fixture);
  const packet = worked(fixture, mine.letter);
  expect([codeOf(ask(fixture, packet)), codeOf(ask(fixture, packet))]).toEqual(['_echo_mail_send', '_echo_mail_send']);
  expect(send(fixture, { ...mine.letter, text: 'Something else' })).toBe('_mail_known');
  expect(handed(fixture)).toHaveLength(1);
});

test('neither a letter nor a reply is acknowledged before it is durable, and who was handed a mail twice sees that', () => {
  const store = new MemoryStore();
  const fixture = begun({}, { store });
  const mine = written(fixture);
  const line = fixture.connect('client bob phone', { name: 'waiting' });
  fixture.hear(line);
  fixture.held.store = [];
  fixture.sayRaw(line, {
    routing: { _source: channel('bob', 'phone'), _target: GATE, _tag: 'x' },
    ...worked(fixture, mine.letter),
  });
  expect([fixture.hear(line).map(({ method }) => method), handed(fixture)]).toEqual([[], []]);
  fixture.release();
  expect(fixture.hear(line).map(({ method }) => method)).toEqual(['_echo_mail_send']);
  const [first] = handed(fixture);
  // It crashes before the relay has told.
  const next = begun({}, { store, life: 2, keys: fixture.keys });
  const [second] = handed(next);
  expect(second).toEqual(first);
  tell(next, { kind: 'handed', letter: second!.letter, outcome: 'taken' });

  next.held.store = [];
  expect(arrive(next, second!.letter, `${quoting(next, mine)}Yes`)).toBeUndefined();
  next.release();
  expect(next.mail.at(-1)).toMatchObject({ kind: 'answered', code: null });
  expect(toldOver(next, mine)).toEqual([{ kind: 'reply', text: 'Yes' }]);
  const third = begun({}, { store, life: 3, keys: fixture.keys });
  expect(handed(third)).toEqual([]);
  expect(fetched(third, mine)).toMatchObject({ last: 1, told: { text: 'Yes' } });
  expect(arrive(third, second!.letter, `${quoting(third, mine)}Again`)).toBe('_mail_used_ticket');
});

test('words and address are deleted when it is sent; of a reply nothing can be read', () => {
  const store = new MemoryStore();
  const fixture = quiet({}, { store });
  const mine = written(fixture);
  const kept = (letter: string): string => {
    const records = store.perform({ kind: 'records', request: 0, context: `letter ${letter}` });
    const rows = store.perform({ kind: 'read', request: 0, context: `letter ${letter}`, after: 0, rowsMax: 9 });
    const values = [
      ...(records.kind === 'records' ? records.records.map(({ value }) => value) : []),
      ...(rows.kind === 'rows' ? rows.rows.map(({ packet }) => packet) : []),
    ];
    return Buffer.from(joinBytes(...values)).toString('latin1');
  };
  expect(send(fixture, mine.letter)).toBe('_echo_mail_send');
  const [{ letter }] = handed(fixture) as [Handed];
  expect(kept(letter)).toContain('bob@mail.example');
  tell(fixture, { kind: 'handed', letter, outcome: 'taken' });
  arrive(fixture, letter, `${quoting(fixture, mine)}Nothing there.`);
  expect(kept(letter).length).toBeGreaterThan(100);
  expect(kept(letter)).not.toMatch(/bob@|stone|Nothing/);
  expect(kept(letter)).not.toContain(Buffer.from(mine.letter.tickets[0]!.subarray(0, 32)).toString('latin1'));
});

test('what the relay does not take now is tried again, and not for ever', () => {
  const fixture = quiet();
  const mine = written(fixture);
  expect(send(fixture, mine.letter)).toBe('_echo_mail_send');
  let tries = 0;
  for (let ms = 0; ms <= mailLimits.trySeconds * 1000; ms += 600_000) {
    for (const { letter } of handed(fixture)) {
      tries++;
      tell(fixture, { kind: 'handed', letter, outcome: 'later' });
    }
    fixture.pass(600_000);
  }
  for (const { letter } of handed(fixture)) tell(fixture, { kind: 'handed', letter, outcome: 'later' });
  const undelivered = { kind: 'failure', code: '_mail_undelivered', status: null };
  fixture.pass(mailLimits.retryMsMax);
  for (const { letter } of handed(fixture)) tell(fixture, { kind: 'handed', letter, outcome: 'later' });
  expect(fetched(fixture, mine)).toEqual({ state: 'failed', last: 1, told: undelivered });
  expect(tries).toBeGreaterThan(20);
  expect(tries).toBeLessThan(60);
});

test('what the relay refuses has failed, and its ticket, which nobody has seen, tells', () => {
  const fixture = begun();
  const mine = written(fixture);
  expect(send(fixture, mine.letter)).toBe('_echo_mail_send');
  const [{ letter }] = handed(fixture) as [Handed];
  tell(fixture, { kind: 'handed', letter, outcome: 'refused' });
  const rejected = { kind: 'failure', code: '_mail_rejected', status: null };
  expect(toldOver(fixture, mine)).toEqual([rejected]);
  expect(fetched(fixture, mine)).toEqual({ state: 'failed', last: 1, told: rejected });
});

test('a report says once that it was not delivered, and only of what was sent', () => {
  const fixture = quiet();
  const mine = written(fixture);
  const report = { isFromNobody: true, isAutomatic: true, status: '5.1.1' };
  expect(send(fixture, mine.letter)).toBe('_echo_mail_send');
  const [{ letter }] = handed(fixture) as [Handed];
  expect(arrive(fixture, letter, 'no such user', report)).toBeNull();
  expect(fetched(fixture, mine)).toEqual({ state: 'waiting', last: 0, told: null });
  tell(fixture, { kind: 'handed', letter, outcome: 'taken' });
  for (let times = 0; times < 3; times++) expect(arrive(fixture, letter, 'no such user', report)).toBeNull();
  const told = { kind: 'failure', code: '_mail_bounced', status: '5.1.1' };
  expect(fetched(fixture, mine)).toEqual({ state: 'failed', last: 1, told });
});

test('who answers before the relay has said that it has the mail is heard, and his ticket stays used', () => {
  const fixture = quiet();
  const mine = written(fixture);
  expect(send(fixture, mine.letter)).toBe('_echo_mail_send');
  const [{ letter }] = handed(fixture) as [Handed];
  expect(arrive(fixture, letter, `${quoting(fixture, mine)}Quick.`)).toBeNull();
  tell(fixture, { kind: 'handed', letter, outcome: 'taken' });
  expect(arrive(fixture, letter, `${quoting(fixture, mine)}Twice.`)).toBe('_mail_used_ticket');
  const other = written(fixture);
  expect(send(fixture, other.letter)).toBe('_echo_mail_send');
  const [one] = handed(fixture);
  expect(codeOf(ask(fixture, renderMailClose(other.letter.key)))).toBe('_echo_mail_close');
  tell(fixture, { kind: 'handed', letter: one!.letter, outcome: 'taken' });
  expect(fetched(fixture, other).state).toBe('_mail_unknown');
});

test('tickets of other letters, too many replies, and a mail that a program wrote are refused', () => {
  const fixture = quiet({ limits: { ...mailLimits, repliesMax: 1 } });
  const [mine, other] = [written(fixture, 2), written(fixture)];
  const letter = sent(fixture, mine);
  sent(fixture, other);
  expect(arrive(fixture, letter, `${quoting(fixture, other)}Yes`)).toBe('_mail_foreign_ticket');
  expect(arrive(fixture, letter, `${quoting(fixture, mine)}I am away`, { isAutomatic: true })).toBe('_mail_automatic');
  expect(arrive(fixture, letter, 'Yes')).toBe('_mail_missing_ticket');
  expect(arrive(fixture, letter, `${quoting(fixture, mine)}Yes`)).toBeNull();
  expect(arrive(fixture, letter, `${quoting(fixture, mine, 1)}Yes`)).toBe('_mail_excessive_replies');
  tell(fixture, { kind: 'named', request: 9_999, letter: 'f'.repeat(32) });
  expect(fixture.mail.at(-1)).toEqual({ kind: 'answered', request: 9_999, code: '_mail_unknown_letter' });
});

test('a ticket that is over brings nothing back, and the reply is fetched', () => {
  const fixture = quiet();
  const mine = written(fixture);
  const letter = sent(fixture, mine);
  fixture.pass(8 * 86_400_000 + 600_000);
  expect(arrive(fixture, letter, `${quoting(fixture, mine)}At last.`)).toBeNull();
  expect(fetched(fixture, mine).told).toEqual({ kind: 'reply', text: 'At last.' });
  expect(arrive(fixture, letter, `${quoting(fixture, mine)}Again.`)).toBe('_mail_used_ticket');
});
