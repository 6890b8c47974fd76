/** Damaged cells: which stage refuses them, and that nothing is remembered of what anybody could have damaged. */
import { describe, expect, test } from '@jest/globals';
import type { Suite } from '../../crypto/suite.ts';
import { cellFault, onionOf } from '../../onion/cell.ts';
import { unwrapCell } from '../../onion/envelope.ts';
import { openOnion } from '../../onion/holder.ts';
import { pairOf } from '../../onion/keys.ts';
import type { Opened } from '../../onion/open.ts';
import { suites } from '../crypto/vectors.ts';
import { cellsOf } from './cells.ts';
import { withBlock, withBody } from './forging.ts';
import { changed, holderOf, keysOf, readVectors, ringOf, type RouteVector, sealVector, unhex } from './vectors.ts';

interface Change {
  readonly cell: 'bare' | 'enveloped';
  readonly route: string;
  readonly at: number;
  readonly xor: number;
  readonly stage: 'filler' | 'link' | 'envelope' | 'hint' | 'mac' | 'seal';
  readonly code: string | null;
}
interface Patch {
  readonly name: string;
  readonly route: string;
  readonly hop?: number;
  readonly at: number;
  readonly bytes: string;
  readonly code: string;
}

const { context, routes } = readVectors<{ context: string; routes: RouteVector[] }>('routes.json');
const damaged = readVectors<{ changes: Change[]; blocks: Patch[]; bodies: Patch[] }>('damaged.json');
const routeOf = (name: string): RouteVector => routes.find((route) => route.name === name)!;

/** What becomes of a cell at a listener that holds the context's key and the first hop's; 'opens' where it opens. */
function fateOf(suite: Suite, cell: Uint8Array, { hops, nowSeconds }: RouteVector): string | null {
  const fault = cellFault(cell);
  if (fault !== null) return fault;
  const onion = unwrapCell(suite, ringOf(suite, [pairOf(suite, unhex(context))]), cell)?.onion ?? onionOf(cell);
  const opening = openOnion(suite, onion, holderOf(suite, hops[0]!), nowSeconds);
  if (opening === null) return null;
  return 'refused' in opening.layer ? opening.layer.refused : 'opens';
}

/** The onion as it arrives at a hop. */
function arriving(suite: Suite, route: RouteVector, hop: number): Uint8Array {
  let { onion } = sealVector(suite, route);
  for (const passed of route.hops.slice(0, hop)) {
    const opening = openOnion(suite, onion, holderOf(suite, passed), route.nowSeconds)!;
    const { outcome } = opening.layer as Opened;
    if (outcome.kind === 'relay') onion = outcome.onion;
  }
  return onion;
}

describe.each(suites)('%s', (_, suite) => {
  test.each(damaged.changes)('$cell cell, $route, byte $at: $stage', ({ cell, route: name, at, xor, stage, code }) => {
    const route = routeOf(name);
    const sound = cellsOf(suite, sealVector(suite, route).onion, route.cells[0]!, context)[cell];
    expect(fateOf(suite, sound, route)).toBe('opens');
    expect(fateOf(suite, changed(sound, at, xor), route)).toBe(stage === 'filler' ? 'opens' : code);
  });

  test.each(damaged.blocks)('block: $name', ({ route: name, hop = 0, at, bytes, code }) => {
    const route = routeOf(name);
    const onion = arriving(suite, route, hop);
    const own = route.hops[hop]!;
    const forged = withBlock(suite, onion, keysOf(suite, own, onion).keys, at, unhex(bytes));
    const opening = openOnion(suite, forged, holderOf(suite, own), route.nowSeconds);
    expect(opening?.layer).toMatchObject({ deposit: null, outcome: { kind: 'drop', code } });
    // Made anew with the bytes that it had, it opens: the code is that of the change.
    const { block } = route.cells[hop]!;
    const same = unhex(block.slice(2 * at, 2 * at + bytes.length));
    expect(withBlock(suite, onion, keysOf(suite, own, onion).keys, at, same)).toEqual(onion);
  });

  test.each(damaged.bodies)('body: $name', ({ route: name, at, bytes, code }) => {
    const route = routeOf(name);
    const { onion } = sealVector(suite, route);
    const own = route.hops[0]!;
    const forged = withBody(suite, onion, keysOf(suite, own, onion).keys, at, unhex(bytes));
    const opening = openOnion(suite, forged, holderOf(suite, own), route.nowSeconds);
    expect(opening?.layer).toMatchObject({ outcome: { kind: 'drop', code } });
  });

  test('a link takes cells of one length', () => {
    for (const length of [0, 4095, 4097]) expect(cellFault(new Uint8Array(length))).toBe('_onion_invalid_length');
    expect(cellFault(new Uint8Array(4096))).toBeNull();
  });

  test('a point of small order is nobody’s', () => {
    const route = routeOf('one hop, a user');
    const { onion } = sealVector(suite, route);
    const none = Uint8Array.from(onion);
    none.fill(0, 0, 32);
    expect(openOnion(suite, none, holderOf(suite, ...route.hops), route.nowSeconds)).toBeNull();
  });
});
