/** Messages and their acknowledgements: whatever is accepted can be acknowledged, and nothing else is taken for either. */
import { expect, test } from '@jest/globals';
import {
  acknowledge,
  acknowledgementIn,
  messageId,
  messageInRow,
  messageOf,
  refuse,
  rowOf,
} from '../../circuit/message.ts';
import { parseOne, readOne } from '../../circuit/one-packet.ts';
import { limits } from '../../psyc/limits.ts';
import { type Draft, render } from '../../psyc/render.ts';

const ada = 'psyc://a.example/~ada';
const hall = 'psyc://b.example/@hall';
const routing = { _source: ada, _target: hall, _tag: 'k7f', _counter: '12' };
const message = { author: ada, target: hall, tag: 'k7f', counter: 12 };

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const asMessage = (draft: Draft) => {
  const { packet, route } = readOne(render(draft));
  return messageOf(packet, route);
};
const asAcknowledgement = (draft: Draft) => {
  const { packet, route } = readOne(render(draft));
  return acknowledgementIn(packet, route);
};

test('a message is accepted whatever its method, and its acknowledgement can always be made', () => {
  for (const length of [2, 123, 124, limits.nameBytesMax]) {
    expect(asMessage({ routing, method: `_${'m'.repeat(length - 1)}` })).toEqual(message);
  }
  const long = {
    _source: `${ada}${'x'.repeat(limits.uniformBytesMax - ada.length)}`,
    _target: `${hall}${'x'.repeat(limits.uniformBytesMax - hall.length)}`,
    _tag: 't'.repeat(limits.tagBytesMax),
    _counter: String(Number.MAX_SAFE_INTEGER),
  };
  const most = asMessage({ routing: long, method: '_m' })!;
  const { packet, route } = readOne(acknowledge(most));
  expect(packet.method).toBe('_echo');
  expect(acknowledgementIn(packet, route)).toEqual(most);
  expect(acknowledgementIn(parseOne(refuse(most, '_code')), route)).toEqual(most);
});

test('the acknowledgement, and the refusal, byte for byte', () => {
  const head = `:_source\t${hall}\n:_target\t${ada}\n:_tag_relay\tk7f\n:_tag_reply\tk7f\n\n:_counter_relay\t12\n`;
  expect(text(acknowledge(message))).toBe(`${head}_echo\n|\n`);
  expect(text(refuse(message, '_bad'))).toBe(`${head}:_code\t_bad\n_error_delivery\n|\n`);
});

test.each<[string, Record<string, string>]>([
  ['no source', { _source: '' }],
  ['no target', { _target: '' }],
  ['no tag', { _tag: '' }],
  ['no counter', { _counter: '' }],
  ['the counter 0', { _counter: '0' }],
  ['a counter with a zero in front', { _counter: '012' }],
  ['a counter of 2^53', { _counter: String(2 ** 53) }],
  ['a source that is not ASCII', { _source: 'psyc://a.example/~\u00e4' }],
])('%s: no message', (_, changes) => {
  expect(asMessage({ routing: { ...routing, ...changes }, method: '_m' })).toBeNull();
});

test('a source or a tag that is too long never gets as far as a look-up', () => {
  const own = (changes: Record<string, string>) => {
    const packet = parseOne(render({ routing: { ...routing, ...changes }, method: '_m' }));
    return messageOf(packet, (name) => packet.ownRoute(name));
  };
  expect(own({ _source: `psyc://a.example/~${'x'.repeat(3000)}` })).toBeNull();
  expect(own({ _tag: 'x'.repeat(limits.tagBytesMax + 1) })).toBeNull();
  expect(own({})).toEqual(message);
});

test('the row gives the message back, and the content as it came', () => {
  const raw =
    ':_tag\tk7f\n:_source\tpsyc://a.example/~ada\n:_target\tpsyc://b.example/@hall\n:_counter\t12\n:_source_relay\tx\n';
  for (const content of ['\n_m\nhi\n', '5\n_m\nhi\n'.replace('5', '6')]) {
    const { packet, route } = readOne(new TextEncoder().encode(`${raw}${content}|\n`));
    const row = rowOf(messageOf(packet, route)!, packet);
    expect(text(row)).toBe(`:_source\t${ada}\n:_target\t${hall}\n:_tag\tk7f\n:_counter\t12\n${content}|\n`);
    expect(messageInRow(parseOne(row))).toEqual(message);
  }
});

test('the id is the packet id', () => {
  expect(text(messageId(message))).toBe(`||${ada}|${hall}|12|`);
});

const reply = { _source: hall, _target: ada, _tag_relay: 'k7f' };
const counted = { _counter_relay: '12' };

test.each<[string, Draft, unknown]>([
  ['ours', { routing: reply, entity: counted, method: '_echo' }, message],
  [
    "psyced's",
    { routing: { ...reply, _tag_relay: undefined, _tag_reply: 'k7f' }, method: '_echo_message' },
    { ...message, counter: null },
  ],
  ['a method that only begins alike', { routing: reply, entity: counted, method: '_echoes' }, null],
  ['another method', { routing: reply, method: '_message_echo' }, null],
  ['no tag', { routing: { ...reply, _tag_relay: undefined }, method: '_echo' }, null],
  ['no addressee', { routing: { ...reply, _target: undefined }, method: '_echo' }, null],
  ['a counter that is none', { routing: reply, entity: { _counter_relay: '1x' }, method: '_echo' }, null],
])('acknowledgements are read: %s', (_, draft, expected) => {
  expect(asAcknowledgement(draft)).toEqual(expected);
});

test('a packet without a circuit is checked like one on a circuit', () => {
  const code = (input: string): unknown => {
    try {
      readOne(new TextEncoder().encode(input));
      return null;
    } catch (error) {
      return (error as { code?: unknown }).code;
    }
  };
  expect(code(':_source\ta\n:_source\tb\n\n_m\n|\n')).toBe('_duplicate_routing');
  expect(code(':_source\ta\n:_context\tb\n\n_m\n|\n')).toBe('_invalid_usage');
  expect(code(':_nick\ta\n\n_m\n|\n')).toBe('_foreign_name_in_routing');
  expect(readOne(new TextEncoder().encode(':_target\ta\n\n_m\n|\n')).delivery).toBe('unicast');
});
