/** What does an acknowledgement cost from end to end? The whole server with its clients, beside a bare loop that inserts the same rows in groups. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AcksOrder } from './acks-load.ts';
import { median } from './measure.ts';

const ROUNDS = 5;
const PUBLISHERS = 10;
const ROUND_MS = 2_000;
const child = (file: string): ChildProcess =>
  fork(fileURLToPath(new URL(file + extname(import.meta.url), import.meta.url)));

async function ask(process: ChildProcess, question: unknown): Promise<number> {
  process.send(question as object);
  const [answer] = (await once(process, 'message')) as [number];
  return answer;
}

const server = child('./acks-server');
const [port] = (await once(server, 'message')) as [number];
const load = child('./acks-load');
const speak = (window: number): Promise<number> =>
  ask(load, { port, publishers: PUBLISHERS, window, ms: ROUND_MS } satisfies AcksOrder);
const insert = (window: number, isChecked: boolean): Promise<number> =>
  ask(server, { isChecked, publishers: PUBLISHERS, window, ms: ROUND_MS });

process.stdout.write(`Node ${process.version}, embedded PostgreSQL, ${ROUNDS} interleaved rounds of ${ROUND_MS} ms, medians.
Messages of 1 KiB, signed, said by ${PUBLISHERS} people over TLS, each to one who is away; echoes a second, durable.
The store alone is held to its target by bench:store; here the bare loop has no clients, who sign and read on the same cores.

| window | server | bare insert | ratio | and a signature checked | ratio |
| -----: | -----: | ----------: | ----: | ----------------------: | ----: |
`);
for (const window of [1, 32]) {
  const samples: [number[], number[], number[]] = [[], [], []];
  for (let round = -1; round < ROUNDS; round++) {
    const figures = [await speak(window), await insert(window, false), await insert(window, true)] as const;
    if (round >= 0) for (const at of [0, 1, 2] as const) samples[at].push(figures[at]);
  }
  const [mine, bare, checked] = samples.map(median) as [number, number, number];
  const cells = [window, mine.toFixed(0), bare.toFixed(0), (mine / bare).toFixed(2), checked.toFixed(0)];
  process.stdout.write(`| ${cells.join(' | ')} | ${(mine / checked).toFixed(2)} |\n`);
}
load.disconnect();
server.disconnect();
