/** The keys of others in members-only places: whoever makes many of them loses his own, and nobody else's. */
import { expect, test } from '@jest/globals';
import { sessionLimits } from '../../client/session/limits.ts';
import { SenderKeys } from '../../client/session/sender-keys.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import type { Publication } from '../../publication/fields.ts';
import { renderKey } from '../../publication/sender-key.ts';
import { renderRouted } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';

const own = { uniform: 'psyc://a.example/~ada', fingerprint: new Uint8Array(20) };
const secret = new Uint8Array(32).fill(7);
const author = 'psyc://b.example/~bob';

test('senderKeysOfOneMax: of one device in one place the oldest goes, whatever others have', () => {
  const keys = new SenderKeys({ suite, own, secrets: [secret], sealed: () => {} }, new Map());
  const takes = (place: string, device: number, counter: number): void => {
    const heading = { place, author, device: new Uint8Array(16).fill(device), epoch: 3 };
    const readers = [{ ...own, publicKey: suite.x25519PublicKey(secret) }];
    const content = renderKey(suite, heading, new Uint8Array(32), readers)!;
    const packet = parseOne(renderRouted({ _counter: '9' }, content, true));
    keys.take(packet, author, { address: place, device: heading.device, counter } as Publication);
  };
  takes('psyc://p.example/@den', 1, 1);
  for (let counter = 1; counter <= 3 * sessionLimits.senderKeysOfOneMax; counter++)
    takes('psyc://q.example/@bar', 2, counter);
  const names = [...keys.all().keys()];
  expect(names.filter((name) => name.startsWith('psyc://p.example/@den'))).toHaveLength(1);
  const rest = names.filter((name) => name.startsWith('psyc://q.example/@bar'));
  expect(rest).toHaveLength(sessionLimits.senderKeysOfOneMax);
  expect(rest.at(-1)).toMatch(new RegExp(`${3 * sessionLimits.senderKeysOfOneMax}$`));
});
