/** What is said in a members-only place: only the members whom its sender's key was sealed to read it, bound to place, sender and epoch. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hexOf } from '../../crypto/bytes.ts';
import { renderRouted } from '../../psyc/render.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { keyNamed, openAsMember, sealToMembers } from '../../publication/members-only.ts';
import { type KeyHeading, openKey, readKey, type Reader, renderKey } from '../../publication/sender-key.ts';
import { suite } from '../../server/suite.ts';
import { parse, readVectors, unhex } from './vectors.ts';

const vectors = readVectors<{
  place: string;
  author: string;
  device: string;
  epoch: number;
  key: string;
  counter: number;
  readers: { uniform: string; fingerprint: string; secret: string; ephemeral: string }[];
  keyContent: string;
  messages: { name: string; data: string; salt: string; content: string }[];
}>('members-only.json');

const heading: KeyHeading = { ...vectors, device: unhex(vectors.device) };
const key = unhex(vectors.key);
const own = { key, counter: vectors.counter };
const readers = vectors.readers.map(({ uniform, fingerprint, secret }): Reader & { secret: Uint8Array } => {
  const publicKey = suite.x25519PublicKey(unhex(secret));
  return { uniform, fingerprint: unhex(fingerprint), publicKey, secret: unhex(secret) };
});
const [zoe] = readers;
const others: [string, Partial<KeyHeading>][] = [
  ['place', { place: 'psyc://b.example/@bar' }],
  ['author', { author: 'psyc://b.example/~eve' }],
  ['device', { device: new Uint8Array(16) }],
  ['epoch', { epoch: heading.epoch + 1 }],
];
const packetOf = (content: Uint8Array) => parse(renderRouted([], content));
const message = (data: string) => ({ entity: { _nick: 'ada' }, method: '_message_public', data });

describe('a sender’s key', () => {
  const boxes = readKey(packetOf(unhex(vectors.keyContent)))!;

  test('is the vector, and each reader opens his own box', () => {
    const ephemeral = (index: number): Uint8Array => unhex(vectors.readers[index]!.ephemeral);
    expect(hexOf(renderKey(suite, heading, key, readers, ephemeral)!)).toBe(vectors.keyContent);
    expect([boxes.epoch, ...boxes.boxes.map(({ uniform }) => uniform)]).toEqual([
      heading.epoch,
      ...readers.map(({ uniform }) => uniform),
    ]);
    for (const reader of readers) expect(openKey(suite, heading, boxes, reader, reader.secret)).toEqual(key);
  });

  test.each(others)('sealed for one %s is nobody’s for another', (_, change) => {
    expect(openKey(suite, { ...heading, ...change }, boxes, zoe!, zoe!.secret)).toBeNull();
  });

  test('opens with no other secret, and has no box for who is no member', () => {
    expect(openKey(suite, heading, boxes, zoe!, new Uint8Array(32).fill(9))).toBeNull();
    expect(openKey(suite, heading, boxes, { ...zoe!, uniform: 'psyc://b.example/~eve' }, zoe!.secret)).toBeNull();
    expect(openKey(suite, heading, boxes, { ...zoe!, fingerprint: new Uint8Array(20) }, zoe!.secret)).toBeNull();
  });

  test('cut short or changed anywhere is no key, or opens none', () => {
    const { data } = packetOf(unhex(vectors.keyContent));
    const bytes = new Uint8Array(data!);
    const withData = (changed: Uint8Array) => ({
      text: () => String(heading.epoch),
      method: '_request_context_key',
      data: changed,
    });
    for (let length = 1; length < bytes.length; length++) {
      const read = readKey(withData(bytes.subarray(0, length)) as never);
      if (read !== null) expect(read.boxes.length).toBeLessThan(readers.length);
    }
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const read = readKey(withData(bytes.map((byte, index) => (index === at ? byte ^ change : byte))) as never);
        const opened = readers.map((reader) =>
          read === null ? null : openKey(suite, heading, read, reader, reader.secret),
        );
        expect(opened.some((one) => one === null)).toBe(true);
      }),
    );
  });

  test('readersMax: with more boxes it is none', () => {
    const many = Array.from({ length: publicationLimits.readersMax + 1 }, () => zoe!);
    expect(readKey(packetOf(renderKey(suite, heading, key, many.slice(1), () => key)!))).not.toBeNull();
    expect(readKey(packetOf(renderKey(suite, heading, key, many, () => key)!))).toBeNull();
  });
});

describe('what is said', () => {
  test.each(vectors.messages)('$name', ({ data, salt, content }) => {
    expect(hexOf(sealToMembers(suite, heading, own, message(data), unhex(salt)))).toBe(content);
    const packet = packetOf(unhex(content));
    expect(keyNamed(packet)).toEqual({ epoch: heading.epoch, counter: own.counter });
    expect(openAsMember(suite, heading, own, packet)!.dataText).toBe(data);
  });

  test.each(others)('for one %s opens for no other', (_, change) => {
    const packet = packetOf(sealToMembers(suite, heading, own, message('hello')));
    expect(openAsMember(suite, { ...heading, ...change }, own, packet)).toBeNull();
    expect(openAsMember(suite, heading, { ...own, counter: own.counter + 1 }, packet)).toBeNull();
    expect(openAsMember(suite, heading, { ...own, key: new Uint8Array(32) }, packet)).toBeNull();
  });

  test('twice is never the same bytes', () => {
    const twice = [1, 2].map(() => hexOf(sealToMembers(suite, heading, own, message('hello'))));
    expect(new Set(twice).size).toBe(2);
  });
});
