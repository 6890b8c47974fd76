/** Packets in and out: the vectors, whole and at every split. docs/spec/psyc.md#packet */
import { describe, expect, test } from '@jest/globals';
import { renderCanonical, renderVerbatim } from '../../psyc/render.ts';
import { checkRouting } from '../../psyc/routing.ts';
import { describePacket, every, read } from './reading.ts';
import { type Bytes, bytesOf, latin1, type PacketVector, readVectors } from './vectors.ts';

interface Valid {
  readonly name: string;
  readonly input: Bytes;
  readonly packets?: readonly PacketVector[];
  readonly canonical: Bytes;
}

interface Invalid {
  readonly name: string;
  readonly layer: 'packet' | 'routing';
  readonly code: string;
  readonly offset: number;
  readonly input: Bytes;
}

const valid = readVectors<Valid>('valid-packets.json');
const invalid = readVectors<Invalid>('invalid-packets.json');
const nothing = { routing: [], sync: '', entity: [], method: null, data: null };

/** Vectors up to this size are cut at each single place as well. */
const CUT_BYTES_MAX = 400;

/** The ways a vector is cut: not at all, into single bytes, into pieces that hold no line, and once at each place. */
function* cuttings(length: number): Generator<[string, number[]]> {
  yield ['whole', []];
  yield ['byte by byte', [...every(length, 1)]];
  yield ['seven by seven', [...every(length, 7)]];
  yield ['by 4093', [...every(length, 4093)]];
  if (length <= CUT_BYTES_MAX) for (const cut of every(length, 1)) yield [`cut at ${cut}`, [cut]];
}

describe('valid packets', () => {
  test.each(valid)('$name', ({ input, packets, canonical }) => {
    const bytes = bytesOf(input);
    for (const [how, cuts] of cuttings(bytes.length)) {
      const reading = read(bytes, cuts);
      expect([how, reading.error]).toEqual([how, null]);
      if (packets !== undefined) {
        expect([how, reading.packets.map(describePacket)]).toEqual([
          how,
          packets.map((packet) => ({ ...nothing, ...packet })),
        ]);
      }
      expect([how, latin1(Buffer.concat(reading.packets.map(renderVerbatim)))]).toEqual([how, latin1(bytes)]);
    }
    const rendered = Buffer.concat(read(bytes, []).packets.map(renderCanonical));
    expect(latin1(rendered)).toBe(latin1(bytesOf(canonical)));
    expect(Buffer.concat(read(rendered, []).packets.map(renderCanonical)).equals(rendered)).toBe(true);
  });
});

describe('invalid packets', () => {
  test.each(invalid.filter(({ layer }) => layer === 'packet'))('$name: $code', ({ input, code, offset }) => {
    const bytes = bytesOf(input);
    for (const [how, cuts] of cuttings(bytes.length)) {
      expect([how, read(bytes, cuts).error]).toEqual([how, { code, offset }]);
    }
  });

  test.each(invalid.filter(({ layer }) => layer === 'routing'))('$name: $code', ({ input, code, offset }) => {
    const bytes = bytesOf(input);
    for (const [, cuts] of cuttings(bytes.length)) {
      const [packet] = read(bytes, cuts).packets;
      const route = (name: string) => packet!.ownRoute(name);
      expect(() => checkRouting(packet!, route)).toThrow(expect.objectContaining({ name: 'PsycError', code, offset }));
    }
  });
});
