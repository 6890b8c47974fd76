/** kill -9 of a server at any moment while people speak: every acknowledged message is there once, in its author's order, and no other. */
import { afterEach, test } from '@jest/globals';
import { kill } from './kills.ts';
import { debian, needsDebian } from './postgres/clusters.ts';
import { Undoing } from '../undoing.ts';
import { needsLinux } from './linux.ts';

const undoing = new Undoing();
afterEach(async () => undoing.run());

needsLinux('processes', () => {
  needsDebian('PostgreSQL 15', () => {
    test('the server dies fifty times, its database goes on', async () => {
      await kill(undoing, { count: 50, together: false, programs: debian });
    }, 300_000);
  });
});
