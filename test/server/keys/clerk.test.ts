/** The thread that reads keys: whoever keeps it busy is given up and keeps nobody else waiting, and no more wait for it than may. */
import { afterEach, expect, test } from '@jest/globals';
import { renderArmour } from '../../../pki/armour.ts';
import { Clerk } from '../../../server/keys/clerk.ts';
import { keyServerLimits } from '../../../server/keys/limits.ts';
import { identityKey } from '../../pki/keys.ts';
import { Undoing } from '../../undoing.ts';
import { StillTimers } from '../transport/still-timers.ts';
import { formOf } from './fixture.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const { formMsMax, formsMax } = keyServerLimits;
const alice = (await identityKey('alice', 'home.test')).certificate;
const form = Buffer.from(formOf(renderArmour('public', alice.bytes)));
const read = expect.objectContaining({ wanted: expect.objectContaining({ fingerprint: alice.key.fingerprint }) });
const busy = { status: 'rejected', reason: expect.objectContaining({ code: '_keys_busy' }) };

function begin(): { readonly clerk: Clerk; readonly timers: StillTimers } {
  const timers = new StillTimers();
  const clerk = new Clerk(keyServerLimits, timers);
  undoing.add(() => clerk.close());
  return { clerk, timers };
}

test('a key is read, and what is none is refused with its own code; no alarm is left', async () => {
  const { clerk, timers } = begin();
  expect(await clerk.read(form)).toEqual(read);
  await expect(clerk.read(Buffer.from('keytext=x'))).rejects.toMatchObject({ code: '_invalid_armour' });
  expect(timers.waiting).toBe(0);
});

test('what takes longer than formMsMax is broken off in the middle, and the next is read by another thread', async () => {
  const { clerk, timers } = begin();
  const both = Promise.allSettled([clerk.read(form), clerk.read(form)]);
  timers.pass(formMsMax - 1);
  expect(timers.waiting).toBe(1);
  timers.pass(1);
  expect(await both).toEqual([busy, { status: 'fulfilled', value: read }]);
});

test('formsMax wait, one more is refused at once, and at the end nobody waits for ever', async () => {
  const { clerk } = begin();
  const all = Array.from({ length: formsMax + 1 }, () => clerk.read(form));
  const told = Promise.allSettled(all);
  await expect(clerk.read(form)).rejects.toMatchObject({ code: '_keys_busy' });
  await clerk.close();
  expect(await told).toEqual(all.map(() => busy));
  await expect(clerk.read(form)).rejects.toMatchObject({ code: '_keys_busy' });
});
