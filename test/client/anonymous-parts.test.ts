/** A message from nobody that is too long for one cell: its parts, over ways of their own, are the sealed message again. */
import { expect, test } from '@jest/globals';
import { AnonymousError } from '../../client/anonymous/error.ts';
import { anonymousLimits } from '../../client/anonymous/limits.ts';
import { sealText } from '../../client/anonymous/message.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { federationLimits } from '../../federation/limits.ts';
import { Parts } from '../../listener-bots/parts.ts';
import { newPair } from '../../onion/keys.ts';
import { onionLimits } from '../../onion/limits.ts';
import { openPrivate } from '../../publication/private.ts';
import { suite } from '../../server/suite.ts';

const pair = newPair(suite, suite.random);
const bob = { uniform: 'psyc://b.test/~bob', fingerprint: suite.random(20), publicKey: pair.publicKey };

/** The text that bob reads when these come out, the last ones first. */
function readBy(contents: readonly Uint8Array[]): string | undefined {
  const parts = new Parts(suite);
  for (const content of contents.toReversed()) {
    const came = parts.add(content, 0);
    if (came.kind !== 'whole') continue;
    const packet = parseOne(came.content);
    expect(packet.ownRoute('_target')).toBe(bob.uniform);
    return openPrivate(suite, null, bob, pair.secret, packet).dataText;
  }
  return undefined;
}

test.each([1, 1_500, 2_100, 5_000, 16_000])('%d letters', (length) => {
  const text = 'ä'.repeat(length >> 1) + 'x';
  const { contents, needed } = sealText(suite, bob, text);
  expect(contents.every((content) => content.length <= onionLimits.contentBytesMax)).toBe(true);
  expect(contents.length).toBe(needed === 1 ? 1 : needed + Math.ceil(needed / 2));
  expect(readBy(contents.slice(0, needed))).toBe(text);
  if (needed > 1) expect(readBy(contents.slice(1, needed))).toBeUndefined();
});

test('no longer than a stranger may say, and the reader’s server has room to say from whom it is not', () => {
  const { messageBytesMax } = anonymousLimits;
  expect(messageBytesMax + 1024).toBeLessThanOrEqual(federationLimits.strangerRowBytesMax);
  for (const length of [17_000, 40_000, 3_000_000]) {
    expect(() => sealText(suite, bob, 'x'.repeat(length))).toThrow(AnonymousError);
  }
});
