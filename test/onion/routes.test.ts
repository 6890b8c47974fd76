/** Every cell of every route of the vectors, by every suite: sealed, opened, enveloped. */
import { describe, expect, test } from '@jest/globals';
import { parseBase64 } from '../../crypto/base64.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { suites } from '../crypto/vectors.ts';
import { cellsOf, checkCell } from './cells.ts';
import { contentOf, readVectors, type RouteVector, sealVector } from './vectors.ts';

const { context, routes } = readVectors<{ context: string; routes: RouteVector[] }>('routes.json');
const whole = readVectors<{ route: string; bare: string; enveloped: string }>('cells.json');

describe.each(suites)('%s', (_, suite) => {
  test.each(routes)('$name', (route) => {
    const { onion, replayTags, deposits } = sealVector(suite, route);
    expect(replayTags.map(hexOf)).toEqual(route.cells.map(({ replayTag }) => replayTag));
    expect(deposits.map((deposit) => deposit && hexOf(deposit.secret))).toEqual(
      route.cells.map(({ deposit }, index) => (route.hops[index]!.deposit ? deposit : null)),
    );
    let arriving = onion;
    for (const [index, cell] of route.cells.entries()) {
      const hop = route.hops[index]!;
      const opened = checkCell(suite, arriving, hop, cell, context, route.nowSeconds);
      expect(opened.deposit === null ? null : hexOf(opened.deposit.secret)).toBe(hop.deposit ? cell.deposit : null);
      const { outcome } = opened;
      if (index < route.cells.length - 1) {
        expect(outcome).toMatchObject({ kind: 'relay', delayMs: hop.delayMs });
        if (outcome.kind === 'relay') arriving = outcome.onion;
      } else if (route.last === 'discard') expect(outcome).toEqual({ kind: 'discard' });
      else expect(outcome).toEqual({ kind: 'exit', content: contentOf(suite, route) });
    }
  });

  test('a whole cell, bare and enveloped', () => {
    const route = routes.find(({ name }) => name === whole.route)!;
    const { bare, enveloped } = cellsOf(suite, sealVector(suite, route).onion, route.cells[0]!, context);
    expect(bare).toEqual(parseBase64(whole.bare));
    expect(enveloped).toEqual(parseBase64(whole.enveloped));
  });
});
