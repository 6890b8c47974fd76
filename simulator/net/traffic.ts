/** Who sends to whom: people at all servers, at Poisson times; some of them are the attacker's own. docs/simulator.md#network-of-listeners */
import { textBytes } from '../../crypto/bytes.ts';
import { originMsMean } from '../../listener-bots/origin.ts';
import { bareCell, envelopeFiller } from '../../onion/cell.ts';
import { drawRoute } from '../../onion/route.ts';
import { sealOnion } from '../../onion/seal.ts';
import { Random } from '../random.ts';
import { bytesOf, type Network } from './network.ts';
import { netBeginUnixMs } from './server.ts';
import { putOutsOf, warmMs } from './setting.ts';

/** A message of somebody's, as only who plays the network knows it. */
export interface Message {
  readonly tag: string;
  readonly from: number;
  readonly to: number;
  readonly sentMs: number;
  /** The attacker has two clients who write to each other: of these he knows everything. */
  readonly isProbe: boolean;
  deliveredMs: number | null;
  deliveries: number;
}

const probeShare = 0.2;

/** Messages of a network in milliseconds between two, so that they take `load` of its strikes. */
function messageMsMean(network: Network): number {
  const { servers, limits, load, layers } = network.setting;
  return (originMsMean(limits, servers) / servers) * (putOutsOf(layers) / load);
}

/** Plans all messages. `handed` is told of each when it is handed in. */
export function planTraffic(network: Network, handed: (message: Message) => void): void {
  const { seed, servers, sendMs, layers, load } = network.setting;
  if (load === 0) return;
  const random = Random.of(seed, 'traffic');
  const suite = { ...network.suites[0]!, random: bytesOf(random.stream('cells')) };
  const meanMs = messageMsMean(network);
  let [atUs, number] = [1000 * warmMs, 0];
  for (;;) {
    atUs += random.exponential(Math.round(1000 * meanMs));
    const sentMs = Math.floor(atUs / 1000);
    if (sentMs >= warmMs + sendMs) return;
    const from = random.below(servers);
    let to = random.below(servers - 1);
    if (to >= from) to++;
    const [tag, isProbe] = [`m${++number}`, random.chance(probeShare)];
    const message: Message = { tag, from, to, sentMs, isProbe, deliveredMs: null, deliveries: 0 };
    const act = (): void => {
      const unixMs = netBeginUnixMs + sentMs;
      const others = network.stations.filter((_, server) => server !== from);
      const route = drawRoute(suite, others, Math.min(layers, servers - 1), network.stations[to]!, unixMs);
      if (route === null) return;
      const target = `psyc://s${to}.example/~bob`;
      const packet = textBytes(`:_target\t${target}\n:_tag\t${tag}\n\n_message_private\nhello\n|\n`);
      const { onion } = sealOnion(suite, route, 'exit', packet, Math.floor(unixMs / 1000), suite.random);
      handed(message);
      network.servers[from]!.handIn(bareCell(onion, envelopeFiller(suite, suite.random)), sentMs);
    };
    network.wheel.plan(sentMs, { what: 'do', act });
  }
}
