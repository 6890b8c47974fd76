/** `p3do simulate`: plays a federation under a seed, with everything failing, and says whether its promises held. docs/simulator.md */
import { randomInt } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { suite } from '../server/suite.ts';
import type { Plant } from '../simulator/plants/plant.ts';
import { plants } from '../simulator/plants/plants.ts';
import { seedMax } from '../simulator/random.ts';
import { run, type RunOptions } from '../simulator/run.ts';
import type { Scene } from '../simulator/scenes/scene.ts';
import { scenes } from '../simulator/scenes/scenes.ts';
import { addLossOptions, type LossOptions, simulateLosses } from './simulate-losses.ts';
import { addNetOptions, type NetOptions, passedOver, simulateNet } from './simulate-net.ts';
import {
  addToSweep,
  describeList,
  describeFailure,
  describeReport,
  describeSweep,
  describeTraceLine,
  failuresOf,
  newSweep,
  reportJson,
} from './simulate-text.ts';

interface Options extends NetOptions, LossOptions {
  readonly seed?: bigint;
  readonly seeds?: Range;
  readonly scene: Scene;
  readonly plant?: Plant;
  readonly events?: number;
  readonly list?: true;
  readonly trace?: true;
}

interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

const defaultScene = [...scenes.values()][0]!;

/** Adds the options, the page and the action of `p3do simulate`. */
export function register(command: Command): void {
  command
    .option('--seed <number>', `what decides everything: 0 to ${seedMax}; without it, one is drawn`, seedOf)
    .option('--seeds <A..B>', 'play every seed from A to B, and tell of those that fail', rangeOf)
    .addOption(
      new Option('--scene <name>', `what is played: ${names(scenes)}`)
        .argParser(sceneOf)
        .default(defaultScene, JSON.stringify(defaultScene.name)),
    )
    .option('--plant <name>', 'plant a bug, and see which checker notices (see --list)', plantOf)
    .option('--events <number>', 'stop after so many events; what takes the end is then not judged', eventsOf)
    .option('--trace', 'print every event (>), effect (<) and fault (!) with its virtual time in seconds')
    .option('--json', 'one line of JSON a seed (and a trace line)')
    .option('--list', 'list scenes, checkers and plants, and play nothing');
  addNetOptions(addLossOptions(command));
  command
    .addHelpText(
      'after',
      `
The same seed gives the same run, and the same fingerprint, on every machine. Each seed is played twice:
that is how determinism is checked. The exit code is 0 when every checker holds, 1 when one failed.

Examples:
  $ p3do simulate --seed 7
  $ p3do simulate --seeds 1..500 --scene datagrams
  $ p3do simulate --seed 3 --plant lying-disk
  $ p3do simulate --servers 100 --seed 7 --plot network.svg
  $ p3do simulate --losses 0,10,30 --seed 7 --plot losses.svg`,
    )
    .action(async (options: Options) => {
      const isNet = options.servers !== undefined || options.growth !== undefined;
      const mistake = options.losses === undefined ? passedOver(command, options) : null;
      if (options.list) process.stdout.write(describeList());
      else if (mistake !== null) command.error(mistake);
      else if (options.losses !== undefined && isNet) command.error('--losses takes neither --servers nor --growth');
      else if (options.losses !== undefined) await simulateLosses(options, options.seed ?? drawSeed());
      else if (isNet) await simulateNet(options, options.seed ?? drawSeed());
      else if (options.seeds === undefined) playOne(options);
      else if (options.seed !== undefined) command.error('--seed and --seeds exclude each other');
      else if (options.trace) command.error('--trace takes one seed');
      else await playMany(options, options.seeds);
    });
}

const drawSeed = (): bigint => BigInt(randomInt(2 ** 32));

/** What is played under a seed. */
function gameOf({ scene, plant, events }: Options, seed: bigint): RunOptions {
  return {
    scene,
    seed,
    plant: plant ?? null,
    functions: suite,
    ...(events === undefined ? {} : { eventsMax: events }),
  };
}

function playOne(options: Options): void {
  const { seed = drawSeed(), json } = options;
  const report = run({
    ...gameOf(options, seed),
    ...(options.trace ? { onLine: (line) => process.stdout.write(describeTraceLine(line, json === true)) } : {}),
  });
  process.stdout.write(json ? reportJson(report) : describeReport(report));
  if (failuresOf(report).length > 0) process.exitCode = 1;
}

async function playMany(options: Options, { first, last }: Range): Promise<void> {
  const { json } = options;
  const startedAtMs = performance.now();
  let toldAtMs = startedAtMs;
  const sweep = newSweep();
  for (let seed = first; seed <= last; seed++) {
    const report = run(gameOf(options, seed));
    addToSweep(sweep, report);
    // At once: of a sweep that is broken off in the morning, the failures are what one wants.
    process.stdout.write(json ? reportJson(report) : describeFailure(report));
    if (performance.now() - toldAtMs < 1000) continue;
    toldAtMs = performance.now();
    const progress = `${sweep.played} of ${last - first + 1n} seeds played, ${sweep.failed} failed`;
    // For somebody who waits; in a log it would be noise that depends on the machine's speed.
    if (process.stderr.isTTY) process.stderr.write(`p3do simulate: ${progress}\n`);
    // Lets what was written go out, and an interrupt come in.
    await setImmediate();
  }
  if (!json) process.stdout.write(describeSweep(sweep, performance.now() - startedAtMs));
  if (sweep.failed > 0) process.exitCode = 1;
}

function seedOf(text: string): bigint {
  if (!/^[0-9]{1,20}$/.test(text) || BigInt(text) > seedMax) {
    throw new InvalidArgumentError(`A seed is a whole number, 0 to ${seedMax}.`);
  }
  return BigInt(text);
}

function rangeOf(text: string): Range {
  const [first = '', last = '', ...more] = text.split('..');
  if (more.length > 0 || last === '') throw new InvalidArgumentError('Seeds are given as A..B, as in 1..500.');
  const range = { first: seedOf(first), last: seedOf(last) };
  if (range.first > range.last) throw new InvalidArgumentError('The first seed must not be above the last.');
  return range;
}

function sceneOf(text: string): Scene {
  const scene = scenes.get(text);
  if (scene === undefined) throw new InvalidArgumentError(`Scenes are ${names(scenes)}.`);
  return scene;
}

function plantOf(text: string): Plant {
  const plant = plants.get(text);
  if (plant === undefined) throw new InvalidArgumentError(`Plants are ${names(plants)}.`);
  return plant;
}

function eventsOf(text: string): number {
  const events = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(events) || events === 0) {
    throw new InvalidArgumentError('It takes a whole number of events, 1 or more.');
  }
  return events;
}

const names = (all: ReadonlyMap<string, unknown>): string => [...all.keys()].join(', ');
