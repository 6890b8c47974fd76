/** A box's client and a pigeonhole that says what it likes; files and lines that somebody has changed. */
import { expect, test } from '@jest/globals';
import { addressOf, parseAddress } from '../../client/pigeonhole/address.ts';
import { ServiceRefusal, type Surroundings } from '../../client/services/asking.ts';
import { deposit } from '../../client/pigeonhole/depositor.ts';
import { emptyInbox, takeDeposit } from '../../client/pigeonhole/inbox.ts';
import { boxClientLimits } from '../../client/pigeonhole/limits.ts';
import { BoxOwner } from '../../client/pigeonhole/owner.ts';
import { parseSecret, renderSecret } from '../../client/pigeonhole/secret-line.ts';
import { type BoxState, newBoxState, parseState, renderState } from '../../client/pigeonhole/state.ts';
import { readWords, renderWords } from '../../client/pigeonhole/words.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { type Draft, render } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import { boxSecrets } from '../../services/pigeonhole/keys.ts';
import { sealMessage } from '../../services/pigeonhole/message.ts';

const nowMs = 1_795_000_000_000;
const hourMs = 3_600_000;
const root = new Uint8Array(32).fill(1);
const box = boxSecrets(suite, 'a.example', root);
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A pigeonhole that gives these answers, one after the other. */
function lying(...answers: readonly (Draft | string)[]): Surroundings {
  const left = [...answers];
  return {
    suite,
    request: async () => {
      const next = left.shift();
      if (next === undefined) throw new Error('nobody answers');
      return typeof next === 'string' ? next : parseOne(render(next));
    },
    unixMs: () => nowMs,
    firstBits: 1,
    pause: async () => {},
  };
}

function fetching(...answers: readonly (Draft | string)[]): { owner: BoxOwner; disk: { state: BoxState } } {
  const disk = { state: newBoxState(suite, 'a.example', 'direct', root) };
  const owner = new BoxOwner(lying(...answers), disk.state, async (state) => void (disk.state = state));
  return { owner, disk };
}

const echo = (entity: Draft['entity']): Draft => ({ method: '_echo_box_fetch', entity: entity ?? {} });
const deposits = (count: number): Uint8Array => new Uint8Array(2048 * count);

test.each([
  ['no numbers', echo({})],
  ['no end', echo({ _last: '1' })],
  ['a last that is no number', echo({ _last: '1e3', _until: '1' })],
  ['half a deposit', echo({ _first: '1', _last: '9', _until: '1', _deposits: deposits(1).subarray(1) })],
  ['more than was asked for', echo({ _first: '1', _last: '9', _until: '1', _deposits: deposits(5) })],
  ['deposits without a sequence', echo({ _last: '9', _until: '1', _deposits: deposits(1) })],
  ['deposits that it has', echo({ _first: '0', _last: '9', _until: '1', _deposits: deposits(1) })],
  ['deposits behind the last', echo({ _first: '9', _last: '9', _until: '1', _deposits: deposits(2) })],
  ['something else', { method: '_message_private', data: 'hello' }],
])('an answer with %s is none, and nothing is acknowledged', async (_, answer) => {
  const { owner, disk } = fetching(answer);
  await expect(owner.fetch(4)).rejects.toMatchObject({ code: '_box_invalid_answer' });
  expect(disk.state).toMatchObject({ acknowledged: 0, number: 1, messages: [] });
});

test('what a domain refuses is told by its code; as another reader it is tried only so often', async () => {
  await expect(fetching('_box_unknown').owner.fetch(1)).rejects.toBeInstanceOf(ServiceRefusal);
  const left = { method: '_echo_box_leave' };
  const { owner } = fetching('_box_old_number', left, '_box_old_number', left, '_box_old_number', left);
  await expect(owner.fetch(1)).rejects.toMatchObject({ code: '_box_old_number' });
});

test.each([
  ['so many', boxClientLimits.unshownMax, 1],
  ['so long', 2, boxClientLimits.unshownBytesMax / 2],
])('where messages that are not shown are %s nothing more is asked for', async (_, count, length) => {
  const messages = Array.from({ length: count }, () => ({ content: new Uint8Array(length), hour: 0 }));
  const asksOf = async (left: readonly BoxState['messages'][number][]): Promise<number> => {
    let asks = 0;
    const around = { ...lying(), request: async () => (asks++, '_box_unknown') };
    const state = { ...newBoxState(suite, 'a.example', 'direct', root), messages: left };
    await new BoxOwner(around, state, async () => {}).fetch(1).catch(() => {});
    return asks;
  };
  expect([await asksOf(messages), await asksOf(messages.slice(1))]).toEqual([0, 1]);
});

test.each(['200', '-1', 'many', '25'])('nobody works for %s bits', async (bits) => {
  const terms = { method: '_echo_box_terms', entity: { _bits: bits } };
  await expect(deposit(lying('_box_necessary_work', terms), box, bytes('hello'))).rejects.toMatchObject({
    code: '_box_necessary_work',
  });
});

