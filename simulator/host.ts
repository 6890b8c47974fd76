/** A host: it runs one machine's lives, brings it events and performs its effects. docs/simulator.md#machines */
import type { StoreOutcome } from '../store/store.ts';
import type { Disk } from './disk.ts';
import type { Boot, Machine, NodeEffect, NodeEvent } from './machine.ts';
import { byCounter, type KeyReader, readRaw } from './raw-packet.ts';
import type { Random } from './random.ts';
import type { StreamEnd, StreamListener } from './streams.ts';
import type { World } from './world.ts';

/** What the people at a host see of it. */
export interface HostUsers {
  /** The host has started and takes what they say. */
  onStarted(): void;
  onReply(to: string, packet: Uint8Array): void;
  onDelivered(context: string, sequence: number, packet: Uint8Array): void;
}

/** One host. Between a crash and the next start it hears, says and remembers nothing. */
export class Host {
  readonly name: string;
  readonly #world: World;
  readonly #boot: Boot;
  readonly #disk: Disk;
  readonly #users: HostUsers;
  readonly #random: Random;
  readonly #keys: KeyReader;
  #machine: Machine | null = null;
  #life = 0;
  readonly #streams = new Map<string, StreamEnd>();
  #accepted = 0;
  /** Number of the setting of each timer that counts; older ones do nothing. */
  readonly #timers = new Map<string, number>();
  #timer = 0;
  /** A crash is due in the middle of the next step that does anything. */
  #doomed = false;
  /** Somebody has stopped it: nothing that was planned starts it. */
  #isOff = false;
  readonly #longest = new Map<string, number>();

  /** `keys`: how what was said is known in its packets. */
  constructor(world: World, name: string, boot: Boot, disk: Disk, users: HostUsers, keys: KeyReader = byCounter) {
    this.name = name;
    this.#world = world;
    this.#boot = boot;
    this.#disk = disk;
    this.#users = users;
    this.#keys = keys;
    this.#random = world.random.stream(`host ${name}`);
  }

  /** Whether a machine is running. */
  get up(): boolean {
    return this.#machine !== null;
  }

