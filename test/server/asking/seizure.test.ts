/** Five whole servers are taken away a moment after a ticket was used, with their databases, logs of these, files and long-term keys: its route is not in them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hexOf } from '../../../crypto/bytes.ts';
import { Stock } from '../../../round-trips/stock.ts';
import { onionOf } from '../../../onion/cell.ts';
import { type KeyPair, pairOf } from '../../../onion/keys.ts';
import { readDomainKey } from '../../../server/domain/key-file.ts';
import { suite } from '../../../server/suite.ts';
import { Undoing } from '../../undoing.ts';
import { needsLinux } from '../linux.ts';
import { type Loot, routeOf } from '../mor/seizer.ts';
import { ADA, AskedTown, domains, GREEN } from './asked-town.ts';
import { handing, hearing, ticketOf } from './by-hand.ts';

const undoing = new Undoing();
let town: AskedTown;
/** Nobody has that name. */
const SOUGHT = `somebody-who-is-sought@${GREEN}`;

interface Taken {
  readonly domain: string;
  readonly path: string;
  readonly bytes: Buffer;
}

/** Every file of every server as it is now: database and its log, keys, configuration, logs, what opened cells leave. */
function everything(): Taken[] {
  return domains.flatMap((domain) => {
    const folder = town.town.folderOf(domain);
    return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      if (!entry.isFile()) return [];
      const path = join(entry.parentPath, entry.name);
      try {
        return [{ domain, path: path.slice(folder.length + 1), bytes: readFileSync(path) }];
      } catch (error) {
        // A database makes and removes files as it works.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    });
  });
}

const cellsOf = (taken: readonly Taken[]): Loot['files'] =>
  taken
    .filter(({ path }) => path.startsWith('cells/'))
    .map(({ domain, bytes }) => ({ domain, bytes: new Uint8Array(bytes) }));

/** Files that have these bytes, as they are or in letters. */
const having = (taken: readonly Taken[], bytes: Uint8Array): string[] => {
  const forms = [
    Buffer.from(bytes),
    ...['hex', 'base64'].map((form) =>
      Buffer.from(
        Buffer.from(bytes)
          .toString(form as 'hex')
          .replace(/=+$/, ''),
      ),
    ),
  ];
  return taken
    .filter((file) => forms.some((form) => file.bytes.includes(form)))
    .map(({ domain, path }) => `${domain} ${path}`);
};

async function longTermKeys(): Promise<{ domain: string; pair: KeyPair }[]> {
  const all = await Promise.all(
    domains.map(async (domain) => {
      const { encryption } = await readDomainKey(town.town.folderOf(domain), domain);
      return encryption.map(({ seed }) => ({ domain, pair: pairOf(suite, seed) }));
    }),
  );
  return all.flat();
}

needsLinux('a seizure of whole servers', () => {
  beforeAll(async () => {
    town = await AskedTown.start(undoing);
  });
  afterAll(() => undoing.run(), 120_000);

  test('finds the route where secrets were not burnt, and nothing where they were', async () => {
    const { talk, asking } = await town.library(ADA, { level: 1, hops: 3, tickets: 2 }, undoing);
    await asking.filled();
    await asking.stop();
    const { ticket, tag, over } = ticketOf(new Stock(suite.random, await town.stock(ADA)), 3);
    const heard = hearing(talk);
    const hand = await handing(talk, SOUGHT);
    const before = everything();
    await hand(ticket, hexOf(suite.random(16)));
    await heard.of(tag);
    // Its last hop has put it out in this moment.
    const after = everything();

    const slots = ({ path }: Taken): boolean => path === join('cells', 'slots');
    const keys = await longTermKeys();
    expect(keys.length).toBeGreaterThanOrEqual(domains.length);
    const onions = [...heard.cells.values()].map((cell) => new Uint8Array(onionOf(cell)));
    // A backup from before has no slots.
    const backup = before.filter((taken) => !slots(taken));
    const loot = (files: Loot['files']): Loot => ({ files, keys, onions });
    expect(routeOf(loot([...cellsOf(backup), ...cellsOf(after)]), ticket)).toEqual([]);
    // Without burning, slots are afterwards as they were before.
    expect(routeOf(loot([...cellsOf(after), ...cellsOf(before)]), ticket)).toEqual(over.map(({ domain }) => domain));

    const [wal] = after.filter(({ path }) => path.includes('pg_wal'));
    expect(wal).toBeDefined();
    for (const { secret, domain } of over) {
      expect(having(before, secret)).toEqual([`${domain} ${join('cells', 'slots')}`]);
      expect(having([...backup, ...after], secret)).toEqual([]);
    }
    // What was asked and answered is in the database, and cannot be read there.
    expect(having(after, Buffer.from(SOUGHT))).toEqual([]);
    expect(having(after, Buffer.from(tag, 'hex'))).toEqual([]);
  });
});
