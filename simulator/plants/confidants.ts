/** Plants in devices that speak in a members-only place. docs/simulator.md#plants */
import type { Plant } from './plant.ts';

/** Who was put out goes on reading, and who comes reads what was said before. */
export const sameKeyAgain: Plant = {
  name: 'same-key-again',
  what: 'a device takes its old key for each new membership, as if it did not make another',
  caughtBy: 'secrecy',
  scene: 'federation',
  confidant: (options) => {
    const key = options.newKey();
    return { ...options, newKey: () => key };
  },
};

/** One of the members is left out. */
export const overlookedReader: Plant = {
  name: 'overlooked-reader',
  what: 'a device seals its keys to all members but one, whose keys it could have had',
  caughtBy: 'readers',
  scene: 'federation',
  confidant: (options) => ({
    ...options,
    readerOf: (uniform) => (uniform === 'psyc://c.example/~eve' ? null : options.readerOf(uniform)),
  }),
};
