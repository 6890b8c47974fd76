/** Every scene there is, by name. docs/simulator.md#scenes */
import { anonymous } from './anonymous.ts';
import { federation } from './federation.ts';
import { feedsScene } from './feeds.ts';
import { onions } from './onions.ts';
import type { Scene } from './scene.ts';
import { datagrams, talk } from './talk.ts';
import { trust } from './trust.ts';

/** The scenes, the first of them the one that is played unless another is named. */
export const scenes: ReadonlyMap<string, Scene> = new Map(
  [talk, datagrams, federation, onions, anonymous, trust, feedsScene].map((scene) => [scene.name, scene]),
);
