/** What a notary makes of copies that others give, and of keys that its domain had. */
import { expect, test } from '@jest/globals';
import { signRotation } from '../../../pki/rotation.ts';
import { NO_ROTATION } from '../../../pki/rotation-statement.ts';
import { Notary } from '../../../server/node/notary.ts';
import { domainKey, NOW } from '../../pki/keys.ts';

const DOMAIN = 'a.example';

test('a key that the domain had long ago is known by itself, and that of another domain is not', async () => {
  const [key, old, next] = [await domainKey(DOMAIN, 1), await domainKey(DOMAIN, 11), await domainKey(DOMAIN, 21)];
  const inviteNamed = (): Promise<null> => Promise.resolve(null);
  const notary = new Notary({ key, former: [old.certificate], isOpen: true, inviteNamed, now: () => NOW });
  const named = { domain: DOMAIN, seq: 2, prev: NO_ROTATION, notBefore: NOW, expires: NOW + 1, recovery: null };
  const rotation = { ...named, old: old.certificate.key.fingerprint, new: next.certificate.key.fingerprint };
  const statement = await signRotation(old.signer, next.signer, rotation, NOW);
  const asked = { kind: 'rotation', domain: DOMAIN, statement, olds: [], key: next.certificate.bytes } as const;
  const answer = await notary.answer({ ...asked, recovery: null });
  expect(answer).toMatchObject({ kind: 'rotation', rotation: { from: rotation.old, signer: 'old key' } });
  const elsewhere = new Notary({ key, isOpen: true, inviteNamed, now: () => NOW });
  expect(await elsewhere.answer({ ...asked, recovery: null })).toEqual({ kind: 'refused', code: '_forged_rotation' });
});
