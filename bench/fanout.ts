/** What does a delivery to one of a thousand cost, beside bare `ws`? CPU of the server, rate, p99; and memory of an idle client. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Arrivals, Order } from './fanout-load.ts';
import type { Kind, Standing } from './fanout-server.ts';

const MEMBERS = 1000;
const WARM_UP_MEMBERS = 30;
const PUBLISHERS = 10;
const BODY_BYTES = 1024;
const ROUNDS = 4;

/** Ten publishers at the same moment, so that a turn has ten messages; and one after the other, so that it has one. */
const scenarios = [
  { name: 'together', messages: 7, periodMs: 100, isSpread: false },
  { name: 'spread', messages: 2, periodMs: 200, isSpread: true },
] as const;

const kinds: readonly Kind[] = ['p3do', 'frames', 'joined'];
const names = { p3do: 'p3do', frames: 'ws, a frame a message', joined: 'ws, joined' };
const MEMORY_BYTES_MAX = 8192;
const RATIO_MAX = 1.2;

const child = (file: string, ...args: string[]): ChildProcess =>
  fork(fileURLToPath(new URL(file + extname(import.meta.url), import.meta.url)), args, { execArgv: ['--expose-gc'] });

async function ask<Answer>(process: ChildProcess, question: unknown): Promise<Answer> {
  process.send(question as object);
  const [answer] = (await once(process, 'message')) as [Answer];
  return answer;
}

const standing = (process: ChildProcess, question: 'cpu' | 'memory'): Promise<Standing> =>
  ask<Standing>(process, question);

interface Round {
  /** Seconds of the server's CPU for a million deliveries, which is microseconds for one. */
  readonly cpu: number;
  readonly rate: number;
  readonly p99Ms: number;
}

const load = child('./fanout-load');
const order = <Answer>(what: Order): Promise<Answer> => ask<Answer>(load, what);

const servers: { kind: Kind; process: ChildProcess; port: number; rss: number; heap: number; rounds: Round[][] }[] = [];
for (const kind of kinds) {
  const server = child('./fanout-server', kind);
  const [port] = (await once(server, 'message')) as [number];
  process.stderr.write(`connecting ${MEMBERS} to ${kind} …\n`);
  await order({ kind: 'join', port, members: WARM_UP_MEMBERS });
  const before = await standing(server, 'memory');
  const members = MEMBERS - WARM_UP_MEMBERS;
  await order({ kind: 'join', port, members });
  const after = await standing(server, 'memory');
  const rss = (after.rssBytes - before.rssBytes) / members;
  const heap = (after.heapBytes - before.heapBytes) / members;
  servers.push({ kind, process: server, port, rss, heap, rounds: scenarios.map(() => []) });
}

for (let round = -1; round < ROUNDS; round++) {
  process.stderr.write(round < 0 ? 'warming up …\n' : `round ${round + 1} of ${ROUNDS} …\n`);
  for (const [index, scenario] of scenarios.entries()) {
    for (const server of servers) {
      const before = await standing(server.process, 'cpu');
      const arrivals = await order<Arrivals>({ kind: 'publish', port: server.port, ...scenario });
      const after = await standing(server.process, 'cpu');
      const deliveries = scenario.messages * PUBLISHERS * MEMBERS;
      if (arrivals.bytes < 0.98 * deliveries * BODY_BYTES)
        throw new Error(`${server.kind} delivered ${arrivals.bytes} bytes`);
      const sorted = [...arrivals.delaysMs].sort((a, b) => a - b);
      if (round < 0) continue;
      server.rounds[index]!.push({
        cpu: (after.cpuMicros - before.cpuMicros) / deliveries,
        rate: deliveries / arrivals.tookMs,
        p99Ms: sorted[Math.floor(0.99 * sorted.length)]!,
      });
    }
  }
}
for (const { process } of servers) process.disconnect();
load.disconnect();

/** A table in Markdown. */
const table = (rows: readonly (readonly string[])[]): string =>
  rows
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
    .replace('\n', `\n|${' --- |'.repeat(rows[0]!.length)}\n`);

const over = (value: number, most: number): string => (value > most ? ' !' : '');
/** Of all rounds together: how many messages meet in one turn is luck, which evens out. */
const mean = (rounds: readonly Round[], field: keyof Round): number =>
  rounds.reduce((sum, round) => sum + round[field], 0) / rounds.length;

process.stdout.write(`Node ${process.version}: ${MEMBERS} TLS WebSocket members of one context, ${PUBLISHERS} publishers, ${BODY_BYTES} bytes, open loop,
${ROUNDS} interleaved rounds, means. "!" marks p3do above ${RATIO_MAX} times the CPU of ws.\n\n`);
for (const [index, { name, periodMs }] of scenarios.entries()) {
  const rows = [['', 'CPU s a million', 'p3do/this', 'deliveries/ms', 'p99 ms']];
  const own = mean(servers[0]!.rounds[index]!, 'cpu');
  for (const { kind, rounds } of servers) {
    const of = (field: keyof Round): number => mean(rounds[index]!, field);
    const ratio = own / of('cpu');
    rows.push([
      names[kind],
      of('cpu').toFixed(2),
      ratio.toFixed(2) + over(ratio, RATIO_MAX),
      of('rate').toFixed(0),
      of('p99Ms').toFixed(1),
    ]);
  }
  process.stdout.write(`Publishers ${name}, each every ${periodMs} ms:\n\n${table(rows)}\n\n`);
}
const bare = servers.find(({ kind }) => kind === 'joined')!;
const more = servers[0]!.rss - bare.rss;
process.stdout.write(`An idle client takes ${servers.map(({ kind, rss, heap }) => `${names[kind]} ${(rss / 1024).toFixed(1)} KiB (JavaScript heap and buffers ${(heap / 1024).toFixed(1)})`).join(', ')}:
${(more / 1024).toFixed(1)} KiB more than bare ws${over(more, MEMORY_BYTES_MAX)}; ${MEMORY_BYTES_MAX / 1024} are allowed.
`);
