/** Frames and what comes out of cells: what is taken, what is not, and by which code. */
import { expect, test } from '@jest/globals';
import { textBytes } from '../../crypto/bytes.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { readExit } from '../../listener-bots/anonymous.ts';
import { isAsks, readTell, renderAsks, renderTell } from '../../listener-bots/context-packets.ts';
import { readFrame, renderFrame } from '../../listener-bots/frame.ts';
import { packetTo, suite } from './stand.ts';

const here = 'own.example';
const bob = 'psyc://own.example/~bob';
const takes = (target: string): boolean => target === bob;
const exit = (text: string) => {
  const read = readExit(textBytes(text), here, takes);
  return 'code' in read ? read.code : { target: read.target, isSigned: read.isSigned };
};

test('a packet from nobody goes to an entity that takes such, with a tag if it has one', () => {
  expect(exit(`:_target\t${bob}\n\n_message_private\nhi\n|\n`)).toEqual({ target: bob, isSigned: false });
  expect(exit(`:_target\t${bob}\n:_tag\tx\n\n:_nick\tme\n_message_private\nhi\n|\n`)).toEqual({
    target: bob,
    isSigned: false,
  });
});

test.each([
  // What is put together of parts is no part again.
  ['\0part', '_mor_invalid_packet'],
  ['', '_mor_invalid_packet'],
  ['hello', '_mor_invalid_packet'],
  [`:_target\t${bob}\n\n_message\n|\n|\n`, '_mor_invalid_packet'],
  [`:_target\t${bob}\n\n_message\n`, '_mor_invalid_packet'],
  [`:_target\tpsyc://\n\n_message\n|\n`, '_mor_invalid_packet'],
  [`:_target\t${bob}\n:_color\tred\n\n_message\n|\n`, '_mor_invalid_packet'],
  [`:_target\t${bob}\n\n:_signature_author\tx\n_message\nhi\n|\n`, '_mor_invalid_packet'],
  [`=_target\t${bob}\n\n_message\n|\n`, '_mor_changed_state'],
  ...['=', '+', '-', '?'].map((operator) => [
    `:_target\t${bob}\n\n${operator}_color\tred\n_message\n|\n`,
    '_mor_changed_state',
  ]),
  ['|\n', '_mor_claimed_authority'],
  ['\n_request_features\n|\n', '_mor_claimed_authority'],
  [`:_source\tpsyc://evil.example/~eve\n\n_message\n|\n`, '_mor_claimed_authority'],
  ...['_source', '_source_relay', '_target_relay', '_source_identification', '_target_forward'].map((name) => [
    `:_target\t${bob}\n:${name}\tpsyc://own.example/~ada\n\n_message\nhi\n|\n`,
    '_mor_claimed_authority',
  ]),
  [`:_context\tpsyc://own.example/@hall\n\n_message\nhi\n|\n`, '_mor_claimed_authority'],
  [`:_context\tpsyc://own.example/@hall\n:_target\t${bob}\n\n_message\nhi\n|\n`, '_mor_claimed_authority'],
  [`:_target\t${bob}\n:_tag_relay\tx\n\n_message\nhi\n|\n`, '_mor_claimed_authority'],
  ['psyc://may.example/~bob', '_mor_foreign_target'],
  ['psyc://own.example/~eve', '_mor_closed_target'],
  ['psyc://own.example/', '_mor_closed_target'],
])('%j: %s', (text, code) => {
  expect(exit(text.startsWith('psyc:') ? new TextDecoder().decode(packetTo(text)) : text)).toBe(code);
});

test('frames of one server have one length and come back; others are none', () => {
  const data = suite.random(4096);
  const frames = (['cell', 'idle', 'asks', 'tell'] as const).map((kind) => renderFrame(here, { kind, data }));
  expect(new Set(frames.map(({ length }) => length)).size).toBe(1);
  const read = (domain: string, bytes: Uint8Array) => {
    const packet = parseOne(bytes);
    return readFrame(domain, packet, (name) => packet.ownRoute(name));
  };
  expect(read(here, frames[2]!)).toEqual({ kind: 'asks', data });
  expect(read('may.example', frames[0]!)).toBeNull();
  expect(read(here, renderFrame(here, { kind: 'cell', data: data.subarray(1) }))).toBeNull();
  expect(read(here, renderFrame(here, { kind: 'dell' as 'cell', data }))).toBeNull();
  expect(read(here, textBytes(`:_context\tpsyc://own.example/$mor\n\n_mor_cell\nx\n|\n`))).toBeNull();
});

test('answers come back as they were told; what is not one is none', () => {
  const told = { publicKey: suite.random(32), seconds: 86_400, isWide: true };
  expect(readTell(renderTell(told))).toEqual(told);
  expect([isAsks(renderAsks()), isAsks(renderTell(told))]).toEqual([true, false]);
  for (const [at, byte] of [
    [0, 2],
    [1, 2],
    [38, 1],
    [4095, 1],
  ] as const) {
    const changed = renderTell(told);
    changed[at] = byte;
    expect(readTell(changed)).toBeNull();
  }
});
