/** Plants in servers that keep what people publish: bugs in how they get what they lack. docs/simulator.md#plants */
import type { NodeEffect } from '../machine.ts';
import { readRaw, textOfBytes } from '../raw-packet.ts';
import { type Plant, steppingBoot, withoutOperations } from './plant.ts';

/** What was missed stays missed. */
export const unreconciled: Plant = {
  name: 'unreconciled',
  what: 'a server answers nobody who asks which publications it has',
  caughtBy: 'sets',
  scene: 'feeds',
  boot: (boot) =>
    steppingBoot(boot, (step) => (event, nowMs) => {
      const isAnswer = (effect: NodeEffect): boolean =>
        effect.kind === 'write' && textOfBytes(readRaw(effect.bytes).content).includes('\n_status_publications');
      return step(event, nowMs).filter((effect) => !isAnswer(effect));
    }),
};

/** What comes is shown as it comes. */
export const impatientFeed: Plant = {
  name: 'impatient-feed',
  what: 'a server does not wait for what a publication follows',
  caughtBy: 'chains',
  scene: 'feeds',
  federation: (options) => ({ ...options, federationLimits: { ...options.federationLimits, feedHoldMs: 0 } }),
};

/** What is deleted stays where it was. */
export const keptWords: Plant = {
  name: 'kept-words',
  what: 'a server keeps the words of what their author has deleted',
  caughtBy: 'deleted',
  scene: 'feeds',
  boot: (boot) => withoutOperations(boot, ({ op }) => op === 'replace'),
};
