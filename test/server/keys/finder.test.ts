/** Where somebody's keys are looked for, and in which order: the ring, where the DNS points, known key servers; who is not there stands in nobody's way. */
import { afterEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { Certificate } from '../../../pki/certificate.ts';
import { KeyFinder } from '../../../server/keys/find.ts';
import type { Sought, SoughtKeys } from '../../../server/node/notary.ts';
import type { Endpoint } from '../../../server/transport/resolve.ts';
import { certified, domainKey, identityKey } from '../../pki/keys.ts';
import { Undoing } from '../../undoing.ts';
import { freePort } from '../free-port.ts';
import { type Giving, giving } from './giving.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const ADDRESS = 'bob@home.test';
const home = await domainKey('home.test');
const made = await identityKey('bob', 'home.test');
const bob = await certified(home, made.certificate, 'bob <bob@home.test>');
const { fingerprint } = bob.key;

/** Whom has been asked, in this order. */
let asked: string[];

const server = (name: string, keys: readonly Certificate[]): Promise<Giving> =>
  giving(undoing, name, keys, { asked: (path) => /op=(get|index)/.test(path) && asked.push(name) });

/** Finds with these on the ring, where the DNS of home.test points, and at other domains. */
function finderOf(ring: readonly SoughtKeys[], pointed: readonly Giving[], others: Readonly<Record<string, number>>) {
  asked = [];
  const at = (port: number): Endpoint => ({ host: '127.0.0.1', port });
  const ks = pointed.map(({ port }) => `hkps://ks.test:${port}`);
  const record = { kind: 'record', secure: true, fpr: fingerprint, nfpr: null, seq: 1, ks, x: null } as const;
  return new KeyFinder({
    keys: {
      copiesOf: () => {
        asked.push('ring');
        return Promise.resolve([...ring]);
      },
    },
    lookUp: () => {
      asked.push('DNS');
      return Promise.resolve({ ...record, isTest: false });
    },
    finding: {
      resolver: {
        services: () => Promise.reject(new Error('no record')),
        addresses: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
      },
      peers: new Map(Object.entries(others).map(([domain, port]) => [domain, at(port)])),
      random: () => 0,
    },
    proxy: null,
    log: pino({ level: 'silent' }),
  });
}

const sought = (servers: readonly string[], change: Partial<Sought> = {}): Sought => ({
  address: ADDRESS,
  fingerprint,
  servers,
  ...change,
});

/** Takes so many copies, and lets go. */
async function taken(finder: KeyFinder, what: Sought, max = Infinity): Promise<number> {
  let count = 0;
  if (max === 0) return count;
  for await (const { key } of finder.copies(what)) {
    expect(Buffer.from(key).equals(Buffer.from(bob.bytes))).toBe(true);
    if (++count >= max) break;
  }
  return count;
}

test('the ring, and where that is not enough the servers that the record names, and known ones, at once', async () => {
  const one = await server('pointed 1', [bob]);
  const two = await server('pointed 2', [bob]);
  const b = await server('b.test', [bob]);
  const c = await server('c.test', [bob]);
  const copy = { key: bob.bytes, statement: null };
  const finder = finderOf([copy], [one, two], { 'b.test': b.port, 'c.test': c.port });
  expect(await taken(finder, sought(['c.test', 'b.test']), 1)).toBe(1);
  expect(asked).toEqual(['ring']);
  asked = [];
  expect(await taken(finder, sought(['c.test', 'b.test']))).toBe(5);
  expect(asked[0]).toBe('ring');
  expect(asked.toSorted()).toEqual(['DNS', 'b.test', 'c.test', 'pointed 1', 'pointed 2', 'ring']);
});

test('who is not there, or has no such key, is passed over', async () => {
  const [b, e] = [await server('b.test', [bob]), await server('e.test', [])];
  const gone = { port: await freePort(), cert: '' };
  const finder = finderOf([], [gone], { 'b.test': b.port, 'c.test': gone.port, 'e.test': e.port });
  expect(await taken(finder, sought(['c.test', 'e.test', 'b.test']))).toBe(1);
  expect(asked.toSorted()).toEqual(['DNS', 'b.test', 'e.test', 'ring']);
});

test('near is our own ring alone; without a fingerprint the newest key of the address is asked for', async () => {
  const b = await server('b.test', [bob]);
  const near = finderOf([], [b], { 'b.test': b.port });
  expect(await taken(near, sought(['b.test'], { isNear: true }))).toBe(0);
  expect(asked).toEqual(['ring']);
  const any = finderOf([], [], { 'b.test': b.port });
  expect(await taken(any, sought(['b.test'], { fingerprint: null }))).toBe(1);
  // The list, and then the key.
  expect(asked).toEqual(['ring', 'DNS', 'b.test', 'b.test']);
});
