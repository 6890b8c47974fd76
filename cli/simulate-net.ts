/** `p3do simulate --servers`: a network of listeners under a seed, and what those who watch it learn. docs/simulator.md#network-of-listeners */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { suite } from '../server/suite.ts';
import { graphShapes, type GraphShape } from '../simulator/net/graphs.ts';
import { type NetResult, playNet, type Progress } from '../simulator/net/play.ts';
import {
  type DishonestKind,
  dishonestKinds,
  netDefaults,
  type NetSetting,
  serversMax,
  weaknesses,
  type Weakness,
} from '../simulator/net/setting.ts';
import { type Grown, plotGrowth } from './plot/growth-plot.ts';
import { plotNet } from './plot/net-plot.ts';
import { describeNet, growthHead, growthRow, netJson } from './simulate-net-text.ts';

/** What `--servers` takes besides. */
export interface NetOptions {
  readonly servers?: number;
  readonly growth?: readonly number[];
  readonly graph: GraphShape;
  readonly degree: number;
  readonly loss: number;
  readonly delay: number;
  readonly partitions: number;
  readonly dishonest: number;
  readonly kinds: readonly DishonestKind[];
  readonly load: number;
  readonly hops: number;
  readonly duration: number;
  readonly weakness?: Weakness;
  readonly realCrypto?: true;
  readonly plot?: string;
  readonly json?: true;
}

const serversMin = 4;
/** Up to so many the suite is a server's where nothing is said: nobody waits long for that. */
const realServersMax = 16;
/** The last one takes long; each row is printed, and drawn, when it is known. */
const growthServers = '10,100,1000';

/** Adds the options. */
export function addNetOptions(command: Command): void {
  const { degree, loss, delayMs, partitions, dishonest, load, layers, sendMs } = netDefaults;
  command
    .option(
      '--servers <N>',
      `play a network of so many listeners, ${serversMin} to ${serversMax}, in place of a scene`,
      wholeOf(serversMin, serversMax),
    )
    .addOption(
      new Option('--growth [list]', 'play networks of so many servers, and print what a message costs as a table')
        .argParser(growthOf)
        .preset(growthServers),
    )
    .addOption(new Option('--graph <shape>', 'who is linked to whom').choices(graphShapes).default('regular'))
    .option('--degree <N>', 'links of a server, about', wholeOf(2, 32), degree)
    .option('--loss <share>', 'share of frames that are lost', shareOf, loss)
    .option('--delay <ms>', 'mean delay of a link', wholeOf(0, 10_000), delayMs)
    .option('--partitions <N>', 'how often half of the network is cut off, for 20 s', wholeOf(0, 100), partitions)
    .option('--dishonest <share>', 'share of servers that collude and misbehave', shareOf, dishonest)
    .option('--kinds <list>', `what those do, in turn: ${dishonestKinds.join(',')}`, kindsOf, [...dishonestKinds])
    .option('--load <share>', 'share of what the network can put out that messages take', shareOf, load)
    .option('--hops <N>', 'hops of a message', wholeOf(2, 5), layers)
    .option('--duration <seconds>', 'for how long messages are sent', wholeOf(10, 86_400), sendMs / 1000)
    .addOption(new Option('--weakness <name>', 'plant a weakness that an attacker must notice').choices(weaknesses))
    .option(
      '--real-crypto',
      `play with the real suite, as up to ${realServersMax} servers are (slower; the same events)`,
    )
    .option('--plot <file.svg>', 'write a picture of the result');
}

/** Options that say something of a network, and nothing of a scene. */
const ofNet = [
  'graph',
  'degree',
  'loss',
  'delay',
  'partitions',
  'dishonest',
  'kinds',
  'load',
  'hops',
  'duration',
  'weakness',
  'realCrypto',
  'plot',
];
/** And the other way round. */
const ofScene = ['seeds', 'scene', 'plant', 'events', 'trace'];

