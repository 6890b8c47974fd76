/** `p3do simulate --losses`: what arrives of messages in parts and of questions as nobody, where cells are lost. docs/simulator.md#round-trips */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { suite } from '../server/suite.ts';
import { bytesOf } from '../simulator/net/network.ts';
import { Random } from '../simulator/random.ts';
import { lossDefaults, type LossRow, playLosses } from '../simulator/round-trips/losses.ts';
import { withIdealX25519 } from '../simulator/ideal-x25519.ts';
import { plotLosses } from './plot/losses-plot.ts';

/** What it takes. */
export interface LossOptions {
  readonly losses?: readonly number[];
  readonly plot?: string;
  readonly json?: true;
}

/** Adds the option. */
export const addLossOptions = (command: Command): Command =>
  command.addOption(
    new Option('--losses [list]', 'lose so many percent of the cells, and print what arrives of messages and questions')
      .argParser(percentsOf)
      .preset(lossDefaults.losses.join(',')),
  );

/** Plays it, and prints each loss when it is known. */
export async function simulateLosses({ losses = [], plot, json }: LossOptions, seed: bigint): Promise<void> {
  // Before what may take minutes.
  if (plot !== undefined) closeSync(openSync(plot, 'a'));
  const setting = { ...lossDefaults, losses };
  const rows: LossRow[] = [];
  const random = Random.of(seed, 'losses');
  for (const row of playLosses(withIdealX25519({ ...suite, random: bytesOf(random) }), setting)) {
    if (!json && rows.length === 0) process.stdout.write(head(row));
    rows.push(row);
    process.stdout.write(json ? `${JSON.stringify({ seed: String(seed), ...row })}\n` : line(row));
    // Lets what was written go out, and an interrupt come in.
    await setImmediate();
  }
  if (plot !== undefined) writeFileSync(plot, plotLosses(setting, rows, seed));
  if (rows.some(({ usedTwice }) => usedTwice > 0)) process.exitCode = 1;
}

const share = (part: number): string => `${(100 * part).toFixed(0)} %`;

function head({ parted }: LossRow): string {
  const columns = [
    'cells lost',
    ...parted.map(({ needed, sent }) => `${needed} of ${sent} parts`),
    'answered at once',
    'in the end',
    'asked, mean',
  ];
  return `| ${columns.join(' | ')} |\n|${columns.map(() => '---|').join('')}\n`;
}

function line({ lossPercent, parted, once, inTheEnd, attempts }: LossRow): string {
  const cells = [...parted.map(({ arrived }) => share(arrived)), share(once), share(inTheEnd), attempts.toFixed(1)];
  return `| ${lossPercent} % | ${cells.join(' | ')} |\n`;
}

function percentsOf(text: string): number[] {
  const percents = text.split(',').map(Number);
  if (/^[0-9]{1,2}(,[0-9]{1,2})*$/.test(text)) return percents;
  throw new InvalidArgumentError('It takes whole percents below 100, as in 0,10,30.');
}
