/** What a notary makes of copies that others give, and of keys that its domain had. */
import { expect, test } from '@jest/globals';
import { bytesOfHex } from '../../../crypto/bytes.ts';
import { revoke } from '../../../pki/certification.ts';
import { newDevice } from '../../../pki/device-statement.ts';
import { firstStatement, signStatement } from '../../../pki/enrolment.ts';
import { signRotation } from '../../../pki/rotation.ts';
import { NO_ROTATION } from '../../../pki/rotation-statement.ts';
import { asTheyCome } from '../../../server/keys/as-they-come.ts';
import { Notary, type SoughtKeys } from '../../../server/node/notary.ts';
import { within } from '../../../server/node/within.ts';
import { certified, DAY, domainKey, identityKey, NOW, seed } from '../../pki/keys.ts';

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

const person = `psyc://${DOMAIN}/~ada`;
const domain = await domainKey(DOMAIN, 1, NOW - DAY);
const ada = await identityKey('ada', DOMAIN, 31);
const userId = ada.certificate.userIds[0]!.text;
const certificate = await certified(domain, ada.certificate, userId);
const stated = (counter: number): Promise<Uint8Array> => {
  const { fingerprint } = certificate.key;
  const devices = [newDevice(seed(counter), NOW)];
  return signStatement(ada.signer, { ...firstStatement(fingerprint, userId, NOW), counter, devices });
};

/** What is found where others give these copies one after the other. */
function finding(copies: readonly SoughtKeys[], fingerprint: string | null = certificate.key.fingerprint) {
  const search = async function* (): AsyncGenerator<SoughtKeys> {
    yield* copies;
  };
  const inviteNamed = (): Promise<null> => Promise.resolve(null);
  const other = { key: domain, isOpen: true, inviteNamed, search, now: () => NOW };
  const wanted = fingerprint === null ? null : bytesOfHex(fingerprint);
  const asked = { kind: 'find', person, fingerprint: wanted, known: null, honoured: null, servers: [] } as const;
  return new Notary(other).answer({ ...asked, authorities: [domain.certificate.bytes] });
}

test('of several copies that others give the newest statement counts, whoever is first', async () => {
  const [one, two] = [await stated(1), await stated(2)];
  const copies = [one, two, one].map((statement) => ({ key: certificate.bytes, statement }));
  expect(await finding(copies)).toMatchObject({ kind: 'found', statement: two });
  // What is broken, not certified, or without a statement spoils nothing.
  const broken = { key: Uint8Array.of(1, 2, 3), statement: Uint8Array.of(4) };
  const bare = { key: ada.certificate.bytes, statement: await stated(3) };
  const forged = { key: certificate.bytes, statement: await stated(9).then((bytes) => bytes.with(40, 0)) };
  const some = [broken, bare, forged, copies[0]!, { key: certificate.bytes, statement: null }, copies[1]!];
  expect(await finding(some)).toMatchObject({ kind: 'found', statement: two });
});

test('… and what any of them takes back is taken back', async () => {
  const statement = await stated(1);
  const retired = await revoke(ada, certificate, userId, NOW);
  const copies = [certificate.bytes, retired].map((key) => ({ key, statement }));
  expect(await finding(copies)).toEqual({ kind: 'refused', code: '_keys_unknown' });
});

test('of two keys of one name, none of which is pinned, the one that his domain has certified last', async () => {
  const next = await identityKey('ada', DOMAIN, 41, NOW - DAY);
  const old = await certified(domain, next.certificate, userId, NOW - DAY);
  const { fingerprint } = old.key;
  const oldStatement = await signStatement(next.signer, firstStatement(fingerprint, userId, NOW - DAY));
  const copies = [
    { key: old.bytes, statement: oldStatement },
    { key: certificate.bytes, statement: await stated(1) },
  ];
  const found = { kind: 'found', read: { fingerprint: bytesOfHex(certificate.key.fingerprint) } };
  expect(await finding(copies, null)).toMatchObject(found);
  expect(await finding(copies.toReversed(), null)).toMatchObject(found);
  expect(await finding(copies, fingerprint)).toMatchObject({ read: { fingerprint: bytesOfHex(fingerprint) } });
});

test('once there is enough, more is waited for a short time only', async () => {
  const given: number[] = [];
  const endless = async function* (): AsyncGenerator<number> {
    yield 1;
    yield 2;
    await new Promise<never>(() => {});
  };
  const isEnough = (): boolean => given.length === 2;
  for await (const one of within(endless(), 3_600_000, { ms: 1, isEnough })) given.push(one);
  expect(given).toEqual([1, 2]);
});

test('others are asked some at a time: who never answers holds up nobody but himself', async () => {
  const begun: number[] = [];
  const never = new Promise<never>(() => {});
  const tasks = [0, 1, 2, 3].map((at) => () => {
    begun.push(at);
    return at === 0 ? never : Promise.resolve([at]);
  });
  const given = asTheyCome(tasks, 2);
  expect([await given.next(), await given.next()].map(({ value }) => value as unknown)).toEqual([1, 2]);
  expect(begun).toEqual([0, 1, 2]);
  expect((await given.next()).value).toBe(3);
});
