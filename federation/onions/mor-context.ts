/** One of a server's MOR contexts: who is a member of it, and the listener in it. docs/spec/listener-bots.md#several-contexts */
import type { ListenerEffect, ListenerEvent } from '../../listener-bots/events.ts';
import type { Frame } from '../../listener-bots/frame.ts';
import { Listener, type ListenerStatus } from '../../listener-bots/listener.ts';
import type { ListenerOptions } from '../../listener-bots/options.ts';
import type { Station } from '../../onion/route.ts';

/** What it needs of its node. */
export interface ContextOwner {
  nowMs(): number;
  unixMs(): number;
  perform(effect: ListenerEffect, context: MorContext): void;
  /** Whether an onion goes on in another context of this server. */
  onward(onion: Uint8Array, context: MorContext): boolean;
  /** A step is done and its effects are performed. */
  stepped(): void;
}

/** Which one it is. */
export interface ContextPlan {
  /** '' for the first, which every server with a listener has. */
  readonly name: string;
  /** Whether a trusted domain may be a member. */
  readonly admits: (domain: string) => boolean;
  /** Whether stations are only those that a link stands to in this context: where there are several. */
  readonly isOneOfSeveral: boolean;
}

/** One life's. */
export class MorContext {
  readonly name: string;
  readonly admits: (domain: string) => boolean;
  readonly #isOneOfSeveral: boolean;
  readonly #owner: ContextOwner;
  readonly #listener: Listener;
  #isLoaded = false;
  /** Domains that were told that they are members, and on which circuit. */
  readonly #told = new Map<string, string>();
  /** Domains that have said the same to us. */
  readonly #hears = new Set<string>();
  readonly #linked = new Set<string>();
  #stations: readonly Station[] = [];

  constructor(owner: ContextOwner, plan: ContextPlan, options: Omit<ListenerOptions, 'onward'>) {
    this.#owner = owner;
    this.name = plan.name;
    this.admits = plan.admits;
    this.#isOneOfSeveral = plan.isOneOfSeveral;
    const onward = (onion: Uint8Array): boolean => owner.onward(onion, this);
    this.#listener = new Listener({ ...options, onward }, owner.nowMs(), owner.unixMs());
  }

  /** Domains that a link stands to. */
  get linked(): ReadonlySet<string> {
    return this.#linked;
  }

  /** Counts and rates, never routes. */
  get status(): ListenerStatus {
    return this.#listener.status();
  }

  queues(): readonly (readonly [string, number])[] {
    return this.#listener.queues();
  }

  /** Whether whose an onion is is known here. */
  knows(onion: Uint8Array): boolean {
    return this.#listener.knows(onion);
  }

  /** Gives the listener an event, and has done what it asks for. */
  tell(event: ListenerEvent): void {
    for (const effect of this.#listener.step(event, this.#owner.nowMs(), this.#owner.unixMs())) {
      this.#owner.perform(effect, this);
    }
    this.#owner.stepped();
  }

  /** What was durable: before it nothing is heard. */
  load(loaded: ListenerEvent & { readonly kind: 'loaded' }): void {
    this.tell(loaded);
    this.#isLoaded = true;
    for (const domain of this.#linked) this.#linkTold(domain);
  }

  /** All stations that the server knows. */
  setStations(stations: readonly Station[]): void {
    this.#stations = stations;
    this.#tellStations();
  }

  /** Whether a domain is a member on this circuit. Gives whether it is to be told so. */
  judge(domain: string, circuit: string, isMember: boolean): boolean {
    if (!isMember) {
      this.#told.delete(domain);
      return false;
    }
    if (this.#told.get(domain) === circuit) return false;
    this.#told.set(domain, circuit);
    return true;
  }

  /** A domain says that we are a member of its context. Who says it again has begun a new life. */
  heardOf(domain: string): void {
    this.#hears.add(domain);
  }

  /** Whether each has taken the other as a member, and no link stands yet. */
  isToLink(domain: string): boolean {
    return !this.#linked.has(domain) && this.#told.has(domain) && this.#hears.has(domain);
  }

  /** Cells go both ways from now on. */
  link(domain: string): void {
    this.#linked.add(domain);
    if (this.#isLoaded) this.#linkTold(domain);
  }

  /** No more; false: there was no link. */
  unlink(domain: string): boolean {
    if (!this.#linked.delete(domain)) return false;
    this.tell({ kind: 'unlinked', peer: domain });
    if (this.#isOneOfSeveral) this.#tellStations();
    return true;
  }

  /** No circuit stands any more. */
  lost(domain: string): void {
    this.#told.delete(domain);
    this.#hears.delete(domain);
  }

  hear(domain: string, frame: Frame): void {
    this.tell({ kind: 'frame', peer: domain, frame });
  }

  #linkTold(domain: string): void {
    this.tell({ kind: 'linked', peer: domain, membership: { isMember: true, isMemberThere: true } });
    if (this.#isOneOfSeveral) this.#tellStations();
  }

  #tellStations(): void {
    const stations = this.#isOneOfSeveral
      ? this.#stations.filter(({ domain }) => this.#linked.has(domain))
      : this.#stations;
    this.tell({ kind: 'stations', stations });
  }
}
