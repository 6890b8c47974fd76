/** Messages cut, twisted and padded: read as they are, or refused with one code. */
import { describe, expect, test } from '@jest/globals';
import { encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { DnsError } from '../../../server/dns/errors.ts';
import { optionsOf, readMessage, stringsOfData, TYPE } from '../../../server/dns/message.ts';

const reply = encode({
  type: 'response',
  id: 7,
  flags: 0x01a0,
  questions: [{ type: 'TXT', name: '_P3do.Example.org' }],
  answers: [
    { type: 'CNAME', name: '_p3do.example.org', ttl: 60, data: 'a.example.org' },
    { type: 'TXT', name: 'A.example.org', ttl: 30, data: ['one', 'two'] },
    {
      type: 'SRV',
      name: 'a.example.org',
      ttl: 30,
      data: { priority: 1, weight: 2, port: 9404, target: 'b.example.org' },
    },
  ],
  additionals: [
    { type: 'OPT', name: '.', udpPayloadSize: 1232, options: [{ code: 10, data: Buffer.from('12345678') }] },
  ],
} as unknown as Packet);

const refused = expect.objectContaining({ code: '_dns_invalid_message' });
const header = (...counts: number[]): number[] => [
  0,
  7,
  0x80,
  0,
  ...counts.flatMap((count) => [count >> 8, count & 255]),
];

test('a message, its names in lower case, its question as it came', () => {
  const message = readMessage(reply);
  expect(message).toMatchObject({ id: 7, rcode: 0, opcode: 0 });
  expect(message.question).toMatchObject({ name: '_p3do.example.org', type: TYPE.TXT, class: 1 });
  expect(Buffer.from(message.question!.bytes).includes('Example')).toBe(true);
  expect(message.answers.map(({ name, target, ttl }) => [name, target, ttl])).toEqual([
    ['_p3do.example.org', 'a.example.org', 60],
    ['a.example.org', null, 30],
    ['a.example.org', 'b.example.org', 30],
  ]);
  expect(stringsOfData(message.answers[1]!.data)).toEqual([Buffer.from('one'), Buffer.from('two')]);
  expect(optionsOf(message)?.get(10)).toEqual(Buffer.from('12345678'));
});

test('cut anywhere it is refused, and so it is with a byte more', () => {
  for (let end = 0; end < reply.length; end++) expect(() => readMessage(reply.subarray(0, end))).toThrow(refused);
  expect(() => readMessage(Buffer.concat([reply, Buffer.from([0])]))).toThrow(refused);
});

describe('refused', () => {
  test.each([
    ['two questions', [...header(2, 0, 0, 0), 0, 0, 1, 0, 1, 0, 0, 1, 0, 1]],
    ['65535 records that are not there', header(0, 65_535, 0, 0)],
    ['a pointer to itself', [...header(1, 0, 0, 0), 0xc0, 12, 0, 1, 0, 1]],
    ['a pointer ahead', [...header(1, 0, 0, 0), 0xc0, 18, 0, 1, 0, 1, 0]],
    ['pointers in a circle', [...header(1, 0, 0, 0), 1, 97, 0xc0, 12, 0, 1, 0, 1]],
    ['a label of 64 bytes', [...header(1, 0, 0, 0), 0x40, 0, 0, 1, 0, 1]],
    [
      'a name of 256 bytes',
      [...header(1, 0, 0, 0), ...Array.from({ length: 128 }, () => [1, 97]).flat(), 0, 0, 1, 0, 1],
    ],
    ['data past the end', [...header(0, 1, 0, 0), 0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 9, 1, 97]],
    ['an alias that is longer than its data', [...header(0, 1, 0, 0), 0, 0, 5, 0, 1, 0, 0, 0, 0, 0, 1, 1, 97, 0]],
    ['two OPT records', [...header(0, 0, 0, 2), 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 0]],
  ])('%s', (_, bytes) => {
    expect(() => readMessage(Uint8Array.from(bytes))).toThrow(refused);
  });
});

test('a name with a full stop or a NUL in a label is no name of ours', () => {
  for (const byte of [0x2e, 0, 0x5c, 0xff]) {
    const bytes = Uint8Array.from([...header(1, 0, 0, 0), 3, 97, byte, 98, 0, 0, 16, 0, 1]);
    expect(readMessage(bytes).question?.name).toBeNull();
  }
});

test('strings of a TXT record: of 0 and 255 bytes, and one past the end', () => {
  expect(stringsOfData(Uint8Array.from([0]))).toEqual([new Uint8Array(0)]);
  expect(stringsOfData(Uint8Array.from([255, ...new Uint8Array(255)]))?.[0]).toHaveLength(255);
  expect(stringsOfData(Uint8Array.from([255, ...new Uint8Array(254)]))).toBeNull();
  expect(stringsOfData(new Uint8Array(0))).toBeNull();
});

test('any bytes are read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(reply.length), (noise, at) => {
      for (const bytes of [noise, Buffer.concat([reply.subarray(0, at), noise, reply.subarray(at + noise.length)])]) {
        try {
          optionsOf(readMessage(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(DnsError);
        }
      }
    }),
  );
});
