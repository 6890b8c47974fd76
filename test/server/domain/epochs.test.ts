/** A domain that is served has an onion key that counts, whenever it is started, and none that has ended. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { nextEpochMs, renewEpochs } from '../../../server/domain/epochs.ts';
import { readDomainKey } from '../../../server/domain/key-file.ts';
import { domainLimits } from '../../../server/domain/limits.ts';
import { quickstart } from '../../../server/domain/quickstart.ts';
import { Undoing } from '../../undoing.ts';
import { passableFolder } from '../served.ts';

const NOW = 1_800_000_000;
const DAY = 86_400;
const undoing = new Undoing();
afterAll(() => undoing.run());

test('an epoch begins a week before the last one ends, and whoever was away for long has one key', async () => {
  const folder = join(await passableFolder(undoing), 'a.test');
  await quickstart(folder, { domain: 'a.test', now: NOW, hosts: ['127.0.0.1'], port: 9404, peers: new Map() });
  const epochs = async (): Promise<[number, number][]> =>
    (await readDomainKey(folder, 'a.test')).encryption.map(({ from, until }) => [from - NOW, until - NOW]);
  const text = (): Promise<string> => readFile(join(folder, 'domain.key'), 'utf8');
  const [[first]] = (await epochs()) as [[number, number]];
  const made = await text();
  const due = 7 * DAY;
  expect(nextEpochMs(await readDomainKey(folder, 'a.test'))).toBe((NOW + due) * 1000);
  await renewEpochs(folder, 'a.test', (NOW + due) * 1000 - 1);
  expect(await text()).toBe(made);
  await renewEpochs(folder, 'a.test', (NOW + due) * 1000);
  expect(await epochs()).toEqual([
    [first, 14 * DAY],
    [due, due + domainLimits.epochSeconds],
  ]);
  const two = await readDomainKey(folder, 'a.test');
  expect(two.certificate.key.fingerprint).toBe((await readDomainKey(folder, 'a.test')).certificate.key.fingerprint);
  expect(two.circuitSeed).not.toBeNull();
  // A week later the first has ended, and a third begins.
  await renewEpochs(folder, 'a.test', (NOW + 14 * DAY) * 1000);
  expect(await epochs()).toEqual([
    [due, 21 * DAY],
    [14 * DAY, 28 * DAY],
  ]);
  await renewEpochs(folder, 'a.test', (NOW + 300 * DAY) * 1000);
  expect(await epochs()).toEqual([[300 * DAY, 314 * DAY]]);
});
