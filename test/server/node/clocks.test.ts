/** Servers whose clocks are off, over real TLS: proofs have no time in them, keys have. */
import { afterEach, expect, test } from '@jest/globals';
import { hexOf } from '../../../crypto/bytes.ts';
import type { SecretKey } from '../../../pki/secret-key.ts';
import { DAY, domainKey } from '../../pki/keys.ts';
import { identityOf } from './town.ts';
import { Undoing } from '../../undoing.ts';
import { command, type LiveNode, LiveTown, shown, until } from '../dns/live-nodes.ts';

const undoing = new Undoing();
afterEach(async () => undoing.run());

/** What a.example makes of b.example, whose clock is so many seconds ahead, and whose key was made so many seconds before that says it is now. */
async function meets(aheadSeconds: number, ageSeconds: number): Promise<string> {
  const town = new LiveTown(undoing);
  const now = Math.floor(town.now() / 1000);
  const keys: readonly SecretKey[] = [
    await domainKey('a.example', 1, now - DAY),
    await domainKey('b.example', 11, now + aheadSeconds - ageSeconds),
  ];
  const pins = new Map(
    keys.map(({ certificate }, at) => [['a.example', 'b.example'][at]!, certificate.key.fingerprint]),
  );
  const nodes: LiveNode[] = [];
  for (const [at, key] of keys.entries()) {
    const domain = ['a.example', 'b.example'][at]!;
    const identity = identityOf(domain, key);
    expect(hexOf(identity.fingerprint)).toBe(pins.get(domain));
    const ahead = at === 1 ? aheadSeconds * 1000 : 0;
    nodes.push(await town.open({ key, identity, host: `127.0.0.${at + 1}`, pins, resolvers: [], aheadMs: ahead }));
  }
  const [a] = nodes as [LiveNode];
  await command(a, { kind: 'meet', domain: 'b.example' });
  const refusal = (): string | null =>
    a.notices.flatMap((one) => (one.kind === 'refused' && one.domain === 'b.example' ? [one.code] : []))[0] ?? null;
  return until(
    async () => ((await shown(a, 'b.example')).isLinked ? 'linked' : refusal()),
    (told) => told !== null,
  ) as Promise<string>;
}

test.each([
  ['five minutes ahead, and its key is new', 300, 0, 'linked'],
  ['seven minutes ahead, and its key is new', 420, 0, '_expired_key'],
  ['a day ahead, and its key is new', DAY, 0, '_expired_key'],
  ['a day ahead, and its key is two days old', DAY, 2 * DAY, 'linked'],
  ['five minutes behind', -300, 0, 'linked'],
  ['a day behind', -DAY, 0, 'linked'],
])('a clock %s', async (_, ahead, age, expected) => {
  expect(await meets(ahead, age)).toBe(expected);
});
