/** The bytes of docs/spec/pigeonhole.md: ours are the vectors', and so are those of test/services/pigeonhole.py, which was written from the page alone. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import { boxName, boxSecrets, renderAddress } from '../../services/pigeonhole/keys.ts';
import { hourOf } from '../../services/coarse-time.ts';
import { joinParts, openDeposit, sealMessage } from '../../services/pigeonhole/message.ts';
import { isSignedBy, type Order, readRequest, renderOrder } from '../../services/pigeonhole/request.ts';
import { digestOf, findWork, isWorked } from '../../services/work.ts';
import { drawing } from '../drawing.ts';
import { madeAgain } from '../python.ts';

const DAY_MS = 86_400_000;
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Vectors {
  readonly root: string;
  readonly domain: string;
  readonly seed: string;
  readonly secret: string;
  readonly keys: string;
  readonly name: string;
  readonly address: string;
  readonly orders: readonly (Readonly<Record<string, string | number>> & {
    readonly kind: string;
    readonly day: number;
    readonly proof: string;
  })[];
  readonly works: readonly {
    readonly digest: string;
    readonly hour: number;
    readonly bits: number;
    readonly proof: string;
  }[];
  /** `drawn`: what is random, in the order of the page: 16 bytes, then an X25519 secret for each deposit. */
  readonly messages: readonly {
    readonly content: string;
    readonly hour: number;
    readonly drawn: string;
    readonly deposits: readonly string[];
  }[];
}

const vectors = JSON.parse(readFileSync(path('../vectors/pigeonhole/boxes.json'), 'utf8')) as Vectors;
const bytes = (hex: string): Uint8Array => bytesOfHex(hex)!;
const box = boxSecrets(suite, vectors.domain, bytes(vectors.root));

test('keys, name and address come of the secret', () => {
  expect(hexOf(box.seed)).toBe(vectors.seed);
  expect(hexOf(box.secret)).toBe(vectors.secret);
  expect(hexOf(box.keys)).toBe(vectors.keys);
  expect(hexOf(boxName(suite, box.keys))).toBe(vectors.name);
  expect(renderAddress(box)).toBe(vectors.address);
});

test.each(vectors.orders)('the order $kind', ({ day, proof, ...said }) => {
  const reader = typeof said['reader'] === 'string' ? { reader: bytes(said['reader']) } : {};
  const order = { ...said, ...reader } as unknown as Order;
  const work = order.kind === 'make' ? new Uint8Array(12) : undefined;
  const asking = renderOrder(suite, box, order, day * DAY_MS, work);
  expect(hexOf(asking.entity['_proof'] as Uint8Array)).toBe(proof);
  const read = readRequest(parseOne(render(asking)));
  if (read?.kind !== 'order') throw new Error('it is no order');
  expect(read.order).toEqual(order);
  expect(isSignedBy(suite, vectors.domain, read)).toBe(true);
  expect(isSignedBy(suite, 'other.example', read)).toBe(false);
  expect(isSignedBy(suite, vectors.domain, { ...read, day: day + 1 })).toBe(false);
});

test.each(vectors.works)('work of $bits bits', ({ digest, hour, bits, proof }) => {
  const subject = {
    service: 'pigeonhole',
    domain: vectors.domain,
    name: bytes(vectors.name),
    digest: bytes(digest),
  } as const;
  const atMs = hour * 3_600_000;
  expect(isWorked(suite, subject, bytes(proof), bits, 0, atMs)).toBe(true);
  expect(isWorked(suite, subject, bytes(proof), bits + 1, 0, atMs)).toBe(false);
  expect(isWorked(suite, subject, bytes(proof), bits, 2, atMs + 3 * 3_600_000)).toBe(false);
  expect(hexOf(findWork(suite, subject, bits, atMs, 0, 1_000_000)!)).toBe(proof);
});

test.each(vectors.messages)('a message of hour $hour', ({ content, hour, drawn, deposits }) => {
  const sealed = sealMessage(drawing(drawn), box, bytes(content), hour * 3_600_000);
  expect(sealed.map((one) => hexOf(digestOf(suite, one)))).toEqual(deposits);
  const parts = sealed.map((one) => openDeposit(suite, box, one)!);
  expect(hourOf(hour * 3_600_000)).toBe(parts[0]!.hour);
  const joined = joinParts(
    suite,
    parts[0]!,
    parts.map(({ data }) => data),
  );
  expect(joined).toEqual(bytes(content));
  const swapped = parts.map(({ data }) => data).reverse();
  if (swapped.length > 1) expect(joinParts(suite, parts[0]!, swapped)).toBeNull();
});

madeAgain('services/pigeonhole.py', 'vectors/pigeonhole/boxes.json', '4 orders, 2 proofs of work, 4 deposits\n');
