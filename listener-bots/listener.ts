/** The listener: what a server does with every cell that it hears, is handed or puts out. docs/spec/listener-bots.md */
import { bareCell, cellFault, envelopeFiller, fieldsOf, onionOf } from '../onion/cell.ts';
import type { Opened } from '../onion/open.ts';
import { sizes } from '../onion/sizes.ts';
import { copyBytes } from '../psyc/bytes.ts';
import { isAsks, readTell, renderTell } from './context-packets.ts';
import { Counts } from './counts.ts';
import { Cover, type LoopCounts } from './cover.ts';
import { Delayed } from './delayed.ts';
import type { ListenerEffect, ListenerEvent } from './events.ts';
import { Exits } from './exits.ts';
import { Keyring } from './keyring.ts';
import type { Membership } from './link.ts';
import { Links } from './links.ts';
import type { ListenerOptions } from './options.ts';
import { OpenedMemory } from './memory.ts';
import { Opener } from './opener.ts';
import { Origin, originMsMean } from './origin.ts';
import { PoissonClock } from '../onion/poisson.ts';
import { SeenMemory } from './seen.ts';
import { Watches } from './watches.ts';

type Told<Kind> = ListenerEvent & { readonly kind: Kind };

/** What a status page shows. */
export interface ListenerStatus {
  readonly counts: readonly (readonly [string, number])[];
  readonly loops: LoopCounts;
  /** Links, contexts that envelopes can be for, servers known. */
  readonly links: number;
  readonly contexts: number;
  readonly stations: number;
  /** Mean times between frames on a link and between new cells, milliseconds. */
  readonly linkMsMean: number;
  readonly originMsMean: number;
  readonly unsafe: boolean;
}

/** Names of counts: made once, since most of what comes and goes is counted under them. */
const heard = { cell: 'heard cell', idle: 'heard idle', asks: 'heard asks', tell: 'heard tell' } as const;

const nothing: readonly ListenerEffect[] = [];

const noEnvelope = new Uint8Array(sizes.envelope);

