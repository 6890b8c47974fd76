/** Author-signed packets: the vectors, and what carriers may and may not do to them. */
import { verify as nodeVerify, createPublicKey } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hexOf, joinBytes, textBytes } from '../../crypto/bytes.ts';
import { Parser } from '../../psyc/parse.ts';
import { renderRouted } from '../../psyc/render.ts';
import { PublicationError } from '../../publication/error.ts';
import { publicationId, type Statement, signedBytes } from '../../publication/fields.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { readPublication, renderPublication, signedContent } from '../../publication/packet.ts';
import { mayBeMulticast, signPublication, verifyPublication } from '../../publication/sign.ts';
import { suite } from '../../server/suite.ts';
import { alice, parse, readVectors, routeOf, seed, statement, unhex } from './vectors.ts';

interface Valid {
  readonly name: string;
  readonly address: string;
  readonly fingerprint: string;
  readonly device: string;
  readonly counter: number;
  readonly previous: string;
  readonly timeMs: number;
  readonly content: string;
  readonly signedBytes: string;
  readonly id: string;
  readonly signature: string;
  readonly packet: string;
}

const valid = readVectors<{ seed: string; publicKey: string; publications: Valid[] }>('valid.json');
const invalid = readVectors<{
  nowMs: number;
  author: { uniform: string; fingerprint: string; deviceKey: string };
  packets: { name: string; code: string; packet: string }[];
}>('invalid.json');

/** The code of the PublicationError that `act` throws; null when it throws none. */
function codeOf(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof PublicationError) return error.code;
    throw error;
  }
}

const uint = (value: number, bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  buffer.writeBigUInt64BE(BigInt(value), bytes - 8);
  return buffer;
};

describe('vectors', () => {
  test.each(valid.publications)('$name', (vector) => {
    const fields = [
      Buffer.from(vector.address),
      Buffer.from(vector.fingerprint, 'hex'),
      Buffer.from(vector.device, 'hex'),
      uint(vector.counter, 8),
      Buffer.from(vector.previous, 'hex'),
      uint(vector.timeMs, 8),
      Buffer.from(vector.content, 'hex'),
    ];
    // Made once more without our code, so that the page alone suffices.
    const length = (field: Buffer): Buffer => uint(field.length, 8).subarray(4);
    const bytes = Buffer.concat([
      Buffer.from('p3do-publication-v1\0'),
      ...fields.flatMap((field) => [length(field), field]),
    ]);
    expect(bytes.toString('hex')).toBe(vector.signedBytes);
    const x = Buffer.from(valid.publicKey, 'hex').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    expect(nodeVerify(null, bytes, key, Buffer.from(vector.signature, 'hex'))).toBe(true);

    const packet = parse(unhex(vector.packet));
    const route = routeOf(packet);
    const publication = readPublication(packet, route)!;
    expect(hexOf(signedBytes(publication))).toBe(vector.signedBytes);
    const author = { ...alice, fingerprint: unhex(vector.fingerprint) };
    expect(hexOf(verifyPublication(suite, publication, author, route, vector.timeMs))).toBe(vector.id);

    const { signature: _, ...unsigned } = publication;
    const again = signPublication(suite, unsigned, unhex(valid.seed));
    expect(hexOf(again.signature)).toBe(vector.signature);
    expect(hexOf(signedContent(again))).toBe(hexOf(packet.content!));
  });

  test.each(invalid.packets)('$name: $code', ({ code, packet }) => {
    const { uniform, fingerprint, deviceKey } = invalid.author;
    const author = { uniform, fingerprint: unhex(fingerprint), deviceKey: unhex(deviceKey) };
    const parsed = parse(unhex(packet));
    const check = (): void => {
      const publication = readPublication(parsed, routeOf(parsed))!;
      verifyPublication(suite, publication, author, routeOf(parsed), invalid.nowMs);
    };
    expect(codeOf(check)).toBe(code);
  });
});

