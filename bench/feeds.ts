/** What people publish, beside a Nostr relay out of the same package registry: how much is accepted a second, durable and its signatures checked, and how fast others fetch it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Served } from '../test/server/served.ts';
import { Undoing } from '../test/undoing.ts';
import { feedOf } from '../publication/feed.ts';
import type { FeedsOrder } from './feeds-load.ts';
import { PsycContestant } from './feeds-psyc.ts';
import { median } from './measure.ts';

const ROUNDS = 3;
const PUBLISHERS = 10;
const WINDOW = 32;
const ROUND_MS = 3_000;
const READERS = 100;
/** Of each publisher. */
const FETCHED = 100;
/** Times as many as the relay accepts. */
const RATIO_MIN = 5;
const KILLS = 3;

/** Each publisher signs so many before a round, more than are accepted in it. */
const signed = { psyc: 6_000, nostr: 600 } as const;
type Kind = keyof typeof signed;

const rival = fileURLToPath(new URL('rivals/nostr-relay', sourceFolder()));
if (!existsSync(join(rival, 'node_modules')))
  throw new Error('the rival is not installed: npm install --prefix bench/rivals/nostr-relay');

/** Of this file's source: what is not compiled stands there. */
function sourceFolder(): URL {
  return new URL(import.meta.url.includes('/dist/bench/') ? '../../bench/' : './', import.meta.url);
}

const child = (file: string, ...args: string[]): ChildProcess =>
  fork(fileURLToPath(new URL(file + extname(import.meta.url), import.meta.url)), args);

async function ask(process: ChildProcess, order: FeedsOrder): Promise<number> {
  process.send(order);
  const [answer] = (await once(process, 'message')) as [number];
  return answer;
}

const undoing = new Undoing();
const folder = mkdtempSync(join(tmpdir(), 'p3do-bench-'));
undoing.add(async () => rmSync(folder, { recursive: true, force: true }));

const open = { config: { registration: 'open', limits: { connectionsPerAddress: 1000 } } };

async function main(): Promise<void> {
  const served = await Served.make(undoing, 'localhost', open);
  served.start();
  const relay = fork(join(rival, 'relay.mjs'), [join(folder, 'relay.sqlite')]);
  const [port] = (await once(relay, 'message')) as [number];
  await served.ready;
  const loads = {
    psyc: child('./feeds-load', 'psyc', served.endpoint.host, String(served.endpoint.port)),
    nostr: child('./feeds-load', 'nostr', '127.0.0.1', String(port)),
  };
  const figures = {
    psyc: { publish: [] as number[], fetch: [] as number[] },
    nostr: { publish: [] as number[], fetch: [] as number[] },
  };
  const kinds: readonly Kind[] = ['psyc', 'nostr'];
  for (const kind of kinds) await ask(loads[kind], { kind: 'join', publishers: PUBLISHERS });
  for (let round = -1; round < ROUNDS; round++) {
    process.stderr.write(round < 0 ? 'warming up …\n' : `publishing, round ${round + 1} of ${ROUNDS} …\n`);
    for (const kind of kinds) {
      const order = { kind: 'publish', window: WINDOW, ms: ROUND_MS, signed: signed[kind] } as const;
      const figure = await ask(loads[kind], order);
      if (round >= 0) figures[kind].publish.push(figure);
    }
  }
  for (const kind of kinds) await ask(loads[kind], { kind: 'follow', readers: READERS });
  for (let round = -1; round < ROUNDS; round++) {
    process.stderr.write(round < 0 ? 'warming up …\n' : `fetching, round ${round + 1} of ${ROUNDS} …\n`);
    for (const kind of kinds) {
      const figure = await ask(loads[kind], { kind: 'fetch', each: FETCHED });
      if (round >= 0) figures[kind].fetch.push(figure);
    }
  }
  for (const kind of kinds) loads[kind].disconnect();
  relay.disconnect();
  await served.stop();
  const row = (name: string, of: 'publish' | 'fetch', most: number): string => {
    const [ours, theirs] = [median(figures.psyc[of]), median(figures.nostr[of])];
    const isBelow = ours < most * theirs ? ' !' : '';
    return `| ${name} | ${ours.toFixed(0)} | ${theirs.toFixed(0)} | ${(ours / theirs).toFixed(1)}${isBelow} |`;
  };
  process.stdout.write(`Node ${process.version}, ${ROUNDS} interleaved rounds, medians. Ours: the whole server, embedded PostgreSQL, TLS, Ed25519.
The relay: @nostr-relay/core 0.0.40 with its SQLite repository (WAL, synchronous=FULL), ws, Schnorr.
Events of 1 KiB, signed beforehand, by ${PUBLISHERS} publishers with ${WINDOW} under way each; then ${READERS} readers fetch the newest ${FETCHED} of each.

| a second | ours | relay | ratio |
| -------- | ---: | ----: | ----: |
${row('accepted, durable', 'publish', RATIO_MIN)}
${row('fetched by readers', 'fetch', 0)}

! marks less than ${RATIO_MIN} times as many accepted. The relay gives one answer to all who ask the same within a second, without TLS.
`);
  await killed();
}

/** Nothing that was accepted is missing after a server was killed in the midst of it. */
async function killed(): Promise<void> {
  for (let time = 0; time < KILLS; time++) {
    const served = await Served.make(undoing, 'localhost', open);
    served.start();
    await served.ready;
    const publishers = new PsycContestant(served.endpoint);
    await publishers.join(PUBLISHERS);
    publishers.sign(signed.psyc, 'x'.repeat(1016));
    void publishers.publish(WINDOW, 60_000).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 1500));
    await served.killTogether();
    served.start();
    await served.ready;
    let [accepted, lost] = [0, 0];
    for (const [person, count] of publishers.accepted) {
      accepted += count;
      lost += Math.max(0, count - (await served.packetsOf(feedOf(person))).length);
    }
    await served.stop();
    process.stdout.write(`kill -9 of server and database under load: ${accepted} accepted, ${lost} of them lost\n`);
    if (lost > 0) process.exitCode = 1;
  }
}

try {
  await main();
} finally {
  await undoing.run();
}
