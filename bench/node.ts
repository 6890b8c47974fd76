/** How many cells a second does a whole server hear, with eight neighbours over TLS and a tenth of the cells its own? Beside bare TLS, in one run. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hexOf } from '../crypto/bytes.ts';
import { askServer } from '../server/admin/channel.ts';
import { identityOf, newDomainKey } from '../test/server/node/town.ts';
import { framed, onionKeyOf } from '../test/server/neighbour.ts';
import { Served } from '../test/server/served.ts';
import { Undoing } from '../test/undoing.ts';
import type { Kept, NodeOrder } from './node-load.ts';

const DOMAIN = 'heard.test';
const NEIGHBOURS = 8;
const SENDERS = 2;
/** One in so many cells is the server’s own. */
const OWN_SHARE = 10;
const TARGET = 5_000;
/** Of a link, each way: what the server sends is what it hears, and it would hear out twice as much. */
const FRAMES_PER_SECOND = 640;
const [seconds = 8, asked = 8_000] = process.argv.slice(2).map(Number);
/** Jiffies of Linux. */
const TICKS = 100;

const undoing = new Undoing();

function child(file: string, ...args: (string | number)[]): ChildProcess {
  const forked = fork(fileURLToPath(new URL(file + extname(import.meta.url), import.meta.url)), args.map(String));
  undoing.add(async () => forked.disconnect());
  return forked;
}

async function order(to: ChildProcess, what: NodeOrder): Promise<void> {
  to.send(what);
  await once(to, 'message');
}

/** Seconds that the processor spent on a process or one of its threads. */
async function spent(stat: string): Promise<number> {
  const fields = (await readFile(stat, 'latin1')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

interface Measured {
  readonly heardPerSecond: number;
  readonly opened: number;
  readonly all: number;
  readonly main: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** Sends everything to one server, and measures what it did from the first cell to the last. */
async function measured(
  senders: readonly ChildProcess[],
  pid: number,
  counts: () => Promise<ReadonlyMap<string, number>>,
): Promise<Measured> {
  const look = async () => ({
    ms: performance.now(),
    counts: await counts(),
    all: await spent(`/proc/${pid}/stat`),
    main: await spent(`/proc/${pid}/task/${pid}/stat`),
  });
  const before = await look();
  await Promise.all(senders.map((sender) => order(sender, { kind: 'send', perSecond: asked / NEIGHBOURS })));
  const heardAtLast = (from: ReadonlyMap<string, number>): number => from.get('heard cell') ?? 0;
  let now = await look();
  // What is in the pipes still.
  for (let last = -1; heardAtLast(now.counts) !== last; ) {
    last = heardAtLast(now.counts);
    const next = await look();
    await after(20);
    if (heardAtLast(next.counts) !== last) now = next;
  }
  const since = (name: string): number => (now.counts.get(name) ?? 0) - (before.counts.get(name) ?? 0);
  const heard = since('heard cell');
  return {
    heardPerSecond: (heard / (now.ms - before.ms)) * 1000,
    opened: since('opened relay'),
    all: ((now.all - before.all) / heard) * 1e6,
    main: ((now.main - before.main) / heard) * 1e6,
    counts: new Map([...now.counts.keys()].map((name) => [name, since(name)])),
  };
}

try {
  const identities = await Promise.all(
    Array.from({ length: NEIGHBOURS }, async (_, at) => {
      const domain = `n${at}.test`;
      return identityOf(domain, await newDomainKey(domain));
    }),
  );
  const kept = identities.map(
    ({ domain, fingerprint, certificate, seed }): Kept => ({
      domain,
      fingerprint: hexOf(fingerprint),
      certificate: hexOf(certificate),
      seed: hexOf(seed),
    }),
  );
  const pins = new Map(identities.map(({ domain, fingerprint }) => [domain, fingerprint]));
  const config = { mor: { links: [], framesPerSecond: FRAMES_PER_SECOND } };
  const served = await Served.make(undoing, DOMAIN, { memory: true, pins, config });
  served.start();
  await served.ready;
  const key = hexOf(await onionKeyOf(served.folder, DOMAIN));
  const senders = Array.from({ length: SENDERS }, () => child('./node-load'));
  process.stderr.write('making cells …\n');
  const each = NEIGHBOURS / SENDERS;
  const cells = Math.ceil((seconds * asked) / NEIGHBOURS);
  await Promise.all(
    senders.map((sender, at) =>
      order(sender, {
        kind: 'make',
        identities: kept.slice(at * each, (at + 1) * each),
        cells,
        key,
        ownShare: OWN_SHARE,
      }),
    ),
  );
  const sink = child('./node-sink', framed('n0.test', new Uint8Array(4096)).length, OWN_SHARE);
  const [port] = (await once(sink, 'message')) as [number];
  const sinkCounts = async (): Promise<ReadonlyMap<string, number>> => {
    sink.send('');
    const [{ heard, answered }] = (await once(sink, 'message')) as [{ heard: number; answered: number }];
    return new Map([
      ['heard cell', heard],
      ['opened relay', answered],
    ]);
  };
  const nodeCounts = async (): Promise<ReadonlyMap<string, number>> => {
    const answer = await askServer(served.folder, { kind: 'mor' });
    return new Map(answer.kind === 'mor' ? (answer.status?.counts ?? []) : []);
  };
  process.stderr.write('sending …\n');
  for (const sender of senders) await order(sender, { kind: 'link', to: null, host: '127.0.0.1', port });
  const floor = await measured(senders, sink.pid!, sinkCounts);
  for (const sender of senders) await order(sender, { kind: 'link', to: DOMAIN, ...served.endpoint });
  const node = await measured(senders, served.pid!, nodeCounts);
  const row = (name: string, { heardPerSecond, opened, all, main }: Measured): string =>
    `| ${[name, heardPerSecond.toFixed(0), opened, all.toFixed(0), main.toFixed(0), (1e6 / main).toFixed(0)].join(' | ')} |`;
  process.stdout.write(`Node ${process.version}. ${NEIGHBOURS} neighbours in ${SENDERS} processes on the same cores send ${asked} cells a second, one in ${OWN_SHARE} the server’s own; all are new. Its links carry ${FRAMES_PER_SECOND} frames a second each way. Replay tags are synced. Processor time of the server alone, which holds whoever else is at work here; cells a second do not.
Cores: ${availableParallelism()}, load before: ${loadavg()[0]!.toFixed(1)}.

| | cells heard/s | opened | µs a cell | of these, main thread | so a core for it hears at most/s |
| --- | ---: | ---: | ---: | ---: | ---: |
${row('TLS, and an X25519 for each own cell', floor)}
${row('p3do serve', node)}

Times the floor: ${(node.all / floor.all).toFixed(1)} in all, ${(node.main / floor.main).toFixed(1)} in the main thread. At least ${TARGET} are to be heard.
${[...node.counts].map(([name, count]) => `  ${name}: ${count}`).join('\n')}
`);
  if (node.heardPerSecond < TARGET) process.exitCode = 1;
} finally {
  await undoing.run();
}