describe('carrying', () => {
  const text = fc.string({ maxLength: 40 }).map((value) => value.replaceAll('\n', ' '));
  const contents = fc
    .tuple(fc.array(text, { maxLength: 4 }), fc.option(fc.uint8Array({ maxLength: 80 }), { nil: null }))
    .map(([values, data]) => {
      const lines = values.map((value, index) => `${index % 2 === 0 ? ':' : '='}_v${index}\t${value}\n`).join('');
      const said = textBytes(`${lines}_message_public\n`);
      return data === null ? said : joinBytes(said, data, textBytes('\n'));
    });

  test('whatever content, whatever split, whatever routing variables are added', () => {
    const counters = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(contents, counters, fc.nat(64), fc.option(text, { nil: null }), (content, counter, split, tag) => {
        const previous = new Uint8Array(32).fill(counter === 1 ? 0 : 7);
        const publication = signPublication(suite, { ...statement, counter, previous, content }, seed);
        const routing = { _context: statement.address, _source_relay: alice.uniform, _tag: tag ?? undefined };
        const bytes = renderPublication(publication, routing);
        const parser = new Parser();
        parser.feed(bytes.subarray(0, split));
        if (parser.next() !== null) throw new Error('a packet of half a packet');
        parser.feed(bytes.subarray(split));
        const packet = parser.next()!;
        const read = readPublication(packet, routeOf(packet));
        expect(read).toEqual(publication);
        // And once more through a router that knows nothing of publications.
        const carried = parse(renderRouted({ ...routing, _tag_relay: 'x' }, packet.content));
        const id = verifyPublication(
          suite,
          readPublication(carried, routeOf(carried))!,
          alice,
          routeOf(carried),
          statement.timeMs,
        );
        expect(id).toEqual(publicationId(suite, publication));
      }),
      { numRuns: 60 },
    );
  });

  test('any bit of the content changed is seen', () => {
    const content = signedContent(signPublication(suite, statement, seed));
    fc.assert(
      fc.property(fc.nat(8 * content.length - 1), (bit) => {
        const changed = content.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
        const bytes = renderRouted({ _context: statement.address }, changed);
        let packet;
        try {
          packet = parse(bytes);
        } catch {
          return; // No PSYC any more.
        }
        const route = routeOf(packet);
        const code = codeOf(() => {
          const publication = readPublication(packet, route);
          if (publication === null) throw new PublicationError('_publication_invalid_line', 'not signed any more');
          verifyPublication(suite, publication, alice, route, statement.timeMs);
        });
        expect(code).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test('a packet without the line is not author-signed', () => {
    const packet = parse(renderRouted({ _context: statement.address }, statement.content));
    expect(readPublication(packet, routeOf(packet))).toBeNull();
    const empty = parse(renderRouted({ _context: statement.address }, null));
    expect(readPublication(empty, routeOf(empty))).toBeNull();
  });
});

describe('signing', () => {
  const refusals: [string, Partial<Statement>, string][] = [
    ['nothing said', { content: new Uint8Array(0) }, '_publication_invalid_content'],
    ['no method', { content: textBytes(':_a\tb\n') }, '_publication_invalid_content'],
    ['no PSYC', { content: textBytes('hello, world\n') }, '_publication_invalid_content'],
    ['a sync line', { content: textBytes('=\n_message\n') }, '_publication_invalid_content'],
    ['a routing variable', { content: textBytes(':_source\tpsyc://x/~y\n_message\n') }, '_publication_invalid_content'],
    ['a line that is cut', { content: textBytes(':_a 5\tb\n_message\n') }, '_publication_invalid_content'],
    ['signed already', { content: textBytes(':_signature_author\tx\n_message\n') }, '_publication_invalid_content'],
    ['no end of the line', { content: textBytes('_message\nhello') }, '_publication_invalid_content'],
    ['a device of 15 bytes', { device: new Uint8Array(15) }, '_publication_invalid_fields'],
    ['a fingerprint of 16', { fingerprint: new Uint8Array(16) }, '_publication_invalid_fields'],
    ['half a counter', { counter: 1.5 }, '_publication_invalid_fields'],
    ['a time before 1970', { timeMs: -1 }, '_publication_invalid_fields'],
    ['a place of a foreign scheme', { address: 'xmpp:hall@b.example' }, '_publication_invalid_address'],
    ['too much', { content: new Uint8Array(publicationLimits.signedContentBytesMax + 1) }, '_publication_oversized'],
  ];
  test.each(refusals)('%s is not signed', (_, change, code) => {
    expect(codeOf(() => signPublication(suite, { ...statement, ...change }, seed))).toBe(code);
  });

  test('the longest content is carried, and read', () => {
    const content = textBytes(`_message\n${'x'.repeat(publicationLimits.signedContentBytesMax - 10)}\n`);
    expect(content).toHaveLength(publicationLimits.signedContentBytesMax);
    const publication = signPublication(suite, { ...statement, content }, seed);
    const packet = parse(renderPublication(publication, { _context: statement.address }));
    expect(readPublication(packet, routeOf(packet))).toEqual(publication);
    const longer = { ...publication, content: textBytes(`_message\n${'x'.repeat(content.length)}\n`) };
    const tooLong = parse(renderPublication(longer, { _context: statement.address }));
    expect(codeOf(() => readPublication(tooLong, routeOf(tooLong)))).toBe('_publication_oversized');
  });

  test('after 48 hours it is multicast no more', () => {
    const { multicastAgeMsMax } = publicationLimits;
    expect(mayBeMulticast(statement, statement.timeMs + multicastAgeMsMax)).toBe(true);
    expect(mayBeMulticast(statement, statement.timeMs + multicastAgeMsMax + 1)).toBe(false);
  });
});
