/** The picture of what arrives where cells are lost. docs/simulator.md#round-trips */
import type { LossRow, LossSetting } from '../../simulator/round-trips/losses.ts';
import { type Panel, renderPlot, type Series } from './svg.ts';

const line = (name: string, rows: readonly LossRow[], share: (row: LossRow) => number): Series => ({
  name,
  kind: 'line',
  points: rows.map((row) => [row.lossPercent, share(row)]),
});

/** SVG. */
export function plotLosses({ bytes, hops, level }: LossSetting, rows: readonly LossRow[], seed: bigint): string {
  const parted = rows[0]?.parted ?? [];
  const axes = { x: 'cells lost each time one leaves, percent', y: 'share that arrives' };
  const panels: Panel[] = [
    {
      title: 'Messages in parts, said once',
      ...axes,
      series: parted.map(({ needed, sent }, at) =>
        line(`${needed} of ${sent}`, rows, (row) => row.parted[at]!.arrived),
      ),
    },
    {
      title: 'Questions, whose answer comes over a ticket',
      ...axes,
      series: [line('asked once', rows, ({ once }) => once), line('asked again', rows, ({ inTheEnd }) => inTheEnd)],
    },
  ];
  return renderPlot(
    'What arrives where cells are lost',
    `${bytes} bytes; ${hops} hops, level ${level}; seed ${seed}`,
    panels,
  );
}