  /** Begins a life. */
  start(): void {
    if (this.#machine !== null || this.#isOff) return;
    this.#machine = this.#boot(++this.#life);
    this.#fault('started');
    const { streams, datagrams } = this.#world.network;
    streams.listen(this.name, (peer, end) => this.#accept(peer, end));
    datagrams.listen(this.name, (from, bytes) => this.tell({ kind: 'datagram', from, bytes }));
    this.tell({ kind: 'started' });
    if (this.up) this.#users.onStarted();
  }

  /** Crashes in the middle of the next step that has effects: some are performed, the others never. */
  crashSoon(): void {
    this.#doomed = this.up;
  }

  /** Ends the life without a word; the next one begins a while later. */
  crash(): void {
    if (this.#machine === null) return;
    this.#end();
    this.#world.clock.after(this.#random.exponential(this.#world.faults.rates.downUsMean), () => this.start());
  }

  /** The same, until it is resumed. */
  stop(): void {
    this.#isOff = true;
    if (this.#machine !== null) this.#end();
  }

  /** Begins a life after it was stopped. */
  resume(): void {
    this.#isOff = false;
    this.start();
  }

  #end(): void {
    this.#machine = null;
    this.#doomed = false;
    this.#world.faults.happened('crash');
    this.#fault('crashed');
    this.#world.network.streams.listen(this.name, null);
    this.#world.network.datagrams.listen(this.name, null);
    this.#timers.clear();
    for (const end of this.#streams.values()) end.abort();
    this.#streams.clear();
    this.#disk.crash();
  }

  /** Crashes at the rates' intervals. */
  startCrashing(): void {
    const { rates } = this.#world.faults;
    if (rates.crashIntervalUsMean === 0) return;
    this.#world.clock.after(this.#random.exponential(rates.crashIntervalUsMean), () => {
      if (this.#world.faults.rates.crashIntervalUsMean === 0) return;
      if (this.#random.chance(0.5)) this.crash();
      else this.crashSoon();
      this.startCrashing();
    });
  }

  /** Brings the machine an event and performs what it answers; nothing happens while the host is down. */
  tell(event: NodeEvent): void {
    const machine = this.#machine;
    if (machine === null) return;
    const { clock, trace } = this.#world;
    this.#world.events++;
    trace.add(clock.nowUs, this.name, '>', event);
    const effects = machine.step(event, clock.nowMs);
    let performed = effects.length;
    // Doom that was not met before everything calmed down is lifted.
    const doomed = this.#doomed && performed > 0 && this.#world.faults.rates.crashIntervalUsMean > 0;
    if (doomed) performed = this.#random.below(performed + 1);
    for (let i = 0; i < performed && this.#machine === machine; i++) {
      const effect = effects[i]!;
      trace.add(clock.nowUs, this.name, '<', effect);
      this.#perform(effect);
    }
    if (this.#machine !== machine) return;
    if (this.#world.isMeasured) for (const [name, length] of machine.queues()) this.#measure(name, length);
    if (doomed) this.crash();
  }

  #perform(effect: NodeEffect): void {
    const { network, clock } = this.#world;
    switch (effect.kind) {
      case 'connect':
        this.#streams.set(
          effect.circuit,
          network.streams.connect(this.name, effect.to, this.#listener(effect.circuit, effect.to, false)),
        );
        break;
      case 'write': {
        const end = this.#streams.get(effect.circuit);
        if (end === undefined) break;
        this.#watch(effect.bytes, 'peer', end.peerHost);
        this.#world.observe({ kind: 'shown', host: this.name, where: 'a link', bytes: effect.bytes });
        this.#watchMulticast(effect.circuit, end.peerHost, effect.bytes);
        end.write(effect.bytes);
        this.#measure('unsent bytes', end.unsentBytes);
        break;
      }
      case 'close':
        this.#streams.get(effect.circuit)?.close();
        this.#streams.delete(effect.circuit);
        break;
      case 'datagram':
        this.#watch(effect.bytes, 'peer', effect.to);
        network.datagrams.send(this.name, effect.to, effect.bytes);
        break;
      case 'cancel':
        this.#timers.delete(effect.name);
        break;
      case 'timer': {
        const number = ++this.#timer;
        this.#timers.set(effect.name, number);
        clock.after(effect.delayMs * 1000, () => {
          if (this.#timers.get(effect.name) !== number) return;
          this.#timers.delete(effect.name);
          this.tell({ kind: 'timer', name: effect.name });
        });
        break;
      }
      case 'store':
        this.#disk.request(effect.request, this.#answer());
        this.#measure('store requests', this.#disk.unanswered);
        break;
      case 'reply':
        this.#watch(effect.packet, 'person', effect.to);
        this.#users.onReply(effect.to, effect.packet);
        break;
      case 'deliver': {
        const { context, sequence, packet } = effect;
        const key = this.#keys.keyOf(packet) ?? '';
        this.#world.observe({ kind: 'delivered', host: this.name, context, sequence, key, packet });
        this.#users.onDelivered(context, sequence, packet);
        break;
      }
    }
  }

  /** An answer for this life only. */
  #answer(): (outcome: StoreOutcome) => void {
    const machine = this.#machine;
    return (outcome) => {
      if (this.#machine === machine) this.tell({ kind: 'stored', outcome });
    };
  }

  #accept(peer: string, end: StreamEnd): StreamListener {
    const circuit = `in ${this.#life}.${++this.#accepted}`;
    this.#streams.set(circuit, end);
    return this.#listener(circuit, peer, true);
  }

  #listener(circuit: string, peer: string, accepted: boolean): StreamListener {
    const over = (kind: 'ended' | 'failed'): void => {
      this.#streams.delete(circuit);
      this.tell({ kind, circuit });
    };
    return {
      opened: () => {
        const stream = this.#streams.get(circuit)?.name ?? '';
        this.tell({ kind: 'opened', circuit, peer, stream, accepted });
      },
      bytes: (bytes) => this.tell({ kind: 'bytes', circuit, bytes }),
      drained: (bytes) => this.tell({ kind: 'drained', circuit, bytes }),
      ended: () => {
        this.#streams.get(circuit)?.close();
        over('ended');
      },
      failed: () => over('failed'),
    };
  }

  /** Sees acknowledgements leave; whatever leaves is one whole packet. */
  #watch(bytes: Uint8Array, to: 'person' | 'peer', addressee: string): void {
    const key = this.#keys.keyAcknowledged(bytes);
    if (key !== null) this.#world.observe({ kind: 'acknowledged', host: this.name, key, to, addressee });
  }

  /** Sees what leaves for all members of a context behind one circuit. */
  #watchMulticast(circuit: string, peer: string, bytes: Uint8Array): void {
    const { routing, content } = readRaw(bytes);
    const context = routing.get('_context') ?? '';
    if (context === '' || (routing.get('_target') ?? '') !== '') return;
    const [host, counter, atUs] = [this.name, routing.get('_counter') ?? '', this.#world.clock.nowUs];
    this.#world.observe({ kind: 'multicast', host, circuit, peer, context, counter, content, atUs });
  }

  #measure(name: string, length: number): void {
    if (length <= (this.#longest.get(name) ?? 0)) return;
    this.#longest.set(name, length);
    this.#world.observe({ kind: 'queue', host: this.name, name, length });
  }

  #fault(kind: string): void {
    this.#world.trace.add(this.#world.clock.nowUs, this.name, '!', { kind, life: this.#life });
  }
}
