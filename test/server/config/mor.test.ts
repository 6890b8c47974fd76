/** What a configuration says of onion routing, and everything that is wrong with it. docs/operating.md#onion-routing */
import { expect, test } from '@jest/globals';
import { saidOf } from './mistakes.ts';

test.each([
  [
    'links to itself, to a plain peer, and twice',
    {
      plain: { peers: { 'p.test': { addresses: ['192.0.2.1'] } } },
      mor: { links: ['example.org', 'p.test', 'b.test', 'b.test'] },
    },
    [
      '_config_conflict mor.links[0] is this domain itself',
      '_config_conflict mor.links[1] is one of plain.peers, who prove no keys',
      '_config_conflict mor.links[3] stands there twice',
    ],
  ],
  [
    'contexts of onions that cannot be',
    {
      mor: {
        contexts: [
          { name: 'inner', members: ['example.org', 'b.test', 'b.test'] },
          { name: 'inner', members: ['c.test'] },
        ],
      },
    },
    [
      '_config_conflict mor.contexts[0].members[0] is this domain itself',
      '_config_conflict mor.contexts[0].members[2] stands there twice',
      '_config_conflict mor.contexts[1].name is that of another',
    ],
  ],
  [
    'a context of onions with another name, without members, or with another key',
    { mor: { servers: 0, contexts: [{ name: 'In', members: [], frames: 1 }] } },
    [
      '_config_invalid mor.servers is 0; it must be a whole number from 1 to 4096',
      '_config_invalid mor.contexts[0].name is "In"; it must be 1 to 16 of a-z and 0-9',
      '_config_invalid mor.contexts[0].members is []; it must be a list of 1 to 64',
      expect.stringMatching(/^_config_unknown_key mor\.contexts\[0\]\.frames is no key .+ framesPerSecond/),
    ],
  ],
  [
    'more frames than others take',
    { mor: { framesPerSecond: 1001 } },
    ['_config_invalid mor.framesPerSecond is 1001; it must be a whole number from 1 to 1000'],
  ],
])('%s', async (_, keys, expected) => {
  expect(await saidOf(keys)).toEqual(expected);
});
