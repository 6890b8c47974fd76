/** What must hold of cells whatever they carry, as checks that throw: plants.test.ts shows that each can fail. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { bareCell, cellFault, envelopeFiller, onionOf } from '../../onion/cell.ts';
import { unwrapCell, wrapOnion } from '../../onion/envelope.ts';
import { type Holder, openOnion } from '../../onion/holder.ts';
import { forgottenKey, type KeyPair, newPair } from '../../onion/keys.ts';
import { type LayerFor, oneTimeTag } from '../../onion/layer.ts';
import type { Opened } from '../../onion/open.ts';
import { type Hop, sealOnion } from '../../onion/seal.ts';
import { makeTicket, undoReply, useTicket } from '../../onion/ticket.ts';
import { changed, ringOf } from './vectors.ts';

const NOW = 1_795_000_000;

/** A hop and what it opens with. */
export interface Station {
  readonly hop: Hop;
  readonly holder: Holder;
}

/** What a station of a kind opens with, and whom its layers are for. */
function ownerOf(suite: Suite, kind: LayerFor['kind']): { whom: LayerFor; holder: Holder } {
  const none: Holder = { oneTime: () => null, keys: ringOf(suite, []), users: [] };
  if (kind === 'one-time') {
    const secret = suite.random(32);
    const tag = hexOf(oneTimeTag(suite, secret));
    const holder = { ...none, oneTime: (hint: Uint8Array) => (hexOf(hint) === tag ? secret : null) };
    return { whom: { kind, secret, alpha: forgottenKey(suite, suite.random) }, holder };
  }
  const key = newPair(suite, suite.random);
  const whom = { kind, key: key.publicKey, pair: newPair(suite, suite.random) };
  return { whom, holder: kind === 'user' ? { ...none, users: [key] } : { ...none, keys: ringOf(suite, [key]) } };
}

/** Stations of these kinds; the last does not wait. */
export const stationsOf = (
  suite: Suite,
  kinds: readonly { kind: LayerFor['kind']; isDeposit: boolean; delayMs: number }[],
): Station[] =>
  kinds.map(({ kind, isDeposit, delayMs }, index) => {
    const { whom, holder } = ownerOf(suite, kind);
    return { hop: { whom, isDeposit, delayMs: index === kinds.length - 1 ? 0 : delayMs }, holder };
  });

/** An onion to an exit over these. */
const sealedFor = (suite: Suite, stations: readonly Station[], content: Uint8Array): Uint8Array =>
  sealOnion(
    suite,
    stations.map(({ hop }) => hop),
    'exit',
    content,
    NOW,
    suite.random,
  ).onion;

/** What the layer at a station gave; throws where it was refused or is somebody else's. */
function openedAt(suite: Suite, onion: Uint8Array, { holder }: Station): Opened {
  const layer = openOnion(suite, onion, holder, NOW)?.layer;
  if (layer === undefined || 'refused' in layer) throw new Error(`it does not open: ${layer?.refused ?? 'not mine'}`);
  return layer;
}

/** Whatever travels arrives as it was sealed, over all stations, and nobody's layer opens with another's keys. */
export function arrives(suite: Suite, stations: readonly Station[], content: Uint8Array): void {
  let onion = sealedFor(suite, stations, content);
  for (const [index, station] of stations.entries()) {
    for (const other of stations) {
      if (other !== station && openOnion(suite, onion, other.holder, NOW) !== null)
        throw new Error('opened by another');
    }
    const { outcome } = openedAt(suite, onion, station);
    if (outcome.kind === 'relay' && index < stations.length - 1) onion = outcome.onion;
    else if (outcome.kind !== 'exit' || index < stations.length - 1) throw new Error(`an outcome: ${outcome.kind}`);
    else if (hexOf(outcome.content) !== hexOf(content)) throw new Error('another content');
  }
}

/** With any bit changed, a bare or enveloped cell neither opens nor leaves a trace; the true one opens afterwards. Gives the trials that hit filler. */
export function refusesChanges(
  suite: Suite,
  station: Station,
  context: KeyPair | null,
  bits: readonly number[],
): number {
  const onion = sealedFor(suite, [station], new Uint8Array([1, 2, 3]));
  const cell =
    context === null
      ? bareCell(onion, envelopeFiller(suite, suite.random))
      : wrapOnion(suite, context.publicKey, onion, suite.random);
  const contexts = ringOf(suite, context === null ? [] : [context]);
  const opens = (bytes: Uint8Array): boolean => {
    if (cellFault(bytes) !== null) return false;
    const inner = unwrapCell(suite, contexts, bytes)?.onion ?? onionOf(bytes);
    const opening = openOnion(suite, inner, station.holder, NOW);
    return opening !== null && !('refused' in opening.layer);
  };
  let inFiller = 0;
  for (const bit of bits) {
    const isFiller = context === null && bit < 96 * 8 && bit !== 255;
    if (opens(changed(cell, bit >> 3, 1 << (bit & 7))) !== isFiller) throw new Error(`bit ${bit} may be changed`);
    if (isFiller) inFiller++;
  }
  if (!opens(cell)) throw new Error('the true cell does not open any more');
  return inFiller;
}

