/** Two successors of one key: every server is told of both, and the telling ends. */
import { expect, test } from '@jest/globals';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { IdealKeys } from '../../simulator/ideal.ts';
import { type Heard, NodeFixture } from './node-fixture.ts';

const torn = 'b.example';
const DAY_MS = 86_400_000;

test('two servers that know a domain with two successors tell each other of both, and no more', () => {
  let drawn = 0;
  const keys = new IdealKeys((length) => new Uint8Array(length).fill(++drawn));
  const one = new NodeFixture({}, { keys });
  const other = new NodeFixture({}, { keys, domain: 'c.example' });
  for (const [node, peer] of [
    [one, 'c.example'],
    [other, 'a.example'],
  ] as const) {
    node.connect(`server ${torn}`);
    node.connect(`server ${peer}`);
    node.hear(`server ${peer}`);
  }
  const tell = (node: NodeFixture, from: string, to: string, statement: Uint8Array, key: Uint8Array): void =>
    node.say(`server ${from}`, {
      routing: { _source: `psyc://${from}`, _target: `psyc://${to}` },
      entity: { _domain: torn, _rotation: statement, _key: key },
      method: '_notice_key_rotation',
    });
  /** What one has told the other since, brought there; gives how many statements it was. */
  const brought = (from: NodeFixture, fromDomain: string, to: NodeFixture, toDomain: string): number => {
    const told = from.hear(`server ${toDomain}`).filter(({ method }: Heard) => method === '_notice_key_rotation');
    for (const { packet } of told) {
      const [statement, key] = [packet.value('_rotation')!, packet.value('_key')!];
      tell(to, fromDomain, toDomain, Uint8Array.from(statement), Uint8Array.from(key));
    }
    return told.length;
  };
  one.connect('server d.example');
  const old = keys.domain(torn);
  for (const name of ['next', 'second']) {
    const next = keys.domain(torn, name);
    const statement = keys.rotation(old, next, 2, beginUnixMs, beginUnixMs + DAY_MS);
    tell(one, 'd.example', 'a.example', statement, next.certificate);
  }
  const counts: number[] = [];
  do {
    counts.push(brought(one, 'a.example', other, 'c.example') + brought(other, 'c.example', one, 'a.example'));
  } while (counts.at(-1) !== 0 && counts.length < 8);
  expect(counts[0]).toBeGreaterThanOrEqual(2);
  expect(counts.at(-1)).toBe(0);
});
