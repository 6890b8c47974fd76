/** What do shards cost, beside ChaCha20-Poly1305 of the same bytes? A megabyte cut, and put together with every third shard lost. */
import { Assembly } from '../onion/assembly.ts';
import { cutMessage } from '../onion/split.ts';
import { gzip } from '../server/gzip.ts';
import { suite } from '../server/suite.ts';
import { checksum, type Contender, measure, processor } from './measure.ts';

const BYTES = 1_048_576;
/** The most that each may take, in times of the one above. */
const TARGETS: Readonly<Record<string, number>> = {
  cut: 250,
  'put together, none lost': 10,
  'put together, a third lost': 250,
};

const message = suite.random(BYTES);
const [key, nonce] = [suite.random(32), new Uint8Array(12)];
const { blocks } = cutMessage(suite, message, suite.random);
const first = blocks.flatMap(({ m, contents }) => contents.slice(0, m));
const last = blocks.flatMap(({ m, contents }) => contents.slice(-m));

function joined(contents: readonly Uint8Array[]): number {
  const assembly = new Assembly(suite, gzip.unpack);
  const came = contents.map((content) => assembly.add(content, 0)).at(-1)!;
  if (came.kind !== 'whole') throw new Error('it is not whole');
  return came.message[0]!;
}

const contenders: Contender[] = [
  { name: 'ChaCha20-Poly1305', work: () => suite.chacha20poly1305Seal(key, nonce, message, nonce)[0]! },
  { name: 'cut', work: () => cutMessage(suite, message, suite.random).blocks[0]!.contents[0]!.length },
  { name: 'put together, none lost', work: () => joined(first) },
  { name: 'put together, a third lost', work: () => joined(last) },
];

const figures = measure(contenders, 20, processor);
const floor = figures[0]!.nanoseconds;
let isMet = true;
const lines = figures.map(({ name, nanoseconds }) => {
  const ratio = nanoseconds / floor;
  const target = TARGETS[name];
  const isOver = target !== undefined && ratio > target;
  isMet &&= !isOver;
  return `| ${name} | ${(nanoseconds / 1e6).toFixed(2)} | ${ratio.toFixed(1)}${isOver ? ' !' : ''} | ${target ?? ''} |`;
});
process.stdout.write(`Node ${process.version}, a megabyte in ${blocks.map(({ m, contents }) => `${m} of ${contents.length}`).join(', ')}; processor time in interleaved rounds, lower quartiles.

| operation | ms | times ChaCha20-Poly1305 | target |
|---|---|---|---|
${lines.join('\n')}
(checksum ${checksum()})
`);
if (!isMet) process.exitCode = 1;
