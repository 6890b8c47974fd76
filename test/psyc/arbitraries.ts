/** Arbitrary packets, for properties. */
import fc from 'fast-check';
import type { Operator } from '../../psyc/packet.ts';
import type { Assignment, Draft } from '../../psyc/render.ts';

const keywordUnits = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_';

export const keyword = fc.string({ unit: fc.constantFrom(...keywordUnits.split('')), minLength: 1, maxLength: 20 });

/** Bytes among which those of the grammar are frequent. */
export const grammarBytes = (maxLength: number) =>
  fc
    .array(
      fc.oneof(
        fc.constantFrom(0x0a, 0x0a, 0x7c, 0x09, 0x20, 0x3a, 0x3d, 0x30, 0x39, 0x5f, 0x61, 0x0d, 0x00),
        fc.nat(255),
      ),
      {
        maxLength,
      },
    )
    .map((bytes) => Uint8Array.from(bytes));

const operator = fc.constantFrom<Operator>(':', '=', '+', '-', '?', '@', '!');

const entityLine: fc.Arbitrary<Assignment> = fc.record({ operator, name: keyword, value: grammarBytes(40) });

const routingLine: fc.Arbitrary<Assignment> = fc.record({
  operator,
  name: keyword,
  value: grammarBytes(40).map((bytes) => bytes.filter((byte) => byte !== 0x0a)),
});

/** A packet as lines; the method only where there is data or by chance. */
export const draft: fc.Arbitrary<Draft> = fc
  .record({
    routing: fc.array(routingLine, { maxLength: 6 }),
    sync: fc.constantFrom('', '', '', '=', '?'),
    entity: fc.array(entityLine, { maxLength: 6 }),
    method: fc.option(keyword),
    data: fc.option(grammarBytes(60)),
  })
  .map((parts) => (parts.method === null ? { ...parts, data: null } : parts));
