/** kill -9 of a server and its database together at any moment while people speak: every acknowledged message survives. */
import { afterEach, test } from '@jest/globals';
import { kill } from './kills.ts';
import { needsNpm, npm } from './postgres/clusters.ts';
import { Undoing } from '../undoing.ts';
import { needsLinux } from './linux.ts';

const undoing = new Undoing();
afterEach(async () => undoing.run());

needsLinux('processes', () => {
  needsNpm('PostgreSQL 18', () => {
    test('both die fifty times', async () => {
      await kill(undoing, { count: 50, together: true, programs: npm });
    }, 300_000);
  });
});
