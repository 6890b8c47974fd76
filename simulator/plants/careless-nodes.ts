/** Plants in nodes: bugs in what a node holds, and in what it depends on. docs/simulator.md#plants */
import type { NodeEffect } from '../machine.ts';
import { type Plant, steppingBoot } from './plant.ts';

/** A backlog without an end. */
export const endlessBacklog: Plant = {
  name: 'endless-backlog',
  what: 'a node takes any number of packets for a peer it cannot reach',
  caughtBy: 'queues',
  options: (options) => ({
    ...options,
    deliveryLimits: { ...options.deliveryLimits, backlogMax: 1_000_000, resentMax: 1_000_000 },
  }),
};

/** A transport queue without an end. */
export const endlessWriting: Plant = {
  name: 'endless-writing',
  what: 'a circuit writes on and on to a peer that takes nothing',
  caughtBy: 'queues',
  options: (options) => ({ ...options, circuitLimits: { ...options.circuitLimits, unsentBytesMax: 1_000_000_000 } }),
};

/** A step that throws. */
export const throwingStep: Plant = {
  name: 'throwing-step',
  what: 'a node throws when its store refuses something for the third time',
  caughtBy: 'crash',
  boot: (boot) =>
    steppingBoot(boot, (step) => {
      let times = 0;
      return (event, nowMs) => {
        if (event.kind === 'stored' && event.outcome.kind === 'refused' && ++times === 3) {
          throw new Error('the store refuses again');
        }
        return step(event, nowMs);
      };
    }),
};

/** State that outlives the run: what every function of the core must not have. */
let hidden = 0;

/** Depends on what happened in other runs. */
export const hiddenState: Plant = {
  name: 'hidden-state',
  what: 'timers depend on a variable that is shared by all nodes and all runs of a process',
  caughtBy: 'determinism',
  boot: (boot) =>
    steppingBoot(
      boot,
      (step) => (event, nowMs) =>
        step(event, nowMs).map((effect): NodeEffect => {
          if (effect.kind !== 'timer') return effect;
          hidden = (hidden + 1) % 1009;
          return hidden % 100 === 0 ? { ...effect, delayMs: effect.delayMs + 1 } : effect;
        }),
    ),
};
