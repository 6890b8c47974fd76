/** Channels of devices: made from the device id, and told apart from those of others. */
import { expect, test } from '@jest/globals';
import { channelOf, isChannelOf, isMainChannel } from '../../circuit/channel.ts';

const device = Uint8Array.from({ length: 16 }, (_, at) => at);
const ada = 'psyc://a.example/~ada';

test('a main channel is the first digits of the device id; a side channel has a name behind it', () => {
  expect(channelOf(ada, device)).toBe(`${ada}#0001020304050607`);
  expect(channelOf(ada, device, '12')).toBe(`${ada}#0001020304050607-12`);
  expect(isMainChannel(channelOf(ada, device))).toBe(true);
  expect(isMainChannel(channelOf(ada, device, '1'))).toBe(false);
  for (const side of ['', 'A', 'a-b', 'x'.repeat(17)]) expect(() => channelOf(ada, device, side)).toThrow(RangeError);
});

test.each([`${ada}#0001020304050607`, `${ada}#0001020304050607-x`])('%s is hers', (channel) => {
  expect(isChannelOf(channel, ada, device)).toBe(true);
});

test.each([
  ada,
  `${ada}#`,
  `${ada}#0001020304050608`,
  `${ada}#0001020304050607-`,
  `${ada}#0001020304050607x`,
  `${ada}#000102030405060708`,
  'psyc://a.example/~eve#0001020304050607',
])('%s is not', (channel) => {
  expect(isChannelOf(channel, ada, device)).toBe(false);
});
