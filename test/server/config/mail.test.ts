/** What a configuration may say of the mail gateway. */
import { expect, test } from '@jest/globals';
import { readConfig } from '../../../server/config/read.ts';
import { domainWith } from './folder.ts';
import { saidOf } from './mistakes.ts';

test('an address, a relay and domains are enough; addresses are read', async () => {
  const mail = { address: 'Letters@Mail.Test', relay: '[::1]:2525', to: ['*'] };
  const { file } = await domainWith({ domain: 'example.org', mor: {}, mail });
  expect((await readConfig(file, {})).mail).toEqual({
    address: { local: 'Letters', domain: 'mail.test' },
    relay: { host: '::1', port: 2525 },
    to: ['*'],
    never: [],
    hosts: ['::'],
    port: 25,
    workBits: 20,
    lettersPerDay: 200,
    lettersPerAddress: 3,
  });
});

test.each<[string, object, readonly string[]]>([
  [
    'a gateway from a letter’s address, to nobody',
    { mail: { address: 'a+b@mail.test', relay: '127.0.0.1', to: [], never: ['Bob@mail.test'], workBits: 31 } },
    [
      '_config_invalid mail.address is "a+b@mail.test"; it must be an address as letters@mail.example.org, up to 31 characters before the @ and no +',
      '_config_invalid mail.relay is "127.0.0.1"; it must be host:port of a server that takes mail from this one, as 127.0.0.1:25',
      '_config_invalid mail.to is []; it must be a list of 1 to 1024',
      '_config_invalid mail.never[0] is "Bob@mail.test"; it must be an address or a domain, in lower case',
      '_config_invalid mail.workBits is 31; it must be a whole number from 1 to 30',
    ],
  ],
  [
    'a gateway without onions, where circuits are',
    { mail: { address: 'letters@mail.test', relay: '127.0.0.1:25', to: ['*'], port: 9404 } },
    [
      '_config_conflict mail needs mor: replies go back over onions',
      '_config_conflict mail.port is listen.port, where another thing is spoken',
    ],
  ],
])('%s', async (_, keys, expected) => {
  expect(await saidOf(keys)).toEqual(expected);
});
