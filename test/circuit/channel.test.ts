/** Channels of devices: made from the device id, and told apart from those of others. */
import { expect, test } from '@jest/globals';
import { channelOf, isChannelOf, isMainChannel, visitedIn, visitorIn } from '../../circuit/channel.ts';

const device = Uint8Array.from({ length: 16 }, (_, at) => at);
const ada = 'psyc://a.example/~ada';

test('a main channel is the first digits of the device id; a side channel has a name behind it', () => {
  expect(channelOf(ada, device)).toBe(`${ada}#0001020304050607`);
  expect(channelOf(ada, device, { side: '12' })).toBe(`${ada}#0001020304050607-12`);
  expect(isMainChannel(channelOf(ada, device))).toBe(true);
  expect(isMainChannel(channelOf(ada, device, { side: '1' }))).toBe(false);
  for (const side of ['', 'A', 'a-b', 'x'.repeat(17)])
    expect(() => channelOf(ada, device, { side })).toThrow(RangeError);
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

test('a visitor’s channel names the domain that he visits, and is his nowhere else', () => {
  const visiting = channelOf(ada, device, { side: '1', at: 'c.example' });
  expect(visiting).toBe(`${ada}#0001020304050607-1@c.example`);
  expect(isChannelOf(visiting, ada, device, 'c.example')).toBe(true);
  expect(isChannelOf(visiting, ada, device)).toBe(false);
  expect(isChannelOf(visiting, ada, device, 'd.example')).toBe(false);
  expect([visitedIn(visiting), visitorIn(visiting)]).toEqual(['c.example', `${ada}#0001020304050607@c.example`]);
  for (const other of [
    ada,
    `${ada}#0001020304050607`,
    'psyc://a.example/@hall',
    'psyc://a.example/@hall#_x',
    `${ada}#x@c.example`,
  ])
    expect(visitedIn(other)).toBeNull();
  for (const at of ['', 'c.example@d.example', 'C.example', '..'])
    expect(() => channelOf(ada, device, { at })).toThrow(RangeError);
});
