/** Countersignatures that come from elsewhere, as the notary of a server reads them. */
import { expect, test } from '@jest/globals';
import { scopeOf } from '../../../pki/countersignature.ts';
import { sign } from '../../../pki/openpgp.ts';
import { tags } from '../../../pki/packets.ts';
import { signatureTypes } from '../../../pki/signature.ts';
import { Notary } from '../../../server/node/notary.ts';
import { packet, withPackets } from '../../pki/crafted.ts';
import { domainKey, NOW } from '../../pki/keys.ts';

test('a word on our key that is not limited as it must be is none', async () => {
  const [a, b] = [await domainKey('a.example', 1), await domainKey('b.example', 4)];
  const notary = new Notary({ key: a, isOpen: true, inviteNamed: () => Promise.resolve(null), now: () => NOW });
  const userId = 'P3DO <p3do@a.example>';
  const subject = { kind: 'user id', key: a.certificate.key.body, userId } as const;
  const codeOf = async (trust: { depth: number; amount: number; scope: string } | null): Promise<string> => {
    const claims = { type: signatureTypes.certPositive, created: NOW - 60, ...(trust === null ? {} : { trust }) };
    const key = withPackets(a.certificate.bytes, [packet(tags.signature, await sign(b.signer, subject, claims))]);
    const question = { kind: 'read countersignature', key, kept: null, authority: b.certificate.bytes } as const;
    const answer = await notary.answer(question);
    return answer.kind === 'refused' ? answer.code : answer.kind;
  };
  const scope = scopeOf('a.example');
  expect(await codeOf({ depth: 1, amount: 120, scope })).toBe('countersigned');
  for (const trust of [
    null,
    { depth: 1, amount: 120, scope: scopeOf('b.example') },
    { depth: 1, amount: 120, scope: '.' },
    { depth: 2, amount: 120, scope },
    { depth: 1, amount: 60, scope },
  ])
    expect(await codeOf(trust)).toBe('_foreign_scope');
});
