/** What does a delivery to one of a thousand cost, beside bare `ws`? CPU of the server, rate, p99; and memory of an idle client. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Arrivals, Order } from './fanout-load.ts';
import type { Kind, Standing } from './fanout-server.ts';

const MEMBERS = 1000;
/** Clients whose memory is measured, and those that come before them; of fewer the heap's own slack would be most of it. */
const IDLE = 1500;
const IDLE_WARM_UP = 300;
const PUBLISHERS = 10;
const BODY_BYTES = 1024;
const ROUNDS = 4;
/** Before them: after some hundred messages a server's code is compiled, which the relay's few lines are much sooner. */
const WARM_UPS = 8;

/** Ten publishers at the same moment, so that a turn has ten messages; and one after the other, so that it has one. */
const scenarios = [
  { name: 'together', messages: 7, periodMs: 100, isSpread: false },
  { name: 'spread', messages: 2, periodMs: 200, isSpread: true },
] as const;

const kinds: readonly Kind[] = ['memory', 'postgres', 'transport', 'frames', 'joined'];
const names = {
  memory: 'server, memory',
  postgres: 'server, PostgreSQL',
  transport: 'transport alone',
  frames: 'ws, a frame a message',
  joined: 'ws, joined',
};
const MEMORY_BYTES_MAX = 8192;
/** Of the CPU of bare ws, joined, at most. */
const ratioMax: Partial<Record<Kind, number>> = { memory: 1.2, postgres: 1.5, transport: 1.2 };

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

/** What clients take that are logged in, if there is a login, and do nothing: a process of its own, warmed up by some. */
async function idleBytes(kind: Kind): Promise<{ rss: number; heap: number }> {
  process.stderr.write(`${IDLE} idle clients of ${names[kind]} …\n`);
  const server = child('./fanout-server', kind);
  const [port] = (await once(server, 'message')) as [number];
  const isWhole = kind === 'memory' || kind === 'postgres';
  const idle = async (members: number): Promise<Standing> => {
    await order({ kind: 'idle', port, members, isWhole });
    return standing(server, 'memory');
  };
  const before = await idle(IDLE_WARM_UP);
  const after = await idle(IDLE);
  server.disconnect();
  const each = (field: 'rssBytes' | 'heapBytes'): number => (after[field] - before[field]) / IDLE;
  return { rss: each('rssBytes'), heap: each('heapBytes') };
}

const idles = new Map<Kind, { rss: number; heap: number }>();
for (const kind of ['memory', 'postgres', 'transport', 'joined'] as const) idles.set(kind, await idleBytes(kind));

const servers: { kind: Kind; process: ChildProcess; port: number; rounds: Round[][] }[] = [];
for (const kind of kinds) {
  const server = child('./fanout-server', kind);
  const [port] = (await once(server, 'message')) as [number];
  process.stderr.write(`connecting ${MEMBERS} to ${kind} …\n`);
  const isWhole = kind === 'memory' || kind === 'postgres';
  await order({ kind: 'join', port, members: MEMBERS, isWhole });
  servers.push({ kind, process: server, port, rounds: scenarios.map(() => []) });
}

for (let round = -WARM_UPS; round < ROUNDS; round++) {
  process.stderr.write(round < 0 ? 'warming up …\n' : `round ${round + 1} of ${ROUNDS} …\n`);
  for (const [index, scenario] of scenarios.entries()) {
    for (const server of servers) {
      const before = await standing(server.process, 'cpu');
      const arrivals = await order<Arrivals>({ kind: 'publish', port: server.port, ...scenario });
      const after = await standing(server.process, 'cpu');
      const deliveries = scenario.messages * PUBLISHERS * arrivals.hearers;
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
${ROUNDS} interleaved rounds, means. The relay is bare ws that passes
the same packets on, joins the writes of a turn and keeps nothing; "!" marks what is above ${ratioMax.memory} times its CPU, ${ratioMax.postgres} times with PostgreSQL, whose processes are counted in.\n\n`);
for (const [index, { name, periodMs }] of scenarios.entries()) {
  const rows = [['', 'CPU s a million', 'of the relay', 'deliveries/ms', 'p99 ms']];
  const relay = mean(servers.find(({ kind }) => kind === 'joined')!.rounds[index]!, 'cpu');
  for (const { kind, rounds } of servers) {
    const of = (field: keyof Round): number => mean(rounds[index]!, field);
    const ratio = of('cpu') / relay;
    rows.push([
      names[kind],
      of('cpu').toFixed(2),
      ratio.toFixed(2) + over(ratio, ratioMax[kind] ?? Infinity),
      of('rate').toFixed(0),
      of('p99Ms').toFixed(1),
    ]);
  }
  process.stdout.write(`Publishers ${name}, each every ${periodMs} ms:\n\n${table(rows)}\n\n`);
}
const kib = (bytes: number): string => (bytes / 1024).toFixed(1);
// With the memory twin the people's rows and records would count as their clients' memory.
const more = idles.get('postgres')!.rss - idles.get('joined')!.rss;
const each = [...idles].map(
  ([kind, { rss, heap }]) => `${names[kind]} ${kib(rss)} KiB (JavaScript heap and buffers ${kib(heap)})`,
);
process.stdout.write(`An idle client takes ${each.join(', ')}:
a client of the server with PostgreSQL ${kib(more)} KiB more than bare ws${over(more, MEMORY_BYTES_MAX)}; ${kib(MEMORY_BYTES_MAX)} are allowed.
`);
