/** What does a cell cost, beside one bare X25519 of the same suite? All in one run, for the server's suite and the browser's. */
import { loadavg } from 'node:os';
import { nobleSuite } from '../crypto/noble.ts';
import type { Suite } from '../crypto/suite.ts';
import { bareCell, envelopeFiller } from '../onion/cell.ts';
import { unwrapCell, wrapOnion } from '../onion/envelope.ts';
import { answerExchange, askExchange, endExchange } from '../onion/exchange.ts';
import { KnownKeys } from '../onion/hint.ts';
import { forgottenKey, type KeyPair, newPair } from '../onion/keys.ts';
import { layerKeys, secretOfHolder } from '../onion/layer.ts';
import { openLayer } from '../onion/open.ts';
import { type Hop, sealOnion } from '../onion/seal.ts';
import { makeTicket, useTicket } from '../onion/ticket.ts';
import { suite as fastest } from '../server/suite.ts';
import { poolRates } from './onion-pool.ts';
import { checksum, type Contender, measure, processor } from './measure.ts';

const KNOWN = 1000;
const NOW = 1_795_000_000;
/** Two threads beside one. */
const POOL_TARGET = 1.7;

/** The most that each may take, in times of one X25519. */
const TARGETS: Readonly<Record<string, number>> = {
  'open a public-key layer': 1.75,
  'open a one-time layer': 0.7,
  [`recognise among ${KNOWN} keys`]: 0.35,
  'seal for 3 hops': 9,
  'seal for 3 hops, pairs made before': 7,
};

/** The operations, on cells made once. What opens a cell was found before: finding it is an operation of its own. */
function contenders(suite: Suite): Contender[] {
  const { random } = suite;
  const keys = Array.from({ length: 3 }, () => newPair(suite, random));
  const content = random(1000);
  const toServers = (pairs: readonly KeyPair[]): Hop[] =>
    keys.map((key, index) => ({
      whom: { kind: 'server', key: key.publicKey, pair: pairs[index]! },
      delayMs: 0,
      isDeposit: false,
    }));
  const fresh = () => keys.map(() => newPair(suite, random));
  const seal = (hops: readonly Hop[]) => sealOnion(suite, hops, 'exit', content, NOW, random).onion;
  const known = (pairs: readonly KeyPair[]) =>
    new KnownKeys(
      suite,
      pairs.map((pair) => ({ publicKey: pair.publicKey, value: pair })),
    );
  const before = fresh();
  const forward = seal(toServers(before));
  const secret = random(32);
  const alpha = forgottenKey(suite, random);
  const once: Hop = { whom: { kind: 'one-time', secret, alpha }, delayMs: 0, isDeposit: false };
  const burning = seal([once, ...toServers(before).slice(1)]);
  const foreign = new KnownKeys(
    suite,
    Array.from({ length: KNOWN }, (_, value) => ({ publicKey: random(32), value })),
  );
  const context = newPair(suite, random);
  const contexts = known([context]);
  const enveloped = wrapOnion(suite, context.publicKey, forward, random);
  const bare = bareCell(forward, envelopeFiller(suite, random));
  const opened = (onion: Uint8Array, layerSecret: Uint8Array): number => {
    const layer = openLayer(suite, onion, layerKeys(suite, layerSecret), NOW);
    if ('refused' in layer || layer.outcome.kind !== 'relay') throw new Error('it does not open');
    return layer.outcome.onion[4000 - 1]!;
  };
  const [own, other] = keys;
  const ticketHops = keys.map(() => ({ secret: random(32), alpha: forgottenKey(suite, random), delayMs: 0 }));
  const { ticket } = makeTicket(suite, ticketHops, NOW, random);
  const asked = askExchange(suite, random);
  const { answer } = answerExchange(suite, asked.question, random)!;
  return [
    { name: 'one X25519', work: () => suite.x25519(own!.secret, other!.publicKey)![0]! },
    {
      name: 'open a public-key layer',
      work: () => opened(forward, secretOfHolder(suite, forward.subarray(0, 32), own!)!),
    },
    { name: 'open a one-time layer', work: () => opened(burning, secret) },
    {
      name: `recognise among ${KNOWN} keys`,
      work: () => foreign.recognise(suite, bare.subarray(96, 128), bare.subarray(128, 144)).length,
    },
    { name: 'seal for 3 hops', work: () => seal(toServers(fresh()))[0]! },
    { name: 'seal for 3 hops, pairs made before', work: () => seal(toServers(before))[0]! },
    { name: 'wrap', work: () => wrapOnion(suite, context.publicKey, forward, random)[0]! },
    { name: 'make a ticket over 3', work: () => makeTicket(suite, ticketHops, NOW, random).ticket[0]! },
    { name: 'use a ticket', work: () => useTicket(suite, ticket, content, NOW, random)[600]! },
    { name: 'ask for a secret', work: () => askExchange(suite, random).question[0]! },
    { name: 'agree on a secret, the hop', work: () => answerExchange(suite, asked.question, random)!.answer[0]! },
    { name: 'agree on a secret, the asker', work: () => endExchange(suite, asked.memory, answer)![0]! },
    { name: 'unwrap', work: () => unwrapCell(suite, contexts, enveloped)!.onion[0]! },
  ];
}

const micros = (nanoseconds: number): string => (nanoseconds / 1000).toFixed(1);

let isMet = true;
const lines: string[] = [];
for (const [name, suite, rounds] of [
  ['server', fastest, 60],
  ['browser', nobleSuite(fastest.random), 20],
] as const) {
  process.stderr.write(`measuring the suite of a ${name} …\n`);
  const figures = measure(contenders(suite), rounds, processor);
  const floor = figures[0]!.nanoseconds;
  for (const { name: what, nanoseconds } of figures) {
    const target = TARGETS[what];
    const ratio = nanoseconds / floor;
    const isOver = target !== undefined && ratio > target;
    isMet &&= !isOver;
    const row = [name, what, micros(nanoseconds), ratio.toFixed(2) + (isOver ? ' !' : ''), target ?? ''];
    lines.push(`| ${row.join(' | ')} |`);
  }
}

const { one, two, idle } = await poolRates();

process.stdout.write(`Node ${process.version}, processor time in interleaved rounds, lower quartiles. Times of one X25519 of the same suite; "!" marks what is above its target.

| suite | operation | µs | times X25519 | target |
|---|---|---|---|---|
${lines.join('\n')}

The opening pool, fed from memory: ${one.toFixed(0)} cells/s by one thread, ${two.toFixed(0)} by two, ${(two / one).toFixed(2)} times as many (load now: ${loadavg()[0]!.toFixed(1)}); by processor time of the threads and of who feeds them ${idle.toFixed(2)}${idle < POOL_TARGET ? ' !' : ''} times as many on two idle cores, at least ${POOL_TARGET}.
(checksum ${checksum()})
`);
if (!isMet) process.exitCode = 1;
