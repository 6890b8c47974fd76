/** Boxes under a seed: a store that loses answers and has no room, servers that die, devices that die and are restored. Nothing that was acknowledged is lost, nothing comes twice. */
import { expect, test } from '@jest/globals';
import { deposit } from '../../client/pigeonhole/depositor.ts';
import { BoxOwner } from '../../client/pigeonhole/owner.ts';
import type { BoxState } from '../../client/pigeonhole/state.ts';
import { parseState, renderState } from '../../client/pigeonhole/state.ts';
import { suite } from '../../server/suite.ts';
import { boxSecrets } from '../../services/pigeonhole/keys.ts';
import { IdealKeys } from '../../simulator/ideal.ts';
import { Random } from '../../simulator/random.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import type { NodeFixture } from '../federation/node-fixture.ts';
import { around, bytes, easy, nodeWithBoxes, owning } from './box-stand.ts';
import { dayMs, home } from './stand.ts';

/** A store that loses some answers, before or after it has done what was asked, and sometimes has no room. */
class LossyStore {
  readonly #store = new MemoryStore();
  readonly #random: Random;
  isGood = true;

  constructor(random: Random) {
    this.#random = random;
  }

  perform(request: StoreRequest): StoreOutcome {
    const { request: number } = request;
    const dice = this.isGood ? 99 : this.#random.below(100);
    if (dice < 8) return { kind: 'refused', request: number, code: '_store_lost' };
    const outcome = dice < 12 ? null : this.#store.perform(request);
    if (outcome === null) return { kind: 'refused', request: number, code: '_store_full' };
    return dice < 20 ? { kind: 'refused', request: number, code: '_store_lost' } : outcome;
  }
}

/** A device: its disk, and the box's owner that goes by it. */
interface Device {
  readonly disk: { state: BoxState };
  owner: BoxOwner;
  readonly heard: string[];
}

const decoder = new TextDecoder();

async function life(seed: number): Promise<void> {
  const random = Random.of(BigInt(seed), 'boxes');
  const store = new LossyStore(random);
  const keys = new IdealKeys((length) => new Uint8Array(length).fill(random.below(256)));
  const settings = { store, keys };
  let fixture: NodeFixture = nodeWithBoxes(4, easy, settings);
  let lives = 1;
  const surroundings = around(
    () => fixture,
    'ada',
    () => !store.isGood && random.below(10) === 0,
  );
  const root = suite.random(32);
  const keep = (disk: Device['disk']) => async (state: BoxState) => {
    // What is written is what is read.
    disk.state = parseState(renderState(state))!;
  };
  const devices = [1, 2].map((): Device => {
    const { disk } = owning(surroundings, root);
    return { disk, owner: new BoxOwner(surroundings, disk.state, keep(disk)), heard: [] };
  });
  const show = (device: Device): void => {
    device.heard.push(...device.disk.state.messages.map(({ content }) => decoder.decode(content)));
    device.disk.state = { ...device.disk.state, messages: [] };
    device.owner = new BoxOwner(surroundings, device.disk.state, keep(device.disk));
  };
  for (const { owner } of devices) await owner.make(1);
  for (const { owner } of devices) await owner.fetch(3);
  const stored: string[] = [];
  const tried: string[] = [];
  store.isGood = false;
  const address = boxSecrets(suite, home, root);
  for (let step = 0; step < 60; step++) {
    const device = devices[random.below(2)]!;
    try {
      switch (random.below(8)) {
        case 0:
          fixture = nodeWithBoxes(4, easy, { ...settings, life: ++lives });
          break;
        case 1:
          fixture.pass(random.below(dayMs / 8));
          break;
        case 2:
        case 3:
          await device.owner.fetch(1 + random.below(4));
          show(device);
          break;
        case 4:
          // The device dies in the middle of it, and goes on from its disk.
          device.owner = new BoxOwner(surroundings, device.disk.state, async (state) => {
            if (random.below(3) === 0) throw new Error('died');
            await keep(device.disk)(state);
          });
          await device.owner.fetch(2);
          show(device);
          break;
        default: {
          const text = `${step} ${'x'.repeat(random.below(5000))}`;
          tried.push(text);
          await deposit(surroundings, address, bytes(text));
          stored.push(text);
        }
      }
    } catch {
      show(device);
    }
  }
  store.isGood = true;
  expect(stored.length).toBeGreaterThan(5);
  fixture = nodeWithBoxes(4, easy, { ...settings, life: ++lives });
  for (const device of devices) {
    await device.owner.fetch(3);
    show(device);
    const { heard } = device;
    expect(stored.filter((text) => !heard.includes(text))).toEqual([]);
    expect(heard.filter((text) => !tried.includes(text))).toEqual([]);
    expect(new Set(heard).size).toBe(heard.length);
    expect(heard.filter((text) => stored.includes(text))).toEqual(stored);
  }
  for (const device of devices) await device.owner.fetch(1);
  const left = store.perform({
    kind: 'read',
    request: 1,
    context: `box 1 of psyc://${home}/$pigeonhole`,
    after: 0,
    rowsMax: 9,
  });
  expect(left).toMatchObject({ rows: [] });
  expect(fixture.queue('box requests')).toBe(0);
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])('seed %i', async (seed) => life(seed));
