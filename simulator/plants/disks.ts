/** Plants in disks: a disk that lies about being done, and one that does half of what it was asked. docs/simulator.md#plants */
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import type { Disk } from '../disk.ts';
import { keyOf } from '../raw-packet.ts';
import type { World } from '../world.ts';
import type { Plant } from './plant.ts';

/** How often the lying disk really writes, in microseconds. */
const syncUs = 2_000_000;

/** Answers `written` from its cache; a crash takes everything since the last sync with it. */
class LyingDisk implements Disk {
  readonly #world: World;
  readonly #host: string;
  #cache = new MemoryStore();
  #writes: StoreRequest[] = [];
  #synced = 0;
  #unanswered = 0;
  #life = 0;

  constructor(world: World, host: string) {
    this.#world = world;
    this.#host = host;
    this.#planSync();
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  request(request: StoreRequest, answer: (outcome: StoreOutcome) => void): void {
    const life = this.#life;
    this.#unanswered++;
    this.#world.clock.after(1000, () => {
      if (life !== this.#life) return;
      this.#unanswered--;
      const outcome = this.#cache.perform(request);
      if (request.kind === 'write' && outcome.kind === 'written') {
        this.#writes.push(request);
        for (const operation of request.operations) {
          if (operation.op !== 'append') continue;
          // The lie: it says so to everybody.
          const key = keyOf(operation.packet) ?? '';
          this.#world.observe({ kind: 'durable', host: this.#host, context: operation.context, key });
        }
      }
      answer(outcome);
    });
  }

  crash(): void {
    this.#life++;
    this.#unanswered = 0;
    this.#writes = this.#writes.slice(0, this.#synced);
    this.#cache = new MemoryStore();
    for (const write of this.#writes) this.#cache.perform(write);
  }

  audit(): Map<string, Uint8Array[]> {
    const found = new Map<string, Uint8Array[]>();
    for (const context of this.#cache.contexts()) {
      const page = this.#cache.perform({ kind: 'read', request: 0, context, after: 0, rowsMax: 512 });
      found.set(context, page.kind === 'rows' ? page.rows.map(({ packet }) => packet) : []);
    }
    return found;
  }

  #planSync(): void {
    this.#world.clock.after(syncUs, () => {
      this.#synced = this.#writes.length;
      this.#planSync();
    });
  }
}

/** Says durable, and means: soon. */
export const lyingDisk: Plant = {
  name: 'lying-disk',
  what: 'a disk calls durable what it has in its cache, and writes it two seconds later',
  caughtBy: 'durability',
  disk: (_disk, world, host) => new LyingDisk(world, host),
};

/** Passes everything on; what is under way at a crash is torn, and its second half is written. */
class TearingDisk implements Disk {
  readonly #disk: Disk;
  readonly #underWay = new Set<StoreRequest>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get unanswered(): number {
    return this.#disk.unanswered;
  }

  request(request: StoreRequest, answer: (outcome: StoreOutcome) => void): void {
    this.#underWay.add(request);
    this.#disk.request(request, (outcome) => {
      this.#underWay.delete(request);
      answer(outcome);
    });
  }

  crash(): void {
    this.#disk.crash();
    for (const request of this.#underWay) {
      if (request.kind !== 'write' || request.operations.length < 2) continue;
      const operations = request.operations.slice(request.operations.length >> 1);
      this.#disk.request({ ...request, operations }, () => {});
    }
    this.#underWay.clear();
  }

  audit(): Map<string, Uint8Array[]> {
    return this.#disk.audit();
  }
}

/** A write that is not atomic. */
export const tornWrite: Plant = {
  name: 'torn-write',
  what: 'of a write that is under way at a crash the second half is written, the first is not',
  caughtBy: 'acknowledgement',
  disk: (disk) => new TearingDisk(disk),
};
