/** kill -9 of a server and its database together at any moment while people speak: every acknowledged message survives. */
import { afterEach, test } from '@jest/globals';
import { kill } from './kills.ts';
import { needsNpm, npm, Undoing } from './postgres/clusters.ts';
import { needsLinux } from './served.ts';

const undoing = new Undoing();
afterEach(async () => undoing.run());

needsLinux('processes', () => {
  needsNpm('PostgreSQL 18', () => {
    test('both die fifty times', async () => {
      await kill(undoing, { count: 50, together: true, programs: npm });
    }, 300_000);
  });
});
