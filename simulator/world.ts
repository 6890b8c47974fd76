/** The kernel: one clock, one network, one trace and one seed, shared by everything in a run. docs/simulator.md */
import { nobleSuite } from '../crypto/noble.ts';
import type { Suite } from '../crypto/suite.ts';
import { Clock } from './clock.ts';
import { drawRates, type FaultRates, Faults } from './faults.ts';
import { Network } from './network.ts';
import type { Observation, Observer } from './observation.ts';
import { Random } from './random.ts';
import { Trace, type TraceLine } from './trace.ts';

/** What a run can be given beside its seed. */
export interface WorldOptions {
  /** Rates to use instead of those that the seed draws. */
  readonly rates?: FaultRates;
  /** Shown every line of the trace. */
  readonly onLine?: (line: TraceLine) => void;
  /** Told everything that can be seen from outside. */
  readonly observers?: readonly Observer[];
  /** Cryptography to use instead of the portable one; all give the same to the same bytes, and others are faster. */
  readonly functions?: Suite | undefined;
  /** Left out by whoever waits for one failure: the fingerprint, and how long queues are. */
  readonly isTraced?: boolean;
  readonly isMeasured?: boolean;
}

/** Everything that the hosts of one run have in common. */
export class World {
  readonly clock = new Clock();
  readonly random: Random;
  readonly faults: Faults;
  readonly network: Network;
  readonly trace: Trace;
  /** How many events were delivered to machines. */
  events = 0;
  readonly isMeasured: boolean;
  readonly #functions: Suite | null;
  readonly #observers: readonly Observer[];

  constructor(seed: bigint, options: WorldOptions = {}) {
    this.random = Random.of(seed, 'world');
    this.faults = new Faults(options.rates ?? drawRates(this.random.stream('rates')));
    this.network = new Network(this.clock, this.random.stream('network'), this.faults);
    this.trace = new Trace(options.onLine ?? null, options.isTraced ?? true);
    this.isMeasured = options.isMeasured ?? true;
    this.#functions = options.functions ?? null;
    this.#observers = options.observers ?? [];
  }

  /** A suite whose chance these bytes are. */
  suiteOf(random: (length: number) => Uint8Array): Suite {
    return this.#functions === null ? nobleSuite(random) : { ...this.#functions, random };
  }

  /** Shows something to all checkers. */
  observe(observation: Observation): void {
    for (const observer of this.#observers) observer(observation);
  }

  /** Nothing fails any more: partitions heal, rates are the calm ones. */
  calmDown(rates: FaultRates): void {
    this.faults.rates = rates;
    this.network.links.healAll();
    this.trace.add(this.clock.nowUs, 'world', '!', { kind: 'calm' });
    this.observe({ kind: 'calm' });
  }
}
