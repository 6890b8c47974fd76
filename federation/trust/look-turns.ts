/** Whose turn it is with a domain's keys: what is about its own keys, about keys that statements name, and about others' take turns, so that no crowd keeps the domain itself out. docs/spec/trust.md#admission */
import type { Task } from '../turns.ts';

/**
 * What a look is about.
 * - `own`: the key that is the domain's, by all that is known of it, or whoever is found where it is.
 * - `named`: keys that one of its keys has named, or that it had: whoever has stolen one makes some of them.
 * - `others`: what anybody can make.
 */
export type LookKind = 'own' | 'named' | 'others';

const kinds: readonly LookKind[] = ['own', 'named', 'others'];

/** How much may wait. */
interface Room {
  /** About one domain, of each kind. */
  readonly ofDomain: number;
  /** Domains about which something is done. */
  readonly domains: number;
  /** … as long as a stranger may add one. */
  readonly domainsOfStrangers: number;
}

interface Queue {
  readonly waiting: Readonly<Record<LookKind, Task[]>>;
  isBusy: boolean;
  /** Of which kind the next one is, if there is one. */
  next: LookKind;
}

/** The turns of one node. */
export class LookTurns {
  readonly #room: Room;
  readonly #queues = new Map<string, Queue>();

  constructor(room: Room) {
    this.#room = room;
  }

  /** Domains about which something is done. */
  get size(): number {
    return this.#queues.size;
  }

  /** Tasks of the domain that has most of one kind, without the one under way. */
  get longest(): number {
    const counts = [...this.#queues.values()].flatMap(({ waiting }) => kinds.map((kind) => waiting[kind].length));
    return Math.max(0, ...counts);
  }

  /** Does it now, or when its turn has come; it says when it is done. False: there is no room. */
  take(domain: string, kind: LookKind, task: Task): boolean {
    const { ofDomain, domains, domainsOfStrangers } = this.#room;
    const known = this.#queues.get(domain);
    if (known === undefined && this.#queues.size >= (kind === 'others' ? domainsOfStrangers : domains)) return false;
    const queue = known ?? { waiting: { own: [], named: [], others: [] }, isBusy: false, next: 'own' };
    const tasks = queue.waiting[kind];
    if (tasks.length >= ofDomain) return false;
    tasks.push(task);
    this.#queues.set(domain, queue);
    this.#next(domain, queue);
    return true;
  }

  #next(domain: string, queue: Queue): void {
    if (queue.isBusy) return;
    const from = kinds.indexOf(queue.next);
    const kind = kinds.map((_, at) => kinds[(from + at) % kinds.length]!).find((one) => queue.waiting[one].length > 0);
    const task = kind === undefined ? undefined : queue.waiting[kind].shift();
    if (kind === undefined || task === undefined) {
      this.#queues.delete(domain);
      return;
    }
    queue.isBusy = true;
    queue.next = kinds[(kinds.indexOf(kind) + 1) % kinds.length]!;
    task(() => {
      queue.isBusy = false;
      this.#next(domain, queue);
    });
  }
}