/** What was typed and would have been passed over, as a sentence; null: nothing was. */
export function passedOver(command: Command, { servers, growth }: NetOptions): string | null {
  const typed = (names: readonly string[]): string | undefined => {
    const name = names.find((one) => command.getOptionValueSource(one) === 'cli');
    return command.options.find((option) => option.attributeName() === name)?.long;
  };
  if (servers === undefined && growth === undefined) {
    const name = typed(ofNet);
    return name === undefined ? null : `${name} needs --servers or --growth`;
  }
  const name = typed(ofScene);
  if (name !== undefined) return `--servers and --growth play a network with one --seed, and take no ${name}`;
  const more = growth === undefined ? undefined : typed(['servers', 'json']);
  return more === undefined ? null : `--growth prints a table, and takes no ${more}`;
}

/** Plays one network, or the table of growth. */
export async function simulateNet(options: NetOptions, seed: bigint): Promise<void> {
  // Before what may take an hour.
  if (options.plot !== undefined) closeSync(openSync(options.plot, 'a'));
  if (options.growth !== undefined) {
    process.stdout.write(growthHead);
    const grown: Grown[] = [];
    for (const servers of options.growth) {
      // All with one suite, or their processor's time says nothing.
      const one = await play(settingOf(options, seed, servers), options.realCrypto !== true);
      grown.push(one);
      process.stdout.write(growthRow(one.result, one.cpuMs));
      if (options.plot !== undefined) writeFileSync(options.plot, plotGrowth(grown));
    }
    return;
  }
  const isIdeal = options.realCrypto !== true && options.servers! > realServersMax;
  const { result, cpuMs } = await play(settingOf(options, seed, options.servers!), isIdeal);
  process.stdout.write(options.json ? netJson(result) : describeNet(result, cpuMs));
  if (options.plot !== undefined) writeFileSync(options.plot, plotNet(result));
}

function settingOf(options: NetOptions, seed: bigint, servers: number): NetSetting {
  const { graph, degree, loss, partitions, dishonest, kinds, load } = options;
  return {
    ...netDefaults,
    ...{ seed, servers, graph, degree, loss, partitions, dishonest, kinds, load },
    delayMs: options.delay,
    layers: options.hops,
    sendMs: 1000 * options.duration,
    weakness: options.weakness ?? null,
  };
}

async function play(
  setting: NetSetting,
  isIdeal: boolean,
): Promise<{ readonly result: NetResult; readonly cpuMs: number }> {
  const before = process.cpuUsage();
  const played = playNet(setting, { suiteOf: (random) => ({ ...suite, random }), isIdeal });
  let toldAtMs = performance.now();
  for (;;) {
    const next = played.next();
    if (next.done === true) {
      if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
      const { user, system } = process.cpuUsage(before);
      return { result: next.value, cpuMs: (user + system) / 1000 };
    }
    if (performance.now() - toldAtMs < 250) continue;
    toldAtMs = performance.now();
    // For somebody who waits; in a log it would be noise.
    if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${progressText(setting, next.value)}`);
    // Lets an interrupt come in.
    await setImmediate();
  }
}

const progressText = ({ servers }: NetSetting, { virtualMs, handed, delivered, events }: Progress): string =>
  `${servers} servers: ${(virtualMs / 1000).toFixed(0)} s of virtual time, ${delivered} of ${handed} messages delivered, ${events} events`;

const wholeOf =
  (least: number, most: number) =>
  (text: string): number => {
    const number = Number(text);
    if (!/^[0-9]{1,9}$/.test(text) || number < least || number > most) {
      throw new InvalidArgumentError(`It takes a whole number, ${least} to ${most}.`);
    }
    return number;
  };

function shareOf(text: string): number {
  const share = Number(text);
  if (!/^[0-9]*\.?[0-9]+$/.test(text) || !(share >= 0 && share <= 1)) {
    throw new InvalidArgumentError('A share is a number from 0 to 1.');
  }
  return share;
}

const growthOf = (text: string): number[] => text.split(',').map(wholeOf(serversMin, serversMax));

function kindsOf(text: string): DishonestKind[] {
  return text.split(',').map((name) => {
    const kind = dishonestKinds.find((known) => known === name);
    if (kind === undefined) throw new InvalidArgumentError(`Kinds are ${dishonestKinds.join(', ')}.`);
    return kind;
  });
}
