/** The stock of a person who is online, filled in the background whenever something lacks of it. docs/spec/round-trips.md#refilling */
import { setTimeout as pause } from 'node:timers/promises';
import { isHeld, isWaitedFor, lock } from '../../client/profile/lock.ts';
import { profileLimits } from '../../client/profile/limits.ts';
import type { Whose } from '../../client/profile/profile.ts';
import { Refused } from '../../client/anonymous/asking.ts';
import { AnonymousError } from '../../client/anonymous/error.ts';
import { believedAt } from '../../client/anonymous/servers.ts';
import { readStock, readWish } from '../../client/anonymous/stock-file.ts';
import { Stock } from '../../round-trips/stock.ts';
import { suite } from '../../server/suite.ts';
import { askingFor } from './asking-for.ts';
import { pinsFor } from './stations.ts';
import type { Talk } from './talk.ts';

/** How long somebody is online before it begins, and how often it is looked whether anything lacks. */
const LOOK_MS = 5_000;
/** Where nothing came of it, twice as long each time, and at most so long. */
const LOOK_MS_MAX = 960_000;

/** One session's. */
export class Refill {
  readonly #whose: Whose;
  readonly #home: Talk;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;

  /** Begins. What the home refuses is told to nobody: nobody has asked. `failed`: told what else ends it, as a full disk. */
  constructor(whose: Whose, home: Talk, failed: (error: Error) => void) {
    this.#whose = whose;
    this.#home = home;
    this.#running = this.#run().catch(failed);
  }

  /** Ends it; what is being fetched is lost. Resolves when the disk is left alone. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    let lookMs = LOOK_MS;
    while (await rested(lookMs, signal)) {
      if (!(await this.#lacks()) || (await this.#fill())) lookMs = LOOK_MS;
      else lookMs = Math.min(LOOK_MS_MAX, 2 * lookMs);
    }
  }

  async #lacks(): Promise<boolean> {
    const { folder } = this.#whose;
    if (await isHeld(folder, 'stock')) return false;
    const wish = await readWish(folder);
    const now = Math.floor(Date.now() / 1000);
    return new Stock(suite.random, await readStock(folder)).tickets(wish, now) < wish.tickets;
  }

  /** Until it is full, or somebody else wants the stock; false: the home refuses, or knows too few servers. */
  async #fill(): Promise<boolean> {
    const { folder, domain } = this.#whose;
    const { signal } = this.#ending;
    const release = await lock(folder, 'stock', () => {}, signal).catch(() => null);
    if (release === null) return true;
    const pins = await pinsFor(this.#whose);
    const asking = askingFor({
      whose: this.#whose,
      home: this.#home,
      wish: await readWish(folder),
      kept: await readStock(folder),
      isAll: false,
      stations: () => believedAt(this.#home, { home: domain, pins, isUnvouched: false }, Math.floor(Date.now() / 1000)),
    });
    const over = new AbortController();
    try {
      const filled = asking.begin().then(async (isBegun) => {
        if (isBegun) await asking.filled();
        return isBegun;
      });
      // Whoever ends it does not hear what becomes of it.
      filled.catch(() => {});
      return await Promise.race([filled, this.#unwanted(AbortSignal.any([signal, over.signal]))]);
    } catch (error) {
      if (error instanceof AnonymousError || error instanceof Refused) return false;
      throw error;
    } finally {
      over.abort();
      await asking.stop();
      await release();
    }
  }

  /** Resolves when another process waits for the stock, or this ends, or the signal says so. */
  async #unwanted(signal: AbortSignal): Promise<true> {
    for (;;) {
      if (!(await rested(profileLimits.lockMs, signal)) || (await isWaitedFor(this.#whose.folder, 'stock')))
        return true;
    }
  }
}

/** Waits; false: it was broken off. */
async function rested(ms: number, signal: AbortSignal): Promise<boolean> {
  await pause(ms, undefined, { signal, ref: false }).catch(() => {});
  return !signal.aborted;
}
