/** The picture of networks of several sizes: what one delivered message costs in each. docs/simulator.md#growth */
import { putOutsOf } from '../../simulator/net/setting.ts';
import type { NetResult } from '../../simulator/net/play.ts';
import { type Panel, renderPlot } from './svg.ts';

/** A network that was played, and the processor's time that it took, milliseconds. */
export interface Grown {
  readonly result: NetResult;
  readonly cpuMs: number;
}

/** The whole picture, as SVG. */
export function plotGrowth(grown: readonly Grown[]): string {
  const categories = grown.map(({ result }) => String(result.setting.servers));
  const panel = (title: string, y: string, ...rows: readonly (readonly [string, (one: Grown) => number])[]): Panel => ({
    ...{ title, y, x: 'servers', categories },
    series: rows.map(([name, of]) => ({
      name,
      kind: 'bars',
      points: grown.map((one, at): [number, number] => [at, of(one)]),
    })),
  });
  const serversOf = ({ result }: Grown): number => result.setting.servers;
  const megabytes = ({ result }: Grown): number => result.bytesPerServerPerMessage / 1e6;
  const arrived = ({ result }: Grown): number => Math.max(1, result.delivered);
  const seconds = (ms: number): number => ms / 1000;
  const first = grown[0]!.result.setting;
  return renderPlot(
    'What a delivered message costs',
    `${first.graph} graph, degree ${first.degree}, load ${first.load}, ${grown[0]!.result.isIdeal ? 'ideal' : 'real'} suite; seed ${first.seed}`,
    [
      panel(
        'How long it takes',
        'seconds',
        ['median', ({ result }) => seconds(result.p50Ms)],
        ['99 %', ({ result }) => seconds(result.p99Ms)],
        ['by the clocks, in the mean', ({ result }) => seconds(result.originMs * putOutsOf(result.setting.layers))],
      ),
      panel('Bytes of one server', 'MB, cover included', ['sent while one message arrives', megabytes]),
      panel('Bytes of all servers', 'MB, cover included', [
        'sent while one message arrives',
        (one) => megabytes(one) * serversOf(one),
      ]),
      panel('Processor of one server, as simulated', 'milliseconds', [
        'while one message arrives',
        (one) => one.cpuMs / arrived(one) / serversOf(one),
      ]),
    ],
  );
}
