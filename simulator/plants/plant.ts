/** Planted bugs: what each changes from outside, and the checker that must notice. docs/simulator.md#plants */
import type { CheckerName } from '../checkers/checker.ts';
import type { Disk } from '../disk.ts';
import type { NodeOptions } from '../../federation/events.ts';
import type { Boot, Machine, NodeEffect, NodeEvent } from '../machine.ts';
import type { ConfidantOptions } from '../scenes/confidant.ts';
import type { MorStart } from '../scenes/mor-node.ts';
import type { TalkNodeOptions } from '../scenes/talk-node.ts';
import type { Operation } from '../../store/store.ts';
import type { World } from '../world.ts';

/** One bug. The code under test has no switches for bugs: a plant stands between it and its surroundings. */
export interface Plant {
  readonly name: string;
  /** What goes wrong, in a sentence. */
  readonly what: string;
  /** The checker that must notice within a few seeds; others may notice too. */
  readonly caughtBy: CheckerName;
  /** Puts something around every machine; called once for each host. */
  readonly boot?: (boot: Boot) => Boot;
  /** Puts something around a disk, or in its place. */
  readonly disk?: (disk: Disk, world: World, host: string) => Disk;
  /** Changes what the nodes are told of themselves. */
  readonly options?: (options: TalkNodeOptions) => TalkNodeOptions;
  /** Changes what the nodes of the scenes `federation`, `trust` and `feeds` are told of themselves. */
  readonly federation?: (options: NodeOptions) => NodeOptions;
  /** Changes what devices go by in the members-only place of that scene. */
  readonly confidant?: (options: ConfidantOptions) => ConfidantOptions;
  /** Stands between the nodes of the scene `onions` and what they are told of themselves, or around them. */
  readonly onions?: (start: MorStart) => MorStart;
  /** The scene in which it must be noticed; `talk` unless told. */
  readonly scene?: 'federation' | 'onions' | 'anonymous' | 'trust' | 'feeds';
}

/** Steps the real machine. */
export type Step = (event: NodeEvent, nowMs: number) => readonly NodeEffect[];

/** A boot whose machines have their step replaced; `around` is called once a life. */
export function steppingBoot(boot: Boot, around: (step: Step, life: number) => Step): Boot {
  return (life): Machine => {
    const machine = boot(life);
    const step = around((event, nowMs) => machine.step(event, nowMs), life);
    return { step, queues: () => machine.queues() };
  };
}

/** A boot whose machines do not write some operations; what has no others is written all the same. */
export const withoutOperations = (boot: Boot, isLeftOut: (operation: Operation) => boolean): Boot =>
  steppingBoot(
    boot,
    (step) => (event, nowMs) =>
      step(event, nowMs).map((effect): NodeEffect => {
        if (effect.kind !== 'store' || effect.request.kind !== 'write') return effect;
        const operations = effect.request.operations.filter((operation) => !isLeftOut(operation));
        return operations.length === 0 ? effect : { kind: 'store', request: { ...effect.request, operations } };
      }),
  );