/** One life of a listener. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #counts = new Counts();
  readonly #links: Links;
  readonly #keyring: Keyring;
  readonly #seen: SeenMemory;
  readonly #opener: Opener;
  readonly #delayed: Delayed;
  readonly #origin: Origin;
  readonly #clock: PoissonClock;
  readonly #cover: Cover;
  readonly #watches: Watches;
  readonly #exits: Exits;
  #effects: ListenerEffect[] = [];
  #loaded = false;
  /** Whether it was told which keys there are: before that none is known to be gone. */
  #keyed = false;
  #tidyMs: number;
  #wakeMs = -1;
  /** Before this of all clocks only those of links may strike. */
  #othersMs = Number.NEGATIVE_INFINITY;
  readonly #keep: (cell: Uint8Array) => Uint8Array;
  #nowMs: number;
  #unixMs: number;

  /** Times in milliseconds: the listener's own, which never goes back, and Unix time. */
  constructor(options: ListenerOptions, nowMs: number, unixMs: number) {
    const { suite, limits, domain } = options;
    this.#options = options;
    this.#keep = options.keep ?? copyBytes;
    this.#nowMs = nowMs;
    this.#unixMs = unixMs;
    this.#tidyMs = nowMs + limits.tidyMs;
    this.#links = new Links(suite, limits, this.#counts);
    this.#keyring = new Keyring(suite, limits, domain, nowMs, options.newOwners);
    this.#seen = new SeenMemory(suite, limits.seenMs, limits.seenCellsMax, nowMs);
    this.#opener = new Opener({
      suite,
      limits,
      keyring: this.#keyring,
      counts: this.#counts,
      memory: options.memory ?? new OpenedMemory(suite, limits),
      nowSeconds: () => Math.floor(this.#unixMs / 1000),
      effect: (effect) => void this.#effects.push(effect),
      unwrapped: (onion) => this.#unwrapped(onion),
      opened: (layer) => this.#act(layer),
    });
    this.#delayed = new Delayed(limits.delayedCellsMax);
    this.#origin = new Origin(limits);
    this.#clock = new PoissonClock(suite.random, this.#originMsMean, limits.lateMsMax, nowMs);
    this.#cover = new Cover(suite, limits);
    this.#watches = new Watches(limits);
    this.#exits = new Exits({
      ...options,
      counts: this.#counts,
      opener: this.#opener,
      exit: (exit) => this.#effect({ kind: 'exit', exit }),
      release: (onion) => this.#release({ cell: null, onion }),
    });
  }

  /** Takes one event and gives the effects, in order; never throws, whatever peers and clients send. */
  step(event: ListenerEvent, nowMs: number, unixMs: number): readonly ListenerEffect[] {
    this.#nowMs = nowMs;
    this.#unixMs = unixMs;
    this.#loaded ||= event.kind === 'loaded';
    if (!this.#loaded) return nothing;
    if (event.kind === 'frame') {
      // Most frames are idle, or bring what was seen before: they change nothing, and are no reason to look at clocks.
      if (!this.#takeFrame(event)) return nothing;
    } else this.#take(event);
    if (event.kind === 'wake' && nowMs < this.#othersMs) this.#links.strike(nowMs, false, this.#effects);
    else {
      this.#runClocks();
      this.#opener.write();
    }
    this.#wake(event.kind === 'wake');
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Lengths of what peers and clients can make grow. */
  queues(): (readonly [string, number])[] {
    const { opening, tags, slots } = this.#opener.sizes;
    const longest = this.#links.all.reduce((most, { queue }) => Math.max(most, queue.length), 0);
    return [
      ['cells for a link', longest],
      ['cells being opened', opening],
      ['cells that wait', this.#delayed.length],
      ['new cells', this.#origin.length],
      ['replay tags', tags],
      ['one-time secrets', slots],
      ['watched tags', this.#watches.size],
      ['messages in parts', this.#exits.parts],
    ];
  }

  /** Counts and rates, and nothing that could be a route. */
  status(): ListenerStatus {
    return {
      counts: this.#counts.entries(),
      loops: this.#cover.counts,
      links: this.#links.all.length,
      contexts: this.#keyring.reachable(this.#nowMs).length,
      stations: this.#keyring.stations.length,
      linkMsMean: this.#options.limits.linkMsMean,
      originMsMean: this.#originMsMean,
      unsafe: this.#options.unsafe,
    };
  }

  /** Whether an onion's hint is for a server that is known in this context. */
  knows(onion: Uint8Array): boolean {
    const { servers, domains } = this.#keyring.owners.recognise(bareCell(onion, noEnvelope));
    return servers.length + domains.length > 0;
  }

  get #originMsMean(): number {
    const { limits, servers = 1 } = this.#options;
    return originMsMean(limits, Math.max(servers, this.#keyring.stations.length + 1));
  }

  #take(event: Exclude<ListenerEvent, Told<'frame'>>): void {
    switch (event.kind) {
      case 'wake':
        break;
      case 'loaded':
        this.#opener.load(event);
        break;
      case 'keys':
        this.#keyring.setKeys(event.keys);
        this.#keyed = true;
        this.#cover.clear();
        this.#opener.forgetKeys();
        break;
      case 'stations':
        this.#keyring.setStations(event.stations);
        break;
      case 'linked':
        this.#link(event.peer, event.membership);
        break;
      case 'unlinked':
        this.#links.close(event.peer);
        this.#unlearn(event.peer);
        break;
      case 'handed':
        this.#takeHanded(event);
        break;
      case 'watch':
        this.#takeWatch(event);
        break;
      case 'gone':
        this.#watches.leave(event.client);
        break;
      case 'answer':
        this.#release({ cell: null, onion: event.onion });
        break;
      case 'opened':
        this.#opener.found(event.job, event.found);
        break;
      case 'remembered':
        this.#opener.remembered(event.batch, event.isDurable);
        break;
    }
  }

  #link(peer: string, membership: Membership): void {
    if (!this.#links.open(peer, membership, this.#nowMs)) this.#counts.add('too many links');
    if (!membership.isMemberThere) this.#unlearn(peer);
  }

  /** Cover that is ready may be for that context. */
  #unlearn(peer: string): void {
    this.#keyring.unlearn(peer);
    this.#cover.clear();
  }

  /** Whether more than counts may have changed. */
  #takeFrame({ peer, frame: { kind, data } }: Told<'frame'>): boolean {
    const link = this.#links.get(peer);
    if (link === undefined) return false;
    if (!link.bucket.take(this.#nowMs)) {
      this.#counts.add('over the budget of a link');
      return false;
    }
    this.#counts.add(heard[kind]);
    switch (kind) {
      case 'idle':
        return false;
      case 'asks':
        this.#takeAsks(peer, data);
        return true;
      case 'tell':
        this.#takeTell(peer, data);
        return true;
      case 'cell':
        return this.#hear(data, peer);
    }
  }

  /** Who is no member is not answered, not even that. */
  #takeAsks(peer: string, data: Uint8Array): void {
    const link = this.#links.get(peer)!;
    if (!isAsks(data)) this.#counts.add('invalid question');
    else if (!link.membership.isMember) this.#counts.add('question of no member');
    else link.say('tell', renderTell(this.#keyring.told(this.#options.isWide, this.#nowMs)));
  }

  /** Only what was asked for is believed, and of the asked one only about himself. */
  #takeTell(peer: string, data: Uint8Array): void {
    const link = this.#links.get(peer)!;
    const told = readTell(data);
    const isAsked = link.membership.isMemberThere && link.askedMs !== -1;
    if (told === null || !isAsked || !this.#keyring.learn(peer, told, this.#nowMs)) this.#counts.add('invalid answer');
  }

  #takeHanded({ client, request, cell }: Told<'handed'>): void {
    const fault = cellFault(cell);
    if (fault !== null) {
      this.#effect({ kind: 'refused', client, request, code: fault });
      return;
    }
    const onion = copyBytes(onionOf(cell));
    const isTaken = this.#origin.add({ cell: null, onion, client, sinceMs: this.#nowMs });
    this.#counts.add(isTaken ? 'handed in' : 'refused to clients');
    this.#effect(
      isTaken ? { kind: 'taken', client, request } : { kind: 'refused', client, request, code: '_mor_full' },
    );
  }

  #takeWatch({ client, request, tag, isOn }: Told<'watch'>): void {
    let isTaken = true;
    if (tag === null) isTaken = this.#watches.overhear(client, isOn);
    else if (isOn) isTaken = this.#watches.watch(client, tag);
    else this.#watches.unwatch(client, tag);
    const code = '_mor_excessive_watches';
    this.#effect(isTaken ? { kind: 'taken', client, request } : { kind: 'refused', client, request, code });
  }

  /** A cell from a link: its bytes are a view. Whether it is one that is new. */
  #hear(data: Uint8Array, from: string): boolean {
    const fault = cellFault(data);
    if (fault === null && this.#seen.isNew(data, this.#nowMs)) {
      this.#pass(this.#keep(data), from);
      return true;
    }
    this.#counts.add(fault === null ? 'seen before' : `refused ${fault}`);
    return false;
  }

  /** The rules for a cell nobody has seen here. `from` is '' for what this server puts out itself. */
  #pass(cell: Uint8Array, from: string): void {
    const queued = { cell, sinceMs: this.#nowMs, from };
    this.#links.rebroadcast(queued);
    const { hint } = fieldsOf(onionOf(cell));
    for (const client of this.#watches.hearersOf(hint)) this.#effect({ kind: 'copy', client, cell });
    const { contexts, servers, domains } = this.#keyring.owners.recognise(cell);
    for (const domain of domains) this.#links.forward(queued, domain);
    // Whose it is may be known in another context: there it is put out as a new one.
    const isUnknown = contexts.length + servers.length + domains.length === 0;
    if (isUnknown && this.#options.onward?.(onionOf(cell)) === true) this.#counts.add('passed to another context');
    this.#opener.offer(cell, hint, contexts, servers, this.#unixMs);
  }

  /** What a layer says, now that it is durable that it was opened. */
  #act({ outcome, replayTag }: Opened): void {
    this.#counts.add(`opened ${outcome.kind}`);
    switch (outcome.kind) {
      case 'relay':
        if (outcome.delayMs === 0) this.#relay(outcome.onion);
        else if (!this.#delayed.add(outcome.onion, this.#nowMs + outcome.delayMs)) this.#counts.add('too many wait');
        break;
      case 'exit':
        this.#exits.take(outcome.content, this.#nowMs, this.#unixMs);
        break;
      case 'discard':
        if (!this.#cover.returned(replayTag, this.#nowMs)) this.#counts.add('discarded');
        break;
      case 'reply':
        this.#effect({ kind: 'reply', id: outcome.id, body: outcome.body });
        break;
      case 'drop':
        this.#counts.add(`dropped ${outcome.code}`);
        break;
    }
  }

  /** Cover for this context ends here; everything else leaves bare, as nothing else does: it has just been taken out of an envelope. */
  #unwrapped(onion: Uint8Array): void {
    const { suite } = this.#options;
    this.#counts.add('unwrapped');
    const cell = bareCell(onion, envelopeFiller(suite, suite.random));
    const mine = this.#keyring.owners.recogniseCover(onion);
    if (mine.length === 0) this.#release({ cell, onion });
    else this.#opener.offer(cell, fieldsOf(onion).hint, [], mine, this.#unixMs);
  }

  /** What was opened goes on where whose it is next is known; where nobody knows, here. */
  #relay(onion: Uint8Array): void {
    if (!this.#options.onward?.(onion)) this.#release({ cell: null, onion });
  }

  /** Lets something wait for the origin clock. */
  #release({ cell, onion }: { readonly cell: Uint8Array | null; readonly onion: Uint8Array }): void {
    if (!this.#origin.add({ cell, onion, client: null, sinceMs: this.#nowMs })) this.#counts.add('too many new cells');
  }

  #runClocks(): void {
    const { unsafe, limits, suite } = this.#options;
    const nowMs = this.#nowMs;
    for (const onion of this.#delayed.take(nowMs)) this.#relay(onion);
    if (nowMs >= this.#tidyMs) this.#tidy();
    this.#origin.prepare((onion) => this.#keyring.wrap(onion, nowMs));
    const strikes = unsafe ? limits.originCellsMax : this.#clock.strikes(nowMs, this.#originMsMean);
    for (let strike = 0; strike < strikes; strike++) {
      const cell = this.#origin.take(suite.random) ?? (unsafe ? null : this.#cover.take(nowMs));
      if (cell === null) break;
      this.#counts.add('put out');
      // Of what it puts out itself it is the first who has seen it.
      if (this.#seen.isNew(cell, nowMs)) this.#pass(cell, '');
    }
    if (!unsafe) this.#cover.refill(this.#keyring, nowMs, this.#unixMs);
    this.#links.ask((peer) => this.#keyring.lastsMs(peer, nowMs), nowMs);
    this.#othersMs = unsafe
      ? Number.NEGATIVE_INFINITY
      : Math.min(this.#cover.staleMs, this.#links.askMs, this.#clock.nextMs, this.#delayed.nextMs, this.#tidyMs);
    this.#links.strike(nowMs, unsafe, this.#effects);
  }

  #tidy(): void {
    this.#tidyMs = this.#nowMs + this.#options.limits.tidyMs;
    this.#keyring.tidy(this.#nowMs, this.#unixMs);
    this.#cover.tidy(this.#nowMs);
    this.#counts.add('too old', this.#origin.tidy(this.#nowMs));
    this.#counts.add('lost in parts', this.#exits.tidy(this.#nowMs));
    this.#opener.tidy(Math.floor(this.#unixMs / 1000));
    if (this.#keyed) this.#opener.forgetKeys();
  }

  /** Asks to be woken at whatever comes first. */
  #wake(isWoken: boolean): void {
    const { unsafe } = this.#options;
    const strikeMs = unsafe ? Number.POSITIVE_INFINITY : Math.min(this.#clock.nextMs, this.#links.nextMs);
    const atMs = Math.min(this.#tidyMs, this.#delayed.nextMs, strikeMs);
    if (atMs === this.#wakeMs && !isWoken) return;
    this.#wakeMs = atMs;
    this.#effect({ kind: 'wake', atMs });
  }

  #effect(effect: ListenerEffect): void {
    this.#effects.push(effect);
  }
}
