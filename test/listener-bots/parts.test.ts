/** Contents in parts, put together at the exit: one listener, told cells, looked at by what comes out. */
import { expect, test } from '@jest/globals';
import { hexOf, joinBytes, textBytes } from '../../crypto/bytes.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { shardLimits } from '../../onion/shard-limits.ts';
import { cutMessage } from '../../onion/split.ts';
import { gzip } from '../../server/gzip.ts';
import { bare, Stand, suite } from './stand.ts';

const cutTo = (bytes: number, target = 'psyc://own.example/~bob') => {
  const packet = joinBytes(
    textBytes(`:_target\t${target}\n\n${bytes}\n_message_private\n`),
    suite.random(bytes),
    textBytes('\n|\n'),
  );
  const [block] = cutMessage(suite, packet, suite.random).blocks;
  return { packet, ...block! };
};
const hearPart = (stand: Stand, content: Uint8Array): void =>
  stand.hear('mia.example', bare(stand.onion([stand.hop('own.example')], content)));

test('a content in parts comes out once, of as many parts as it needs, whichever these are', () => {
  const stand = new Stand();
  const { packet, m, contents } = cutTo(9_000);
  expect([m, contents.length]).toEqual([3, 5]);
  hearPart(stand, contents[4]!);
  hearPart(stand, contents[1]!);
  expect(stand.of('exit')).toEqual([]);
  hearPart(stand, contents[3]!);
  const [came] = stand.of('exit');
  expect(came!.exit).toMatchObject({ target: 'psyc://own.example/~bob', isSigned: false });
  expect(came!.exit.packet.length).toBe(packet.length);
  for (const spare of [contents[0]!, contents[2]!]) hearPart(stand, spare);
  expect(stand.of('exit')).toHaveLength(1);
  expect(stand.count('parts')).toBe(4);
});

test('it has no more authority than one out of one cell', () => {
  const stand = new Stand();
  for (const part of cutTo(9_000, 'psyc://may.example/~bob').contents) hearPart(stand, part);
  expect([stand.of('exit'), stand.count('dropped _mor_foreign_target')]).toEqual([[], 1]);
});

test('what is packed is nobody’s to unpack', () => {
  const stand = new Stand();
  const text = textBytes(`:_target\tpsyc://own.example/~bob\n\n_message_private\n${hexOf(suite.random(10_000))}\n|\n`);
  const [block] = cutMessage(suite, text, suite.random, { gzip }).blocks;
  for (const part of block!.contents) hearPart(stand, part);
  expect([stand.of('exit'), stand.count('dropped _onion_spoilt_shard')]).toEqual([[], 1]);
});

test('what stays without the others is given up, and counted', () => {
  const stand = new Stand();
  hearPart(stand, cutTo(9_000).contents[0]!);
  stand.wait(shardLimits.partsMs + 2 * listenerLimits.tidyMs);
  expect(stand.count('lost in parts')).toBe(1);
  expect(new Map(stand.listener.queues()).get('messages in parts')).toBe(0);
});
