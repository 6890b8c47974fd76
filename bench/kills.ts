/** A home is killed while its person publishes, over and over: how soon that is noticed, how soon another server has accepted it, and whether anything is lost or there twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { at, doneOf, environmentOf, fingerprintOf, peersStarted, registered } from '../test/server/commands.ts';
import { command, passableFolder, type Served } from '../test/server/served.ts';
import { Undoing } from '../test/undoing.ts';

const KILLS = 50;
/** Before it is published, while it is, or after. */
const KILL_MS_MAX = 1_500;
const NOTICED_MS_MAX = 3_000;
const ACCEPTED_MS_MAX = 1_000;

interface Life {
  /** From the kill, or from when it began where that is later, until it goes elsewhere; null: its home had taken it. */
  readonly noticedMs: number | null;
  /** From then on until it is durable elsewhere. */
  readonly acceptedMs: number | null;
  readonly at: string;
}

/** Publishes, with its home killed at some moment of it. */
async function publish(home: string, served: Served, text: string): Promise<Life> {
  const begin = performance.now();
  const child = spawn(process.execPath, [command, 'publish', text, '--as', 'alice@a.test'], {
    env: environmentOf(home),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [noticed, stored, place] = [0, 0, ''];
  const complaints: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    complaints.push(line);
    if (line.includes('trying another server')) noticed = performance.now();
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    place = /^stored at (.+)$/.exec(line)?.[1] ?? place;
    stored = performance.now();
  });
  const over = once(child, 'close') as Promise<[number]>;
  await new Promise((resolve) => setTimeout(resolve, Math.random() * KILL_MS_MAX));
  await served.kill();
  const killed = performance.now();
  const [code] = await over;
  if (code !== 0 || place === '') throw new Error(`${text} was not published: ${complaints.join('; ')}`);
  const isElsewhere = place !== served.domain;
  return {
    noticedMs: isElsewhere ? noticed - Math.max(begin, killed) : null,
    acceptedMs: isElsewhere ? stored - noticed : null,
    at: place,
  };
}

/** What the home has of it, once it is so much or does not come. */
async function textsAt(home: string, wanted: number): Promise<string[]> {
  let texts: string[] = [];
  for (let tries = 0; tries < 60 && texts.length < wanted; tries++) {
    const args = ['history', 'alice@a.test', '--as', 'alice@a.test', '--limit', '100', '--json'];
    const { out } = await doneOf(home, args);
    const lines = out.trim().split('\n');
    texts = lines.flatMap((line) => {
      const { kind, text } = JSON.parse(line) as { kind: string; text: string };
      return kind === 'heard' ? [text] : [];
    });
  }
  return texts;
}

const line = (name: string, values: readonly number[], most: number): string => {
  const sorted = [...values].sort((one, other) => one - other);
  const of = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
  const cells = [of(0.5), of(0.95), of(1)].map((value) => value.toFixed(0));
  return `| ${name} | ${sorted.length} | ${cells.join(' | ')} | ${most}${of(1) > most ? ' !' : ''} |`;
};

const undoing = new Undoing();
try {
  const home = await passableFolder(undoing);
  const [a, c] = (await peersStarted(undoing, ['a.test', 'c.test'], () => ({}))) as [Served, Served];
  await doneOf(home, [
    'federate',
    'add',
    'a.test',
    '--fingerprint',
    await fingerprintOf(home, a),
    '--folder',
    c.folder,
  ]);
  await registered(home, 'alice', a);
  await registered(home, 'cleo', c);
  await doneOf(home, ['servers', 'add', 'c.test', '--server', at(c), '--as', 'alice@a.test']);
  // By this the servers know each other, and her keys.
  await doneOf(home, ['publish', 'the first', '--as', 'alice@a.test']);
  await doneOf(home, ['follow', 'alice@a.test', '--as', 'cleo@c.test']);
  const lives: Life[] = [];
  for (let time = 0; time < KILLS; time++) {
    process.stderr.write(`kill ${time + 1} of ${KILLS} …\r`);
    lives.push(await publish(home, a, `kill ${time}`));
    a.start();
    await a.ready;
  }
  const texts = await textsAt(home, KILLS + 1);
  const lost = Array.from({ length: KILLS }, (_, time) => `kill ${time}`).filter((text) => !texts.includes(text));
  const noticed = lives.flatMap(({ noticedMs }) => noticedMs ?? []);
  const accepted = lives.flatMap(({ acceptedMs }) => acceptedMs ?? []);
  process.stdout.write(`Node ${process.version}. ${KILLS} times the home is killed (kill -9) in the first ${KILL_MS_MAX} ms of p3do publish, and started again.

| milliseconds | times | median | 95 of 100 | most | at most |
| ------------ | ----: | -----: | --------: | ---: | ------: |
${line('until it was noticed', noticed, NOTICED_MS_MAX)}
${line('then until it was durable elsewhere', accepted, ACCEPTED_MS_MAX)}

${lives.length - accepted.length} were taken by the home before it was killed. Lost: ${lost.length}. There twice: ${texts.length - new Set(texts).size}.
! marks what took longer than it should.
`);
  if (lost.length > 0 || texts.length !== KILLS + 1) process.exitCode = 1;
} finally {
  await undoing.run();
}
