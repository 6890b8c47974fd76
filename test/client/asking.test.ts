/** A home that gives no copies of cells: whoever waits for something is told so, nothing goes on in vain, and it is tried again by whoever asks. */
import { expect, test } from '@jest/globals';
import { type AskedHome, Asking } from '../../client/anonymous/asking.ts';
import { Believed, stationsIn } from '../../client/anonymous/stations.ts';
import { Client } from '../../client/client.ts';
import { Asker } from '../../round-trips/asker.ts';
import { suite } from '../../server/suite.ts';
import { domainKey, NOW } from '../pki/keys.ts';

const domains = ['a.test', 'b.test', 'c.test', 'd.test', 'e.test'];
const keys = await Promise.all(domains.map((domain, at) => domainKey(domain, 1 + 10 * at)));
const told = await stationsIn(
  keys.map(({ certificate }, at) => ({ domain: domains[at]!, key: certificate.bytes })),
  NOW,
);
const believed = await Believed.of(told, { home: 'a.test', pins: new Map(), isUnvouched: true }, NOW);

/** A home that takes cells, and refuses copies while `isFull`. */
function deafened(isAll: boolean) {
  const home = { isFull: true, cells: 0, copies: 0 };
  const at: AskedHome = {
    ask: async ({ method }) => {
      if (method === '_request_mor_cell') home.cells++;
      else home.copies++;
      if (method === '_request_mor_copies') return home.isFull ? '_mor_excessive_watches' : new Promise(() => {});
      return [];
    },
  };
  const timers: (() => void)[] = [];
  let nowMs = 0;
  const asking = new Asking({
    asker: new Asker({ suite, home: 'a.test', kept: [], wish: { level: 0, hops: 2, tickets: 2 } }),
    home: at,
    mor: 'psyc://a.test/$mor',
    isAll,
    stations: async () => believed,
    keep: async () => {},
    now: () => ({ monotoneMs: nowMs, wallMs: NOW * 1000 + nowMs }),
    after: (_, wake) => {
      timers.push(wake);
      return () => void timers.splice(timers.indexOf(wake), 1);
    },
  });
  const pass = (ms: number): void => {
    nowMs += ms;
    for (const wake of timers.splice(0)) wake();
  };
  return { home, asking, pass, client: new Client(at, asking) };
}

test.each([false, true])(
  'who waits for a full stock, or an answer, hears why none comes (all cells: %s)',
  async (isAll) => {
    const { home, asking, client, pass } = deafened(isAll);
    const code = '_mor_excessive_watches';
    await asking.begin();
    await expect(asking.filled()).rejects.toMatchObject({ name: 'AnonymousError', code });
    const ask = () =>
      client.request('psyc://b.test/$keys', { method: '_request_keys' }, { anonymous: { hops: 2, level: 0 } });
    expect(await ask()).toEqual(expect.objectContaining({ kind: 'failure', code }));
    // Nothing is fetched that could not be heard, until a minute is over.
    const { cells, copies } = home;
    pass(59_000);
    expect([home.cells, home.copies]).toEqual([cells, copies]);
    home.isFull = false;
    pass(2_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(home.cells).toBeGreaterThan(cells);
    expect(home.copies).toBe(copies + 1);
    await asking.stop();
  },
);
