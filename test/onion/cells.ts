/** One cell of the vectors held against the code: as it arrives at a hop, bare and enveloped, and as the hop opens it. */
import { expect } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { bareCell, cellFault, envelopeFiller, fieldsOf, onionOf } from '../../onion/cell.ts';
import { unwrapCell, wrapOnion } from '../../onion/envelope.ts';
import { peelHead } from '../../onion/head.ts';
import { openOnion } from '../../onion/holder.ts';
import { pairOf } from '../../onion/keys.ts';
import type { Opened } from '../../onion/open.ts';
import { type CellVector, digestOf, type HopVector, holderOf, keysOf, listed, ringOf, unhex } from './vectors.ts';

/** The bare and the enveloped cell of an onion, with the fillers and keys of a vector. */
export function cellsOf(suite: Suite, onion: Uint8Array, cell: CellVector, context: string) {
  const { filler, envelope } = cell;
  const key = suite.x25519PublicKey(unhex(context));
  const drawn = listed(suite, unhex(envelope.ephemeral), unhex(envelope.decoy));
  return {
    bare: bareCell(onion, envelopeFiller(suite, listed(suite, unhex(filler.forgotten), filler.seed))),
    enveloped: wrapOnion(suite, key, onion, drawn),
  };
}

/** Checks that this onion is the vector's, as it arrives at `hop` and in every form it may have; gives what the hop opens. */
export function checkCell(
  suite: Suite,
  onion: Uint8Array,
  hop: HopVector,
  cell: CellVector,
  context: string,
  nowSeconds: number,
): Opened {
  const { alpha, hint, mac, beta, seal, body } = fieldsOf(onion);
  const { secret, keys } = keysOf(suite, hop, onion);
  const { bare, enveloped } = cellsOf(suite, onion, cell, context);
  const unwrapped = unwrapCell(suite, ringOf(suite, [pairOf(suite, unhex(context))]), enveloped);
  expect({
    alpha: hexOf(alpha),
    hint: hexOf(hint),
    mac: hexOf(mac),
    betaDigest: digestOf(suite, beta),
    seal: hexOf(seal),
    bodyDigest: digestOf(suite, body),
    onionDigest: digestOf(suite, onion),
    layerSecret: hexOf(secret),
    replayTag: hexOf(keys.replayTag),
    deposit: hexOf(keys.deposit),
    block: hexOf(peelHead(suite, keys, onion)!.block),
    filler: cell.filler,
    bareDigest: digestOf(suite, bare),
    envelope: { ...cell.envelope, replayTag: hexOf(unwrapped!.replayTag) },
    envelopedDigest: digestOf(suite, enveloped),
  }).toEqual(cell);
  expect([cellFault(bare), cellFault(enveloped)]).toEqual([null, null]);
  expect(unwrapped!.onion).toEqual(onionOf(bare));
  expect(unwrapCell(suite, ringOf(suite, [pairOf(suite, unhex(context))]), bare)).toBeNull();
  const opening = openOnion(suite, onion, holderOf(suite, hop), nowSeconds)!;
  expect(opening.by.kind).toBe(hop.kind);
  if ('refused' in opening.layer) throw new Error(opening.layer.refused);
  expect(hexOf(opening.layer.replayTag)).toBe(cell.replayTag);
  return opening.layer;
}
