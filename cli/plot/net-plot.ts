/** The picture of a network that was played: latency, bytes and what attackers learn. docs/simulator.md#network-of-listeners */
import type { NetResult } from '../../simulator/net/play.ts';
import { type Panel, renderPlot, type Series } from './svg.ts';

const binsMax = 30;

/** How many messages took how long, and the share that had arrived by then. */
function latencyPanel({ latenciesMs, p50Ms, p99Ms }: NetResult): Panel {
  const seconds = latenciesMs.map((ms) => ms / 1000);
  const width = Math.max(0.1, Math.ceil((Math.max(...seconds, 1) * 10) / binsMax) / 10);
  const counts = new Array<number>(binsMax + 1).fill(0);
  for (const second of seconds) counts[Math.min(binsMax, Math.floor(second / width))]!++;
  const last = counts.findLastIndex((count) => count > 0);
  const shown = counts.slice(0, last + 1);
  const most = Math.max(...counts, 1);
  const marks: Series[] = [
    ['median', p50Ms],
    ['99 %', p99Ms],
  ].map(([name, ms]) => ({
    name: `${name} ${(Number(ms) / 1000).toFixed(1)} s`,
    kind: 'dashed',
    points: [
      [Number(ms) / 1000, 0],
      [Number(ms) / 1000, most],
    ],
  }));
  const bars: Series = {
    name: 'messages',
    kind: 'bars',
    points: shown.map((count, bin) => [(bin + 0.5) * width, count]),
  };
  return { title: 'How long a message takes', x: 'latency, seconds', y: 'messages', series: [bars, ...marks] };
}

const attackers = (result: NetResult) =>
  (
    [
      ['wires', result.wires],
      ['wires + people', result.global],
      ['colluders', result.colluders],
    ] as const
  ).flatMap(([name, learnt]) => (learnt === null ? [] : [[name, learnt] as const]));

function entropyPanel(result: NetResult): Panel {
  const known = attackers(result);
  return {
    title: 'Who may have sent it',
    x: 'attacker',
    y: 'entropy, bits',
    categories: known.map(([name]) => name),
    series: [
      { name: 'what he has left', kind: 'bars', points: known.map(([, { entropy }], at) => [at, entropy]) },
      { name: 'all alike', kind: 'bars', points: known.map(([, { entropyMax }], at) => [at, entropyMax]) },
    ],
  };
}

function linkPanel(result: NetResult): Panel {
  const known = attackers(result);
  return {
    title: 'Linking sender to recipient',
    x: 'attacker',
    y: 'probability of the truth',
    categories: known.map(([name]) => name),
    series: [
      { name: 'what he says', kind: 'bars', points: known.map(([, { linked }], at) => [at, linked]) },
      { name: 'by guessing', kind: 'bars', points: known.map(([, { guessed }], at) => [at, guessed]) },
    ],
  };
}

function cdfPanel({ latenciesMs, handed }: NetResult): Panel {
  const sorted = latenciesMs.toSorted((one, other) => one - other);
  const points = sorted.map((ms, index): [number, number] => [ms / 1000, (100 * (index + 1)) / handed]);
  return {
    title: 'What has arrived by then',
    x: 'seconds after it was handed in',
    y: 'percent of messages',
    series: [{ name: 'arrived', kind: 'line', points: [[0, 0], ...points] }],
    yMax: 100,
  };
}

/** The whole picture, as SVG. */
export function plotNet(result: NetResult): string {
  const { servers, graph, degree, seed, dishonest, loss } = result.setting;
  const about = `${graph} graph, degree ${degree}, ${100 * loss} % loss, ${Math.round(100 * dishonest)} % dishonest; seed ${seed}; ${result.delivered} of ${result.handed} messages arrived`;
  const panels = [latencyPanel(result), cdfPanel(result), entropyPanel(result), linkPanel(result)];
  return renderPlot(`${servers} listeners`, about, panels);
}