/** The bits that a malicious hop changes in what it sends on are seen by the next one; gives how many were tried. */
export function diesAtNextHop(suite: Suite, stations: readonly [Station, Station], bits: readonly number[]): number {
  const { outcome } = openedAt(suite, sealedFor(suite, stations, new Uint8Array(5)), stations[0]);
  if (outcome.kind !== 'relay') throw new Error(outcome.kind);
  for (const bit of bits) {
    const opening = openOnion(suite, changed(outcome.onion, bit >> 3, 1 << (bit & 7)), stations[1].holder, NOW);
    if (opening !== null && !('refused' in opening.layer)) throw new Error(`bit ${bit} passes the next hop`);
  }
  openedAt(suite, outcome.onion, stations[1]);
  return bits.length;
}

const P = 2n ** 255n - 19n;

/** Throws unless these 32 bytes are the coordinate of a point of the prime-order group, with the top bit clear. */
export function isPrimeOrderPoint(bytes: Uint8Array): void {
  const u = bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
  if (u >= P) throw new Error('no coordinate below p');
  const { Fp } = ed25519.Point;
  // From Montgomery's u to Edwards' y (RFC 7748 4.1); of the twist there is no point with this y.
  const y = Fp.mul(Fp.sub(u, 1n), Fp.inv(Fp.add(u, 1n)));
  const point = ed25519.Point.fromBytes(
    Uint8Array.from({ length: 32 }, (_, at) => Number((y >> BigInt(8 * at)) & 255n)),
  );
  if (!point.isTorsionFree()) throw new Error('no point of the prime-order group');
}

/** Cells of all sorts, each with its own keys: what a link sees. `sort` by its name. */
export const sorts: Readonly<Record<string, (suite: Suite) => Uint8Array>> = {
  bare: (suite) => bareCell(forward(suite, ['server', 'server', 'user']), envelopeFiller(suite, suite.random)),
  enveloped: (suite) => enveloped(suite, forward(suite, ['server', 'one-time', 'server'])),
  loop: (suite) => enveloped(suite, forward(suite, ['server', 'server', 'server'], 'discard')),
  ticket: (suite) => bareCell(reply(suite, 3), envelopeFiller(suite, suite.random)),
  relayed: (suite) => {
    const stations = stationsOf(
      suite,
      ['server', 'user'].map((kind) => plain(kind as 'server')),
    );
    const { outcome } = openedAt(suite, sealedFor(suite, stations, new Uint8Array(0)), stations[0]!);
    return bareCell(outcome.kind === 'relay' ? outcome.onion : new Uint8Array(0), envelopeFiller(suite, suite.random));
  },
};

const plain = (kind: LayerFor['kind']) => ({ kind, isDeposit: false, delayMs: 0 });

function forward(suite: Suite, kinds: LayerFor['kind'][], last: 'exit' | 'discard' = 'exit'): Uint8Array {
  const route = stationsOf(suite, kinds.map(plain)).map(({ hop }) => hop);
  return sealOnion(suite, route, last, new Uint8Array(3000), NOW, suite.random).onion;
}

const enveloped = (suite: Suite, onion: Uint8Array): Uint8Array =>
  wrapOnion(suite, newPair(suite, suite.random).publicKey, onion, suite.random);

function reply(suite: Suite, layers: number): Uint8Array {
  const { ticket } = makeTicket(suite, ticketHops(suite, layers), NOW, suite.random);
  return useTicket(suite, ticket, new Uint8Array(0), NOW, suite.random);
}

const ticketHops = (suite: Suite, layers: number) =>
  Array.from({ length: layers }, () => ({
    secret: suite.random(32),
    alpha: forgottenKey(suite, suite.random),
    delayMs: 0,
  }));

/** An answer comes back over so many layers as it was given. */
export function comesBack(suite: Suite, layers: number, content: Uint8Array): void {
  const hops = ticketHops(suite, layers);
  const { ticket, memory } = makeTicket(suite, hops, NOW, suite.random);
  let onion = useTicket(suite, ticket, content, NOW, suite.random);
  for (const { secret } of hops) {
    const holder = { oneTime: () => secret, keys: ringOf(suite, []), users: [] };
    const { outcome } = openedAt(suite, onion, { holder } as unknown as Station);
    if (outcome.kind === 'relay') onion = outcome.onion;
    else if (outcome.kind !== 'reply' || secret !== hops.at(-1)!.secret) throw new Error(outcome.kind);
    else if (hexOf(undoReply(suite, memory, outcome.body)) !== hexOf(content)) throw new Error('another answer');
  }
}

/**
 * Chi-square of each byte's place over many cells against the uniform distribution, with 255 degrees of freedom (127 where the
 * top bit is clear): the largest, in standard deviations from its mean.
 */
export function worstChiSquare(cells: readonly Uint8Array[], topBitClear: readonly number[]): number {
  let worst = 0;
  const counts = new Uint32Array(256);
  for (let at = 0; at < 4096; at++) {
    counts.fill(0);
    for (const cell of cells) counts[cell[at]!]!++;
    const values = topBitClear.includes(at) ? 128 : 256;
    const expected = cells.length / values;
    let sum = counts.subarray(values).reduce((all, count) => all + count, 0) * cells.length;
    for (const count of counts.subarray(0, values)) sum += (count - expected) ** 2 / expected;
    worst = Math.max(worst, Math.abs(sum - (values - 1)) / Math.sqrt(2 * (values - 1)));
  }
  return worst;
}
