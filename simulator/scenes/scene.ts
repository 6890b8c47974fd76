/** What a scene is: who is there, what they do, and when it is over. docs/simulator.md#scenes */
import type { Checker } from '../checkers/checker.ts';
import type { Plant } from '../plants/plant.ts';
import type { World } from '../world.ts';

/** A scene that can be played under any seed. */
export interface Scene {
  readonly name: string;
  /** What happens in it, in a sentence. */
  readonly what: string;
  /** New checkers for one run. */
  checkers(): Checker[];
  /** Sets everything up in a new world; the clock then does the rest. */
  begin(world: World, plant: Plant | null): Play;
}

/** A run under way. */
export interface Play {
  /** Whether everything that was to come has come, or the time for it is over. */
  isOver(): boolean;
  /** Keys of what is on every disk, in order, by host and context. */
  stored(): Map<string, Map<string, string[]>>;
}
