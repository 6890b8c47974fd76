/** Whose turn it is with a domain's keys: what is about its own keys and what is about others' take turns, so that no crowd keeps the domain itself out. docs/spec/trust.md#admission */
import type { Task } from '../turns.ts';

/** How much may wait. */
interface Room {
  /** About one domain, of either kind. */
  readonly ofDomain: number;
  /** Domains about which something is done. */
  readonly domains: number;
  /** … as long as a stranger may add one. */
  readonly domainsOfStrangers: number;
}

interface Queue {
  readonly own: Task[];
  readonly others: Task[];
  isBusy: boolean;
  /** Of which kind the last one was. */
  wasOwn: boolean;
}

/** Those of one node. */
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
    return Math.max(0, ...[...this.#queues.values()].map(({ own, others }) => Math.max(own.length, others.length)));
  }

  /** Does it now, or when its turn has come; it says when it is done. `isOwn`: it is about what is known of the domain. False: there is no room. */
  take(domain: string, isOwn: boolean, task: Task): boolean {
    const { ofDomain, domains, domainsOfStrangers } = this.#room;
    const known = this.#queues.get(domain);
    if (known === undefined && this.#queues.size >= (isOwn ? domains : domainsOfStrangers)) return false;
    const queue = known ?? { own: [], others: [], isBusy: false, wasOwn: false };
    const tasks = isOwn ? queue.own : queue.others;
    if (tasks.length >= ofDomain) return false;
    tasks.push(task);
    this.#queues.set(domain, queue);
    this.#next(domain, queue);
    return true;
  }

  #next(domain: string, queue: Queue): void {
    if (queue.isBusy) return;
    const { own, others } = queue;
    const isOwn = own.length > 0 && (!queue.wasOwn || others.length === 0);
    const task = (isOwn ? own : others).shift();
    if (task === undefined) {
      this.#queues.delete(domain);
      return;
    }
    Object.assign(queue, { isBusy: true, wasOwn: isOwn });
    task(() => {
      queue.isBusy = false;
      this.#next(domain, queue);
    });
  }
}
