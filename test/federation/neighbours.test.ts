/** Rows of a place that are read late: what was said before a plain peer's first member came does not go to it. */
import { expect, test } from '@jest/globals';
import { deliveryLimits } from '../../circuit/limits.ts';
import type { Desk } from '../../federation/desk.ts';
import { Hearers } from '../../federation/places/hearers.ts';
import { Neighbours } from '../../federation/places/neighbours.ts';
import { render } from '../../psyc/render.ts';
import { SparseMap } from '../../psyc/sparse.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { Operation } from '../../store/store.ts';
import { hall, host, zoe } from './plain-fixture.ts';

test('a plain peer hears rows from its first member on, whenever they are read', () => {
  const store = new MemoryStore();
  const operations = [1, 2, 3, 4].map((row): Operation => {
    const routing = { _source: 'psyc://a.example/~ada#1', _target: hall, _tag: `t${row}`, _counter: String(row) };
    const packet = render({ routing, method: '_message_public', data: String(row) });
    return { op: 'append', context: hall, lease: 1, author: new Uint8Array([row]), id: new Uint8Array([row]), packet };
  });
  store.perform({ kind: 'write', request: 0, operations });
  const sent: string[] = [];
  const desk: Partial<Desk> = {
    options: { deliveryLimits, plain: new Set([host]) } as unknown as Desk['options'],
    ask: (request, answer) => answer(store.perform({ ...request, request: 1 })),
    linkTo: () => ({
      isUp: true,
      watch: () => {},
      unwatch: () => {},
      send: ({ packet }) => sent.push(packet.dataText ?? '') > 0,
    }),
  };
  const since = new SparseMap<string, number>();
  since.set('psyc://a.example/~ada', 1);
  since.set(zoe, 3);
  const domains = new SparseMap<string, number>();
  domains.set(host, 1);
  const members = { local: new Hearers(), domains, members: since, last: 4 };
  const neighbours = new Neighbours(hall, desk as Desk, members);
  neighbours.attach(1);
  neighbours.grown(4);
  expect(sent).toEqual(['3', '4']);
});
