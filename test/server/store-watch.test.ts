/** What a store tells the log: once when it is lost or full, once when it is well again; a reason may name a host, and is told at debug. */
import { expect, test } from '@jest/globals';
import { openLog } from '../../server/log.ts';
import { StoreWatch } from '../../server/store-watch.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';

interface Line {
  readonly level: string;
  readonly msg: string;
}

function watched(): { watch: StoreWatch; lines: Line[] } {
  const lines: Line[] = [];
  const log = openLog('debug', { write: (text: string) => lines.push(JSON.parse(text) as Line) });
  return { watch: new StoreWatch(log, () => {}), lines };
}
const told = (lines: readonly Line[]): string[] =>
  lines.filter(({ level }) => level !== 'debug').map(({ level, msg }) => `${level}: ${msg}`);

test('lost and back', () => {
  const { watch, lines } = watched();
  for (let times = 0; times < 100; times++) watch.down('connect ECONNREFUSED 192.0.2.1:5432');
  watch.up();
  watch.up();
  expect(told(lines)).toEqual([
    'error: the store is lost; nothing is acknowledged until it is back',
    'info: the store is back',
  ]);
  expect(lines.filter((line) => line.level !== 'debug' && JSON.stringify(line).includes('192.0.2.1'))).toEqual([]);
});

test('full, and room again', async () => {
  const { watch, lines } = watched();
  const outcomes: StoreOutcome[] = [];
  const store = watch.over({ perform: async () => outcomes.shift()! });
  const write: StoreRequest = { kind: 'write', request: 1, operations: [] };
  const full: StoreOutcome = { kind: 'refused', request: 1, code: '_store_full' };
  outcomes.push(
    full,
    full,
    { kind: 'written', request: 1, appended: [] },
    { kind: 'written', request: 1, appended: [] },
  );
  for (let times = 0; times < 4; times++) await store.perform(write);
  expect(told(lines)).toEqual([
    'error: the store is full: nothing is acknowledged until there is room',
    'info: the store has room again',
  ]);
});
