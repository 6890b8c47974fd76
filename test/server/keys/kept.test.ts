/** What is on the ring stays there, whoever sends copies without it. */
import { afterEach, expect, test } from '@jest/globals';
import { record, type RecordName } from '../../../federation/records.ts';
import { trustBytes } from '../../../federation/trust/trust-record.ts';
import { renderArmour } from '../../../pki/armour.ts';
import { type Certificate, readCertificate } from '../../../pki/certificate.ts';
import { certify, certStatus, revoke } from '../../../pki/certification.ts';
import { countersign, countersignStatus } from '../../../pki/countersignature.ts';
import { addEpoch } from '../../../pki/epoch.ts';
import { renderPacket, tags } from '../../../pki/packets.ts';
import { applyRevocation, makeRevocation } from '../../../pki/revocation.ts';
import { readSecretKey } from '../../../pki/secret-key.ts';
import { unmetDomain } from '../../../pki/trust-state.ts';
import { Clerk } from '../../../server/keys/clerk.ts';
import { keyServerLimits } from '../../../server/keys/limits.ts';
import { Ring } from '../../../server/keys/ring.ts';
import { MemoryStore } from '../../../store/memory.ts';
import { craft, userIdData } from '../../pki/crafted.ts';
import { domainKey, identityKey, NOW, seed, WEEK } from '../../pki/keys.ts';
import { Undoing } from '../../undoing.ts';
import { StillTimers } from '../transport/still-timers.ts';
import { formOf } from './fixture.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

const [home, near, far] = [
  await domainKey('home.test'),
  await domainKey('near.test', 41),
  await domainKey('far.test', 51),
];

/** The ring of home.test, which has met the two others. */
async function begin(changed?: (store: MemoryStore) => void): Promise<Ring> {
  const clerk = new Clerk(keyServerLimits, new StillTimers());
  undoing.add(() => clerk.close());
  const store = new MemoryStore();
  const own = [home.certificate.bytes];
  const ring = new Ring({ store, clerk, domain: 'home.test', own, limits: keyServerLimits, now: () => NOW });
  for (const [domain, { certificate }] of [
    ['near.test', near],
    ['far.test', far],
  ] as const) {
    store.perform({ kind: 'write', request: 0, operations: [record(`psyc://${domain}`, 'key', certificate.bytes)] });
    await ring.learn(domain);
  }
  changed?.(store);
  return ring;
}

const add = (ring: Ring, { bytes }: Pick<Certificate, 'bytes'>): Promise<unknown> =>
  ring.add(Buffer.from(formOf(renderArmour('public', bytes))));

test('what one domain has taken back of another does not come back because it sends its next key without that, and somebody the old word after it', async () => {
  const ring = await begin();
  const { fingerprint } = far.certificate.key;
  const word = await readCertificate(await countersign(near, far.certificate, NOW - 9));
  await add(ring, { bytes: await revoke(near, word, 'P3DO <p3do@far.test>', NOW) });
  const next = await addEpoch(far, { seed: seed(9), from: NOW + WEEK, until: NOW + 3 * WEEK });
  await add(ring, (await readSecretKey(next)).certificate);
  await add(ring, word);
  const kept = await readCertificate((await ring.byFingerprint(fingerprint))!);
  expect(await countersignStatus(kept, near.certificate, NOW)).toMatchObject({ code: '_revoked_certification' });
});

test('nor of a person, because somebody sends the key without the name that it was taken back of', async () => {
  const ring = await begin();
  const alice = (await identityKey('alice', 'near.test')).certificate;
  const { fingerprint } = alice.key;
  const there = 'alice <alice@far.test>';
  const self = craft(seed(11), fingerprint, { type: 0x13, created: NOW }, userIdData(alice, there));
  const renamed = [
    alice.bytes,
    renderPacket({ tag: tags.userId, body: Buffer.from(there) }),
    renderPacket({ tag: tags.signature, body: self }),
  ];
  const here = await readCertificate(await certify(near, alice, 'alice <alice@near.test>', NOW));
  const both = await readCertificate(Buffer.concat(renamed));
  const word = await readCertificate(await certify(far, both, there, NOW - 9));
  await add(ring, here);
  await add(ring, { bytes: await revoke(far, word, there, NOW) });
  await add(ring, here);
  await add(ring, word);
  const kept = await readCertificate((await ring.byFingerprint(fingerprint))!);
  expect(await certStatus(kept, there, far.certificate, NOW)).toMatchObject({ code: '_revoked_certification' });
});

test('whom a domain has certified by the key it had before revokes his own while that counts, and no longer', async () => {
  const next = (await domainKey('near.test', 61)).certificate;
  const { certificate } = near;
  const retiredUntil =
    (untilMs: number) =>
    (store: MemoryStore): void => {
      const pin = { fingerprint: next.key.fingerprint, sinceMs: 0, basis: 'rotated', recovery: null } as const;
      const retired = [{ fingerprint: certificate.key.fingerprint, untilMs }];
      const trust = trustBytes({ ...unmetDomain, standing: 'normal', pin, retired });
      const kept = { key: next.bytes, 'key before': certificate.bytes, trust };
      const operations = Object.entries(kept).map(([name, value]) =>
        record('psyc://near.test', name as RecordName, value),
      );
      store.perform({ kind: 'write', request: 0, operations });
    };
  const alice = await identityKey('alice', 'near.test');
  const certified = await readCertificate(await certify(near, alice.certificate, 'alice <alice@near.test>', NOW));
  const dead = { bytes: await applyRevocation(certified, await makeRevocation(alice.signer, NOW)) };
  const ring = await begin(retiredUntil(NOW * 1000 + 1));
  await add(ring, dead);
  const kept = await readCertificate((await ring.byFingerprint(certified.key.fingerprint))!);
  expect(kept.revocation).toMatchObject({ isHard: true });
  await expect(add(await begin(retiredUntil(NOW * 1000)), dead)).rejects.toMatchObject({ code: '_uncertified' });
});
