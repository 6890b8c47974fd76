/** What do attacks on a server do to those whom they do not concern? Their waiting before, during and after each, and the server's memory. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AttackName, Tally } from '../test/server/siege/attacks.ts';
import { WebSocket } from 'ws';
import { Others, type Phase } from '../test/server/siege/others.ts';
import { Undoing } from '../test/undoing.ts';
import { Served } from '../test/server/served.ts';
import type { Command } from './siege-attackers.ts';

const DOMAIN = 'besieged.test';
const PLACE = `psyc://${DOMAIN}/@hall`;

/** Milliseconds of each phase; whoever neither reads nor says anything is gone after three minutes. */
const scenarios: readonly { name: AttackName; what: string; count: number; duringMs: number }[] = [
  { name: 'deaf', what: '1,000 members of the place stop reading', count: 1_000, duringMs: 200_000 },
  { name: 'slow', what: '500 people say one thing, ten bytes a second', count: 500, duringMs: 10_000 },
  { name: 'slowloris', what: '2,000 connections that never become circuits', count: 2_000, duringMs: 15_000 },
  { name: 'churn', what: 'connections come and go, 32 at once', count: 20_000, duringMs: 10_000 },
  { name: 'storm', what: 'logins, every other one forged, 32 at once', count: 20_000, duringMs: 10_000 },
  { name: 'idle', what: '5,000 circuits of people online do nothing', count: 5_000, duringMs: 15_000 },
];
const CALM_MS = 5_000;
/** Until memory that nobody needs is given back. */
const REST_MS = 10_000;

const only = process.argv[2];
const undoing = new Undoing();

const rssMiB = async (pid: number): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'latin1'))![1]) / 1024;

/** Connections and files that the server holds open. */
const openCount = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

/** MiB of JavaScript's objects and buffers that are in use, once what is not has been collected. */
async function usedMiB(inspector: WebSocket): Promise<number> {
  let id = 0;
  const call = async (method: string, params: object = {}): Promise<string> => {
    const mine = ++id;
    inspector.send(JSON.stringify({ id: mine, method, params }));
    for (;;) {
      const [data] = (await once(inspector, 'message')) as [Buffer];
      const { id: answered, result } = JSON.parse(String(data)) as {
        id?: number;
        result: { result?: { value: string } };
      };
      if (answered === mine) return result.result?.value ?? '';
    }
  };
  await call('HeapProfiler.collectGarbage');
  const expression = '(({ heapUsed, external }) => String(heapUsed + external))(process.memoryUsage())';
  return Number(await call('Runtime.evaluate', { expression })) / 2 ** 20;
}

/** The most that the server takes until it is asked. */
function watchMemory(pid: number): () => Promise<number> {
  let most = 0;
  const look = async (): Promise<void> => void (most = Math.max(most, await rssMiB(pid)));
  const timer = setInterval(() => void look(), 250);
  return async () => {
    clearInterval(timer);
    await look();
    return most;
  };
}

async function ask(process: ChildProcess, command: Command): Promise<Tally> {
  process.send(command);
  const [tally] = (await once(process, 'message')) as [Tally];
  return tally;
}

const percentile = (values: readonly number[], of: number): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? '–' : sorted[Math.min(sorted.length - 1, Math.floor(of * sorted.length))]!.toFixed(0);
};

const row = (name: string, { echoMs, heardMs }: Phase, mib: number): string =>
  `| ${name} | ${echoMs.length} | ${[0.5, 0.99].map((of) => percentile(echoMs, of)).join(' | ')} | ` +
  `${[0.5, 0.99].map((of) => percentile(heardMs, of)).join(' | ')} | ${mib.toFixed(0)} |\n`;

try {
  const served = await Served.make(undoing, DOMAIN, { flags: ['--inspect=127.0.0.1:0'] });
  served.start();
  await served.ready;
  const listening = await served.logged((line) => line.startsWith('Debugger listening on '));
  const inspector = new WebSocket(listening.slice('Debugger listening on '.length));
  await once(inspector, 'open');
  const pid = served.pid!;
  const people = { domain: DOMAIN, place: PLACE, people: 10, rate: 100, bodyBytes: 1024 };
  const others = await Others.join(served.endpoint, people);
  process.stdout.write(`Node ${process.version}, the real command on its own PostgreSQL with the limits it comes with. 10 people say 100 messages of 1 KiB
a second in one place; milliseconds from when each was due to its echo, and to each of the ten who hear it.\n`);
  for (const { name, what, count, duringMs } of scenarios) {
    if (only !== undefined && only !== name) continue;
    const attackers = fork(fileURLToPath(new URL(`./siege-attackers${extname(import.meta.url)}`, import.meta.url)));
    const target = { endpoint: served.endpoint, domain: DOMAIN, place: PLACE, count };
    const before = await usedMiB(inspector);
    process.stderr.write(`${name}: preparing …\n`);
    await ask(attackers, { kind: 'prepare', name, target });
    const phase = async (label: string, ms: number): Promise<void> => {
      others.phase();
      const most = watchMemory(pid);
      await after(ms);
      process.stdout.write(row(label, others.phase(), await most()));
    };
    process.stdout.write(`\n**${what}**\n\n| phase | messages | echo p50 | p99 | heard p50 | p99 | MiB at most |\n`);
    process.stdout.write(`| --- | --: | --: | --: | --: | --: | --: |\n`);
    others.talk();
    await phase('before', CALM_MS);
    process.stderr.write(`${name}: begins …\n`);
    const begun = ask(attackers, { kind: 'begin' });
    const coming = others.phase.bind(others);
    coming();
    const most = watchMemory(pid);
    await begun;
    const arriving = coming();
    const arrivingMiB = await most();
    if (arriving.echoMs.length > 0) process.stdout.write(row('coming', arriving, arrivingMiB));
    const openBefore = await openCount(pid);
    await phase('during', duringMs);
    const openAfter = await openCount(pid);
    const tally = await ask(attackers, { kind: 'end' });
    attackers.disconnect();
    await after(REST_MS);
    await phase('after', CALM_MS);
    await others.stop();
    await after(REST_MS);
    const told = Object.entries(tally).map(([happened, times]) => `${happened} ${times}`);
    const used = [before, await usedMiB(inspector)].map((mib) => mib.toFixed(1));
    process.stdout.write(`
Attackers: ${told.join(', ')}; the server has ${openBefore} connections and files open when all have come, ${openAfter} before they go. JavaScript's objects and buffers before the attack take ${used[0]} MiB,
after it ${used[1]}; the process ${(await rssMiB(pid)).toFixed(0)}.
`);
  }
  inspector.terminate();
  others.close();
  if (others.harms.length > 0) throw new Error(`harmed: ${others.harms.slice(0, 5).join('; ')}`);
  process.stdout.write('\nNobody lost a circuit, nothing was lost or came twice.\n');
} finally {
  await undoing.run();
}
