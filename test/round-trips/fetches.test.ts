/** What is fetched for the stock is looked for as long as it may come, and no longer. */
import { expect, test } from '@jest/globals';
import { newPair } from '../../onion/keys.ts';
import { Fetches } from '../../round-trips/fetches.ts';
import { Returns } from '../../round-trips/returns.ts';
import { suite } from '../../server/suite.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';

const stations = ['b.test', 'c.test', 'd.test'].map((domain) => ({
  domain,
  group: domain,
  keys: [{ publicKey: newPair(suite, suite.random).publicKey, beginsMs: 0 }],
}));

test.each([0, 999])(
  'a deposit is looked for until it is given up: one deadline for both, %d ms behind a second',
  (ms) => {
    const returns = new Returns(suite);
    const fetches = new Fetches(suite, returns);
    const at = { domain: 'c.test', group: 'c.test' };
    const unixMs = beginUnixMs + ms;
    const { name } = fetches.begin({ kind: 'deposit', at }, { stations, home: 'a.test', hops: 2 }, 0, unixMs)!;
    const pass = (nowMs: number): void => {
      fetches.tidy(nowMs);
      returns.tidy(Math.floor((unixMs + nowMs) / 1000));
    };
    // The first timeout is 10 s, and 120 s behind it it may come.
    pass(129_999);
    expect(returns.hints).toEqual([name]);
    expect(fetches.came(name, null, 129_999, unixMs + 129_999)).toMatchObject({ domain: 'c.test', level: 0 });
    const late = fetches.begin({ kind: 'deposit', at }, { stations, home: 'a.test', hops: 2 }, 0, unixMs)!;
    pass(1_000_000);
    expect(returns.hints).not.toContain(late.name);
    expect(fetches.came(late.name, null, 1_000_000, unixMs + 1_000_000)).toBeNull();
  },
);
