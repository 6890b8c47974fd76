/** Whom a server asks for a domain's key: nobody, one resolver or two. */
import { expect, test } from '@jest/globals';
import type { DnsStatement } from '../../../pki/dns-statement.ts';
import { KeyLookUp } from '../../../server/dns/look-up.ts';
import { lookUpWith } from '../../../server/node/look-up.ts';
import { Asker } from '../../../server/dns/ask.ts';
import { systemTimers } from '../../../server/transport/timers.ts';

/** Notes which question it is asked. */
class Noting extends KeyLookUp {
  readonly asked: string[] = [];

  constructor() {
    super(new Asker({ proxy: null }, systemTimers), [], () => 0);
  }

  override statement(domain: string): Promise<DnsStatement> {
    this.asked.push(`one about ${domain}`);
    return Promise.resolve({ kind: 'timeout' });
  }

  override confirmed(domain: string): Promise<DnsStatement> {
    this.asked.push(`two about ${domain}`);
    return Promise.resolve({ kind: 'timeout' });
  }
}

const asked = async (domain: string, isConfigured: boolean, isChange: boolean): Promise<string> => {
  const keys = new Noting();
  const { kind } = await lookUpWith(keys, isConfigured)(domain, isChange);
  return keys.asked.length === 0 ? `nobody: ${kind}` : keys.asked.join();
};

test.each([
  ['b.example', false, false, 'one about b.example'],
  ['b.example', false, true, 'one about b.example'],
  ['b.example', true, false, 'one about b.example'],
  ['b.example', true, true, 'two about b.example'],
  ['b.test', false, true, 'nobody: none'],
  ['b.localhost', false, true, 'nobody: none'],
  ['b.test', true, true, 'two about b.test'],
  [`${'a'.repeat(56)}.onion`, true, true, 'nobody: none'],
])('%s, resolvers named %s, a change %s: %s', async (domain, isConfigured, isChange, expected) => {
  expect(await asked(domain, isConfigured, isChange)).toBe(expected);
});
