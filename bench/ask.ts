/** How long does it take to ask as nobody, beside the waiting that was drawn for it? Five real servers, without their clocks and with them; and what a ticket costs. */
import { loadavg } from 'node:os';
import type { How } from '../round-trips/asker-events.ts';
import { Client } from '../client/client.ts';
import { forgottenKey } from '../onion/keys.ts';
import { layerKeys } from '../onion/layer.ts';
import { openLayer } from '../onion/open.ts';
import { makeTicket, useTicket } from '../onion/ticket.ts';
import { suite } from '../server/suite.ts';
import { ADA, AskedTown, BOB, KEYS } from '../test/server/asking/asked-town.ts';
import { Undoing } from '../test/undoing.ts';
import { checksum, type Contender, measure, processor } from './measure.ts';

/** Of the network's share of one direction, the median: milliseconds. */
const TARGET_MS = 100;
const HOPS = 3;
const LEVEL = 1;
/** Questions of each sort, after a few that nobody counts; and how long is asked at most, so that it ends in five minutes on a slow machine, too. */
const QUESTIONS = { unsafe: 60, clocks: 20 };
const ASKING_MS_MAX = 90_000;
const WARM_UP = 2;

const quantile = (values: readonly number[], part: number): number =>
  values.toSorted((one, other) => one - other)[Math.min(values.length - 1, Math.floor(part * values.length))]!;

/** Asks one thing after the other; gives how the answers came. */
async function asked(unsafe: boolean, questions: number): Promise<How[]> {
  const undoing = new Undoing();
  try {
    progress(`five servers ${unsafe ? 'without' : 'with'} their clocks are started`);
    const town = await AskedTown.start(undoing, unsafe);
    const { talk, asking } = await town.library(ADA, { level: LEVEL, hops: HOPS, tickets: 1 }, undoing);
    const client = new Client(talk, asking);
    const hows: How[] = [];
    const endMs = performance.now() + ASKING_MS_MAX;
    for (let question = -WARM_UP; question < questions && performance.now() < endMs; question++) {
      // Nothing is fetched while it is measured.
      await asking.filled();
      progress(`question ${question + 1} of ${questions}`);
      const request = { method: '_request_keys', entity: { _search: BOB } };
      const answer = await client.request(KEYS, request, { anonymous: { hops: HOPS, level: LEVEL } });
      if (answer.kind !== 'answer' || answer.how === null) throw new Error(JSON.stringify(answer));
      if (question >= 0) hows.push(answer.how);
    }
    return hows;
  } finally {
    await undoing.run();
  }
}

const progress = (text: string): void => void process.stderr.write(`${text}\n`);

function line(name: string, hows: readonly How[]): string {
  const columns = [
    hows.map(({ tookMs }) => tookMs),
    hows.map(({ drawnMs }) => drawnMs),
    hows.map(({ tookMs, drawnMs }) => (tookMs - drawnMs) / 2),
  ];
  const cells = columns.flatMap((values) => [quantile(values, 0.5), quantile(values, 0.99)].map((ms) => ms.toFixed(0)));
  const again = hows.filter(({ attempts }) => attempts > 1).length;
  return `| ${name} | ${hows.length} | ${again} | ${cells.join(' | ')} |`;
}

/** Tickets of three hops and the owner's own, on one core. */
function tickets(): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const hop = () => ({ secret: suite.random(32), alpha: forgottenKey(suite, suite.random), delayMs: 0 });
  const hops = [hop(), hop(), hop(), hop()];
  const { ticket } = makeTicket(suite, hops, nowSeconds, suite.random);
  const content = new Uint8Array(1000);
  const onion = useTicket(suite, ticket, content, nowSeconds, suite.random);
  const contenders: Contender[] = [
    { name: 'X25519', work: () => suite.x25519(hops[0]!.secret, hops[0]!.alpha)![0]! },
    {
      name: 'made',
      work: () => {
        const fresh = hops.map((one) => ({ ...one, alpha: forgottenKey(suite, suite.random) }));
        return makeTicket(suite, fresh, nowSeconds, suite.random).ticket[0]!;
      },
    },
    { name: 'used by who answers', work: () => useTicket(suite, ticket, content, nowSeconds, suite.random)[0]! },
    {
      name: 'opened by one hop',
      work: () => {
        const layer = openLayer(suite, onion, layerKeys(suite, hops[0]!.secret), nowSeconds);
        return 'refused' in layer ? 0 : layer.replayTag[0]!;
      },
    },
  ];
  const figures = measure(contenders, 20, processor);
  const floor = figures[0]!.nanoseconds;
  const lines = figures.map(
    ({ name, nanoseconds }) => `| ${name} | ${(1e9 / nanoseconds).toFixed(0)} | ${(nanoseconds / floor).toFixed(2)} |`,
  );
  return `| ticket of ${HOPS} hops | a second | times one X25519 |\n|---|---|---|\n${lines.join('\n')}`;
}

const [load = 0] = loadavg();
const made = tickets();
const unsafe = await asked(true, QUESTIONS.unsafe);
const clocks = await asked(false, QUESTIONS.clocks);
const overhead = quantile(
  unsafe.map(({ tookMs, drawnMs }) => (tookMs - drawnMs) / 2),
  0.5,
);
process.stdout.write(`Node ${process.version}, five servers with PostgreSQL on one machine, load ${load.toFixed(1)} before; ${HOPS} hops there and back, level ${LEVEL}; milliseconds.

| servers | questions | asked again | took p50 | p99 | drawn waiting p50 | p99 | the rest, one direction p50 | p99 |
|---|---|---|---|---|---|---|---|---|
${line('without clocks', unsafe)}
${line('with clocks', clocks)}

${made}
(checksum ${checksum()}; the rest of one direction without clocks: ${overhead.toFixed(0)} ms, target below ${TARGET_MS})
`);
if (overhead >= TARGET_MS) process.exitCode = 1;
