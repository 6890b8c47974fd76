/** Every scene there is, by name. docs/simulator.md#scenes */
import { federation } from './federation.ts';
import { onions } from './onions.ts';
import type { Scene } from './scene.ts';
import { datagrams, talk } from './talk.ts';

/** The scenes, the first of them the one that is played unless another is named. */
export const scenes: ReadonlyMap<string, Scene> = new Map(
  [talk, datagrams, federation, onions].map((scene) => [scene.name, scene]),
);
