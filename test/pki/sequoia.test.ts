/** Sequoia, which shares no line with GnuPG, takes our keys and comes to our verdicts: who is certified, by whom, and what statements say. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { renderArmour } from '../../pki/armour.ts';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { certStatus, revoke } from '../../pki/certification.ts';
import { countersign } from '../../pki/countersignature.ts';
import { makeRecoveryKey } from '../../pki/make-key.ts';
import { signMove } from '../../pki/move-statement.ts';
import { renderPacket, tags } from '../../pki/packets.ts';
import { applyRevocation, makeRevocation } from '../../pki/revocation.ts';
import { nextRotation, signRotation } from '../../pki/rotation.ts';
import { NO_ROTATION } from '../../pki/rotation-statement.ts';
import { readSecretKey, type SecretKey } from '../../pki/secret-key.ts';
import { splitSigned } from '../../pki/signed-text.ts';
import { type Outcome, run } from '../house/fixture.ts';
import { needs, onPath } from '../needs.ts';
import { certified, DAY, domainKey, identityKey, seed } from './keys.ts';

const withSequoia = needs({ name: 'Sequoia', apt: 'sq sq-wot', probe: () => onPath('sq') && onPath('sq-wot') });

/** These programs go by the clock of the machine: keys are a day old. */
const NOW = Math.floor(Date.now() / 1000);
const MADE = NOW - DAY;
const ALICE = 'alice <alice@home.example>';
const BOB = 'bob <bob@peer.example>';
const PEER = 'P3DO <p3do@peer.example>';

/** Runs `body` with a folder for files. */
async function inFolder<T>(
  body: (file: (name: string, bytes: Uint8Array | string) => string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'sq'));
  try {
    return await body((name, bytes) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether it takes the user id for that key's, trusting one domain's key fully and no other. */
const authenticated = (
  root: SecretKey,
  target: Certificate,
  userId: string,
  ...ring: Certificate[]
): Promise<boolean> =>
  inFolder(async (file) => {
    const keyrings = [root.certificate, target, ...ring].flatMap(({ bytes }, at) => ['-k', file(`${at}.pgp`, bytes)]);
    const [trusted, asked] = [root.certificate, target].map(({ key }) => key.fingerprint.toUpperCase());
    const { status } = await run('sq-wot', [...keyrings, '-r', trusted!, 'authenticate', userId, asked!]);
    return status === 0;
  });

const home = await domainKey('home.example', 1, MADE);
const peer = await domainKey('peer.example', 41, MADE);
const alice = await identityKey('alice', 'home.example', 11, MADE);
const bob = await identityKey('bob', 'peer.example', 21, MADE);

withSequoia('Sequoia', () => {
  test('and we agree: certified, not, by another domain', async () => {
    const once = await certified(home, alice.certificate, ALICE, MADE + 100);
    const cases: [Certificate, SecretKey][] = [
      [alice.certificate, home],
      [once, home],
      [once, peer],
    ];
    const said = [];
    for (const [target, by] of cases) {
      const { isValid } = await certStatus(target, ALICE, by.certificate, NOW);
      expect(await authenticated(by, target, ALICE)).toBe(isValid);
      said.push(isValid);
    }
    expect(said).toEqual([false, true, false]);
  });

  test('sees 30 days, and that they are over', async () => {
    const [old, older] = [NOW - 29 * DAY, NOW - 31 * DAY];
    const domain = await domainKey('home.example', 1, older - DAY);
    const person = await identityKey('alice', 'home.example', 11, older - DAY);
    for (const [at, isValid] of [
      [old, true],
      [older, false],
    ] as const) {
      const target = await certified(domain, person.certificate, ALICE, at);
      expect((await certStatus(target, ALICE, domain.certificate, NOW)).isValid).toBe(isValid);
      expect(await authenticated(domain, target, ALICE)).toBe(isValid);
    }
  });

  test('trusts the people of a countersigned domain, and nobody else whom that certifies', async () => {
    const peerOnce = await readCertificate(await countersign(home, peer.certificate, MADE + 100));
    const bobOnce = await certified(peer, bob.certificate, BOB, MADE + 100);
    expect(await authenticated(home, peerOnce, PEER)).toBe(true);
    expect(await authenticated(home, bobOnce, BOB, peerOnce)).toBe(true);
    expect(await authenticated(home, bobOnce, BOB, peer.certificate)).toBe(false);
    const foreign = await identityKey('bob', 'peer.example.evil', 31, MADE);
    const others = 'bob <bob@peer.example.evil>';
    const taken = await certified(
      await domainKey('peer.example.evil', 41, MADE),
      foreign.certificate,
      others,
      MADE + 100,
    );
    expect(await authenticated(home, taken, others, peerOnce)).toBe(false);
  });

  test('verifies both signatures of a rotation and of a move, and no other text', async () => {
    const two = await domainKey('home.example', 51, MADE);
    const recovery = await readSecretKey(await makeRecoveryKey('home.example', seed(5), MADE));
    const state = { fingerprint: home.certificate.key.fingerprint, seq: 1, prev: NO_ROTATION };
    const to = two.certificate.key.fingerprint;
    const rotation = nextRotation('home.example', state, to, NOW, recovery.certificate.key.fingerprint);
    const moved = await identityKey('alice', 'new.example', 61, MADE);
    const [old, next] = [alice, moved].map(({ certificate }) => certificate.key.fingerprint);
    const move = { from: ALICE, to: 'alice <alice@new.example>', old: old!, new: next!, counter: 1, time: MADE + 100 };
    const cases: [Uint8Array, SecretKey[]][] = [
      [await signRotation(home.signer, two.signer, rotation, MADE + 100), [home, two]],
      [await signRotation(recovery.signer, two.signer, rotation, MADE + 100), [recovery, two]],
      [await signMove(alice.signer, moved.signer, move), [alice, moved]],
    ];
    for (const [statement, signers] of cases) {
      const { signed, signatures } = splitSigned(statement, 2)!;
      for (const [at, body] of signatures.entries()) {
        const verified = (text: Uint8Array, by: SecretKey): Promise<Outcome> =>
          inFolder((file) => {
            const signer = file('signer.pgp', renderArmour('public', by.certificate.bytes));
            const detached = file('signature.pgp', renderPacket({ tag: tags.signature, body }));
            return run('sq', ['verify', '--signer-cert', signer, '--detached', detached, file('text', text)]);
          });
        expect(await verified(signed, signers[at]!)).toMatchObject({ status: 0 });
        expect((await verified(signed, peer)).status).not.toBe(0);
        expect((await verified(signed.subarray(1), signers[at]!)).status).not.toBe(0);
      }
    }
  });

  test('and we agree on words that are taken back: not certified, certified again, and by a domain key that is revoked nobody', async () => {
    const once = await certified(home, alice.certificate, ALICE, MADE + 100);
    const back = await readCertificate(await revoke(home, once, ALICE, MADE + 200));
    const again = await certified(home, back, ALICE, MADE + 300);
    for (const [target, isValid] of [
      [back, false],
      [again, true],
    ] as const) {
      expect((await certStatus(target, ALICE, home.certificate, NOW)).isValid).toBe(isValid);
      expect(await authenticated(home, target, ALICE)).toBe(isValid);
    }
    const revocation = await makeRevocation(home.signer, NOW);
    const dead = { ...home, certificate: await readCertificate(await applyRevocation(home.certificate, revocation)) };
    expect((await certStatus(again, ALICE, dead.certificate, NOW)).isValid).toBe(false);
    expect(await authenticated(dead, again, ALICE)).toBe(false);
  });
});