test('a deposit that is kept is told once, whoever gives it again, and never when it is old', () => {
  const [sealed] = sealMessage(suite, box, bytes('once'), nowMs);
  const first = takeDeposit(suite, box, emptyInbox, sealed!, nowMs);
  expect(first.taken.kind).toBe('message');
  expect(takeDeposit(suite, box, first.inbox, sealed!, nowMs).taken.kind).toBe('again');
  const oldMs = nowMs + (boxClientLimits.oldHoursMax + 1) * hourMs;
  const later = takeDeposit(suite, box, first.inbox, sealed!, oldMs);
  expect([later.taken.kind, later.inbox.seen.size]).toEqual(['again', 0]);
  const early = nowMs - (boxClientLimits.aheadHoursMax + 1) * hourMs;
  expect(takeDeposit(suite, box, emptyInbox, sealed!, early).taken.kind).toBe('again');
});

test('parts come in any order; those that are changed, or lack, give nothing; too many are forgotten', () => {
  const message = new Uint8Array(5000).fill(7);
  const [one, two, three] = sealMessage(suite, box, message, nowMs);
  let { inbox, taken } = takeDeposit(suite, box, emptyInbox, three!, nowMs);
  for (const part of [one!, one!, two!]) ({ inbox, taken } = takeDeposit(suite, box, inbox, part, nowMs));
  expect(taken).toMatchObject({ kind: 'message', content: message });
  const spoilt = new Uint8Array(one!);
  spoilt[100]! ^= 1;
  expect(takeDeposit(suite, box, emptyInbox, spoilt, nowMs).taken.kind).toBe('nothing');
  expect(takeDeposit(suite, box, emptyInbox, one!.subarray(1), nowMs).taken.kind).toBe('nothing');
  let half = emptyInbox;
  for (let more = 0; more < boxClientLimits.partialMax + 9; more++) {
    half = takeDeposit(suite, box, half, sealMessage(suite, box, message, nowMs)[0]!, nowMs).inbox;
  }
  expect([half.partial.size, half.forgotten]).toEqual([boxClientLimits.partialMax, 9]);
  const late = takeDeposit(suite, box, half, one!, nowMs + 40 * 24 * hourMs).inbox;
  expect([late.partial.size, late.forgotten]).toEqual([0, boxClientLimits.partialMax + 9]);
});

test('who begins many messages gets none away of which more has come', () => {
  const message = new Uint8Array(5000).fill(7);
  const true3 = sealMessage(suite, box, message, nowMs);
  let inbox = emptyInbox;
  for (const part of true3.slice(0, 2)) inbox = takeDeposit(suite, box, inbox, part, nowMs).inbox;
  for (let more = 0; more < boxClientLimits.partialMax + 9; more++)
    inbox = takeDeposit(suite, box, inbox, sealMessage(suite, box, message, nowMs)[0]!, nowMs).inbox;
  expect(takeDeposit(suite, box, inbox, true3[2]!, nowMs).taken).toMatchObject({ kind: 'message', content: message });
});

test('a state is read as it was written; one that was changed is none', () => {
  const message = new Uint8Array(5000).fill(7);
  const { inbox } = takeDeposit(suite, box, emptyInbox, sealMessage(suite, box, message, nowMs)[0]!, nowMs);
  const seen = takeDeposit(suite, box, inbox, sealMessage(suite, box, bytes('x'), nowMs)[0]!, nowMs).inbox;
  const state: BoxState = {
    ...newBoxState(suite, 'a.example', 'anonymous', root),
    number: 7,
    acknowledged: 5,
    untilSeconds: 9,
    inbox: seen,
    messages: [{ content: bytes('hello'), hour: 3 }],
  };
  const text = renderState(state);
  expect(parseState(text)).toEqual(state);
  for (const changed of [
    '',
    '{}',
    text.slice(1),
    text.replace('"version":1', '"version":2'),
    text.replace('"content":"', '"content":"!'),
  ]) {
    expect(parseState(changed)).toBeNull();
  }
});

test('lines of secrets and addresses are read back, and nothing else is', () => {
  const shared = { name: 'letters', domain: 'a.example', way: 'anonymous', root } as const;
  const line = renderSecret(shared);
  expect(parseSecret(`${line}\n`)).toEqual(shared);
  for (const other of [
    '',
    `${line} x`,
    line.slice(0, -1),
    line.replace('letters', 'LETTERS'),
    line.replace('v1', 'v2'),
    line.replace('anonymous', 'maybe'),
  ]) {
    expect(() => parseSecret(other)).toThrow(expect.objectContaining({ code: '_box_invalid_secret' }));
  }
  const address = addressOf(suite, newBoxState(suite, 'a.example', 'direct', root));
  expect(parseAddress(address.toUpperCase())).toEqual({ domain: 'a.example', keys: box.keys });
  for (const other of [
    address.slice(0, -1),
    address.replace('$pigeonhole', '$pool'),
    address.replace('#', '/'),
    'hello',
  ]) {
    expect(() => parseAddress(other)).toThrow(expect.objectContaining({ code: '_box_invalid_address' }));
  }
});

test('words are words; what is none is not shown, nor a reply address that is none', () => {
  const reply = addressOf(suite, newBoxState(suite, 'a.example', 'direct', root));
  expect(readWords(renderWords({ text: 'hé\n|\n', reply }))).toEqual({ text: 'hé\n|\n', reply });
  const content = (draft: Draft): Uint8Array => parseOne(render(draft)).content!;
  const odd = content({ entity: { _address_reply: 'psyc://x' }, method: '_message_private', data: 'x' });
  expect(readWords(odd)).toEqual({ text: 'x', reply: null });
  expect(readWords(content({ method: '_request_close' }))).toBeNull();
  expect(readWords(bytes('no packet'))).toBeNull();
  expect(readWords(new Uint8Array(0))).toBeNull();
});
