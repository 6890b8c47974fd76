/** A whole server is killed with cells in it, or begins its next onion epoch: what was opened before opens nothing afterwards. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import { renderAsks, readTell } from '../../listener-bots/context-packets.ts';
import { readFrame, renderFrame } from '../../listener-bots/frame.ts';
import { onionOf } from '../../onion/cell.ts';
import { wrapOnion } from '../../onion/envelope.ts';
import { askServer } from '../../server/admin/channel.ts';
import { domainLimits } from '../../server/domain/limits.ts';
import { readDomainKey } from '../../server/domain/key-file.ts';
import { suite } from '../../server/suite.ts';
import { Undoing } from '../undoing.ts';
import { cellFor, framed, linkTo, onionKeyOf } from './neighbour.ts';
import type { RawPeer } from './node/raw-peer.ts';
import { identityOf, newDomainKey } from './node/town.ts';
import { Served, type ServedOptions } from './served.ts';

const DOMAIN = 'heard.test';
const NEIGHBOUR = 'n.test';
/** Bytes of one record of the file `traces`. */
const TRACE_BYTES = 40;

let undoing: Undoing;
let identity: ServerIdentity;
let served: Served;

async function serve(options: ServedOptions = {}): Promise<void> {
  const pins = new Map([[NEIGHBOUR, identity.fingerprint]]);
  served = await Served.make(undoing, DOMAIN, { memory: true, pins, config: { mor: { links: [] } }, ...options });
  served.start();
  await served.ready;
}

beforeEach(async () => {
  undoing = new Undoing();
  identity = identityOf(NEIGHBOUR, await newDomainKey(NEIGHBOUR));
});
afterEach(() => undoing.run());

async function linked(): Promise<RawPeer> {
  const peer = await linkTo(served.endpoint, identity, DOMAIN);
  peer.socket.on('error', () => {});
  undoing.add(async () => peer.close());
  return peer;
}

const send = (peer: RawPeer, cells: readonly Uint8Array[]): void => {
  for (const cell of cells) peer.say(framed(NEIGHBOUR, cell));
};

/** Of this life. */
async function count(name: string): Promise<number> {
  const answer = await askServer(served.folder, { kind: 'mor' });
  const counts = new Map(answer.kind === 'mor' ? (answer.status?.counts ?? []) : []);
  return counts.get(name) ?? 0;
}

/** Asks until it is so; the test's own time ends it. */
async function until(name: string, least: number): Promise<void> {
  while ((await count(name)) < least);
}

const traces = (): string => join(served.folder, 'cells', 'traces');
const tracesBytes = async (): Promise<number> => (await readFile(traces())).length;

/** The same with a server that is about to take circuits. */
async function relinked(): Promise<RawPeer> {
  for (;;) {
    try {
      return await linked();
    } catch (error) {
      if (!/ECONNREFUSED|ECONNRESET|_circuit_lost|_trust_unavailable|disconnected/.test(String(error))) throw error;
    }
  }
}

async function again(): Promise<RawPeer> {
  await served.kill();
  served.start();
  await served.ready;
  return linked();
}

test('cells that were opened before kill -9 are not opened after it, and all others are', async () => {
  await serve();
  const key = await onionKeyOf(served.folder, DOMAIN);
  const cells = Array.from({ length: 200 }, () => cellFor(key));
  const peer = await linked();
  send(peer, cells);
  // Some are durable, and none has left: no context is known here that it could leave for.
  while ((await tracesBytes()) < 20 * TRACE_BYTES);
  await served.kill();
  const opened = Math.floor((await tracesBytes()) / TRACE_BYTES);
  expect(opened).toBeGreaterThanOrEqual(20);

  served.start();
  await served.ready;
  send(await linked(), cells);
  await until('heard cell', 200);
  await until('opened before', opened);
  await until('opened relay', 200 - opened);
  expect([await count('opened before'), await count('opened relay')]).toEqual([opened, 200 - opened]);

  // It is the file that sees to it: without, all open once more.
  await served.kill();
  await rm(traces());
  send(await again(), cells);
  await until('opened relay', 200);
  expect(await count('opened before')).toBe(0);
});

test('an envelope that was opened before kill -9 is for nobody after it: the key of the context is another one', async () => {
  await serve();
  const asked = async (peer: RawPeer): Promise<Uint8Array> => {
    peer.say(renderFrame(NEIGHBOUR, { kind: 'asks', data: renderAsks() }));
    for (;;) {
      const packet = await peer.hear();
      const frame = readFrame(DOMAIN, packet!, (name) => packet!.ownRoute(name));
      if (frame?.kind === 'tell') return readTell(frame.data)!.publicKey;
    }
  };
  const peer = await linked();
  const context = await asked(peer);
  const nobody = cellFor(suite.x25519PublicKey(suite.random(32)));
  const envelope = wrapOnion(suite, context, onionOf(nobody), suite.random);
  send(peer, [envelope]);
  await until('unwrapped', 1);

  const next = await again();
  const other = await asked(next);
  expect(other).not.toEqual(context);
  // Behind it comes one for the new key: when that is open, the old one would be.
  send(next, [envelope, wrapOnion(suite, other, onionOf(nobody), suite.random)]);
  await until('unwrapped', 1);
  await until('heard cell', 2);
  expect(await count('unwrapped')).toBe(1);
});

test('the next onion epoch begins in a server that runs: both keys open, and nothing opens twice', async () => {
  const now = Math.floor(Date.now() / 1000);
  await serve({ now: now - domainLimits.epochSeconds / 2 + 30 });
  const key = await onionKeyOf(served.folder, DOMAIN);
  const [before, old] = [cellFor(key), cellFor(key)];
  send(await linked(), [before]);
  await until('opened relay', 1);
  await served.logged((line) => line.includes('the next onion epoch begins'));
  const { encryption } = await readDomainKey(served.folder, DOMAIN);
  expect(encryption).toHaveLength(2);
  const newest = encryption.reduce((one, other) => (one.from > other.from ? one : other));
  const fresh = suite.x25519PublicKey(newest.seed);
  expect(fresh).not.toEqual(key);
  send(await relinked(), [before, old, cellFor(fresh)]);
  await until('opened relay', 2);
  await until('opened before', 1);
  expect([await count('opened relay'), await count('opened before')]).toEqual([2, 1]);
});
