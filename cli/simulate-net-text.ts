/** What `p3do simulate --servers` prints. docs/simulator.md#network-of-listeners */
import type { NetResult } from '../simulator/net/play.ts';
import type { Learnt } from '../simulator/net/wires.ts';

const row = (label: string, text: string): string => `${label.padEnd(16)} ${text}\n`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function bytes(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} MB`;
  return count >= 1e3 ? `${(count / 1e3).toFixed(1)} kB` : `${count.toFixed(0)} B`;
}

function learnt(of: Learnt | null, probes: number): string {
  if (of === null) return `not judged: ${probes} messages of his own are too few to know how long they take`;
  if (of.judged === 0) return 'not judged: nothing came out where he is';
  return `entropy ${of.entropy.toFixed(2)} of ${of.entropyMax.toFixed(2)} bits; links with ${of.linked.toFixed(4)}, by guessing ${of.guessed.toFixed(4)} (${of.judged} messages)`;
}

/** A result for people; `cpuMs`: processor time of the whole run. */
export function describeNet(result: NetResult, cpuMs: number): string {
  const { setting, delivered, handed, order, keptBack, probes } = result;
  let text = row(
    'network',
    `${setting.servers} servers, ${result.links} links, ${setting.graph}, ${result.dishonest} dishonest`,
  );
  text += row('seed', String(setting.seed));
  text += row('suite', result.isIdeal ? 'ideal: the lengths and refusals of the real one' : 'real');
  if (setting.weakness !== null) text += row('weakness', setting.weakness);
  text += row('virtual time', `${seconds(result.virtualMs)}, ${result.events} events, ${result.lost} frames lost`);
  text += row('delivery', `${delivered} of ${handed} messages over ${setting.layers} hops`);
  text += row(
    'latency',
    `median ${seconds(result.p50Ms)}, 99 % ${seconds(result.p99Ms)}; a server puts out a cell each ${seconds(result.originMs)}`,
  );
  text += row('duplicates', `${result.duplicates} messages; ${result.copies.toFixed(1)} copies of a cell a server`);
  text += row(
    'bytes',
    `${bytes(result.bytesPerServerPerMessage)} a server for each delivered message, cover included; ${percent(result.cellShare)} of frames are cells`,
  );
  text += row(
    'processor',
    delivered === 0
      ? 'nothing delivered'
      : `${(cpuMs / delivered).toFixed(1)} ms for each delivered message, all servers together; ${result.x25519PerMessage.toFixed(0)} X25519`,
  );
  text += row(
    'busiest link',
    result.busiest === 0
      ? 'not judged: it takes a whole minute'
      : `${percent(result.busiest)} of its rate for a minute`,
  );
  text += row('global observer', learnt(result.global, probes));
  text += row(
    '  servers’ links',
    `${learnt(result.wires, probes)}; ${result.made} frames with a maker, ${result.lengths} length`,
  );
  text += row('  his probes', `${probes}`);
  if (result.dishonest > 0) {
    text += row('colluders', learnt(result.colluders, probes));
    text += row('  order', `${order.overtaken} of ${order.pairs} that they sent through another server overtook`);
    text += row(
      '  kept back',
      `${keptBack.kept} of ${keptBack.cells} cells never came back from whom they were given to`,
    );
  }
  text += row(
    'neighbour',
    `who is first with a cell made it with ${result.firstIsMaker.toFixed(3)} (${result.firstHeard} cells)`,
  );
  return text + row('digest', result.digest);
}

/** A result as one line of JSON, without the processor's time, which differs. */
export function netJson(result: NetResult): string {
  const { setting, ...rest } = result;
  const { limits: _, seed, ...shown } = setting;
  return `${JSON.stringify({ seed: String(seed), ...shown, ...rest })}\n`;
}

/** A line of the table of growth. */
export function growthRow(result: NetResult, cpuMs: number): string {
  const { servers } = result.setting;
  const perServer = cpuMs / Math.max(1, result.delivered) / servers;
  return `| ${servers} | ${result.delivered} of ${result.handed} | ${seconds(result.p50Ms)} | ${bytes(result.bytesPerServerPerMessage)} | ${bytes(result.bytesPerServerPerMessage * servers)} | ${perServer.toFixed(2)} ms | ${(result.x25519PerMessage / servers).toFixed(1)} |\n`;
}

export const growthHead =
  '| servers | delivered | median latency | bytes a server | bytes of all | processor a server | X25519 a server |\n|---|---|---|---|---|---|---|\n';
