/** Rotations of domain keys and moves of persons: their bytes, who must have signed, and which one follows which. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readCertificate } from '../../pki/certificate.ts';
import { PkiError } from '../../pki/error.ts';
import { makeRecoveryKey } from '../../pki/make-key.ts';
import { isNewerMove, type Move, parseMove, readMove, renderMove, signMove } from '../../pki/move-statement.ts';
import { renderPacket, tags } from '../../pki/packets.ts';
import { applyRevocation, makeRevocation } from '../../pki/revocation.ts';
import { type NumberedKey, nextRotation, readRotation, type RotationKeys, signRotation } from '../../pki/rotation.ts';
import {
  NO_ROTATION,
  parseRotation,
  renderRotation,
  type Rotation,
  rotationHash,
  splitRotation,
} from '../../pki/rotation-statement.ts';
import { readSecretKey, type SecretKey } from '../../pki/secret-key.ts';
import { splitSigned } from '../../pki/signed-text.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { inGpgHome, withGpg } from './gpg.ts';
import { DAY, domainKey, identityKey, NOW, seed } from './keys.ts';
import { imported } from './validity.ts';

const HOME = 'home.example';
const [one, two, three, stranger] = (await Promise.all([1, 41, 51, 61].map((number) => domainKey(HOME, number)))) as [
  SecretKey,
  SecretKey,
  SecretKey,
  SecretKey,
];
const recovery = await readSecretKey(await makeRecoveryKey(HOME, seed(5), NOW));
const fingerprintOf = ({ certificate }: SecretKey): string => certificate.key.fingerprint;
const first: NumberedKey = { fingerprint: fingerprintOf(one), seq: 1, prev: NO_ROTATION };
const rotation = nextRotation(HOME, first, fingerprintOf(two), NOW + 3 * DAY, fingerprintOf(recovery));
const bytes = await signRotation(one.signer, two.signer, rotation, NOW);
const keys: RotationKeys = { old: one.certificate, new: two.certificate, recovery: recovery.certificate };

const alice = await identityKey('alice', HOME, 11);
const ALICE = 'alice <alice@home.example>';
const moved = await identityKey('alice', 'new.example', 21);
const move: Move = {
  from: ALICE,
  to: 'alice <alice@new.example>',
  old: fingerprintOf(alice),
  new: fingerprintOf(moved),
  counter: 1,
  time: NOW,
};

type Vectors = {
  rotation: { text: string; signatures: string[]; hash: string };
  move: { text: string; signatures: string[] };
  invalidRotations: { what: string; text: string; code: string }[];
  invalidMoves: { what: string; text: string; code: string }[];
};
const vectors = JSON.parse(readFileSync(new URL('../vectors/pki/rotations.json', import.meta.url), 'utf8')) as Vectors;

const codeOf = (of: () => unknown): string => {
  try {
    of();
    return 'taken';
  } catch (error) {
    if (error instanceof PkiError) return error.code;
    throw error;
  }
};
const refused = (code: string): unknown => expect.objectContaining({ code });

test('vectors: texts, signatures and the hash', async () => {
  const signed = ({ text, signatures }: { text: string; signatures: string[] }): string =>
    text + signatures.map((signature) => `signature ${signature}\n`).join('');
  expect(decodeText(bytes)).toBe(signed(vectors.rotation));
  expect(rotationHash(encodeText(vectors.rotation.text))).toBe(vectors.rotation.hash);
  expect(decodeText(await signMove(alice.signer, moved.signer, move))).toBe(signed(vectors.move));
});

test.each(vectors.invalidRotations)('no rotation: $what', ({ text, code }) => {
  expect(codeOf(() => parseRotation(encodeText(text)))).toBe(code);
});

test.each(vectors.invalidMoves)('no move: $what', ({ text, code }) => {
  expect(codeOf(() => parseMove(encodeText(text)))).toBe(code);
});

test('old and new key have signed, or it counts for nothing', async () => {
  expect(await readRotation(bytes, keys, NOW)).toMatchObject({ rotation, by: 'old' });
  const { signed, given, taken } = splitRotation(bytes);
  const again = async (giver: SecretKey, taker: SecretKey): Promise<Uint8Array> =>
    signRotation(giver.signer, taker.signer, rotation, NOW);
  expect(await readRotation(await again(recovery, two), keys, NOW)).toMatchObject({ by: 'recovery' });
  await expect(again(one, three)).rejects.toEqual(refused('_foreign_rotation'));
  const joined = (...signatures: Uint8Array[]): Uint8Array => {
    const base64 = signatures.map((body) => `signature ${Buffer.from(body).toString('base64')}\n`).join('');
    return encodeText(decodeText(signed) + base64);
  };
  await expect(readRotation(await again(stranger, two), keys, NOW)).rejects.toEqual(refused('_forged_rotation'));
  await expect(readRotation(await again(recovery, two), { ...keys, recovery: null }, NOW)).rejects.toEqual(
    refused('_forged_rotation'),
  );
  for (const forged of [joined(taken, given), joined(given, given), joined(given, seed(1)), joined(taken, taken)]) {
    await expect(readRotation(forged, keys, NOW)).rejects.toEqual(refused('_forged_rotation'));
  }
  for (const other of [joined(given), joined(), joined(given, taken, taken), encodeText('x'.repeat(4096))]) {
    await expect(readRotation(other, keys, NOW)).rejects.toEqual(refused('_invalid_rotation'));
  }
  await expect(readRotation(new Uint8Array(4097), keys, NOW)).rejects.toEqual(refused('_oversized_rotation'));
});

test('other keys, another domain, a revoked successor, and too late', async () => {
  const other = await domainKey('other.example', 71);
  const foreign = [
    { ...keys, old: three.certificate },
    { ...keys, new: three.certificate },
    { ...keys, new: other.certificate },
  ];
  for (const some of foreign) {
    await expect(readRotation(bytes, some, NOW)).rejects.toEqual(refused('_foreign_rotation'));
  }
  const crossing = { ...rotation, new: fingerprintOf(other) };
  const crossed = await signRotation(one.signer, other.signer, crossing, NOW);
  await expect(readRotation(crossed, { ...keys, new: other.certificate }, NOW)).rejects.toEqual(
    refused('_foreign_rotation'),
  );
  const dead = await applyRevocation(two.certificate, await makeRevocation(two.signer, NOW));
  await expect(readRotation(bytes, { ...keys, new: await readCertificate(dead) }, NOW)).rejects.toEqual(
    refused('_revoked_key'),
  );
  await expect(readRotation(bytes, keys, rotation.expires)).rejects.toEqual(refused('_expired_rotation'));
  expect(await readRotation(bytes, keys, rotation.expires - 1)).toMatchObject({ by: 'old' });
});

test('the next one has one number more, and the hash of the one before', () => {
  const known = { fingerprint: fingerprintOf(two), seq: 2, prev: rotationHash(splitRotation(bytes).signed) };
  const next = nextRotation(HOME, known, fingerprintOf(three), NOW + 9 * DAY);
  expect(next).toMatchObject({ old: fingerprintOf(two), seq: 3, prev: known.prev, recovery: null });
});

test('whatever is rendered is read again', () => {
  const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
  const some = fc.record({ old: hex(40), new: hex(40), prev: hex(64), seq: fc.integer({ min: 3, max: 1e15 - 1 }) });
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 1e12 }), (parts, notBefore) => {
      const made: Rotation = { ...parts, domain: HOME, notBefore, expires: notBefore + 1, recovery: null };
      if (made.old !== made.new) expect(parseRotation(renderRotation(made))).toEqual(made);
    }),
    { numRuns: 100 },
  );
});

test('moves: both keys sign, the higher counter counts, two with one counter are a proof', async () => {
  const signed = await signMove(alice.signer, moved.signer, move);
  const known = await readMove(signed, alice.certificate, moved.certificate, NOW);
  expect(known.move).toEqual(move);
  await expect(signMove(moved.signer, moved.signer, move)).rejects.toEqual(refused('_foreign_move'));
  await expect(readMove(signed, moved.certificate, alice.certificate, NOW)).rejects.toEqual(refused('_foreign_move'));
  const bob = { ...move, from: 'bob <bob@home.example>' };
  await expect(
    readMove(await signMove(alice.signer, moved.signer, bob), alice.certificate, moved.certificate, NOW),
  ).rejects.toEqual(refused('_foreign_move'));
  const forged = encodeText(decodeText(signed).replace('counter 1', 'counter 2'));
  await expect(readMove(forged, alice.certificate, moved.certificate, NOW)).rejects.toEqual(refused('_forged_move'));
  await expect(readMove(signed, alice.certificate, moved.certificate, NOW - 301)).rejects.toEqual(
    refused('_future_move'),
  );
  await expect(readMove(new Uint8Array(4097), alice.certificate, moved.certificate, NOW)).rejects.toEqual(
    refused('_oversized_move'),
  );
  const dead = await readCertificate(await applyRevocation(alice.certificate, await makeRevocation(alice.signer, NOW)));
  await expect(readMove(signed, dead, moved.certificate, NOW)).rejects.toEqual(refused('_revoked_key'));
  const other = async (change: Partial<Move>) =>
    readMove(
      await signMove(alice.signer, moved.signer, { ...move, ...change }),
      alice.certificate,
      moved.certificate,
      NOW,
    );
  expect(isNewerMove(known, await other({}))).toBe(false);
  const later = await other({ counter: 2 });
  expect(isNewerMove(known, later)).toBe(true);
  expect(codeOf(() => isNewerMove(later, known))).toBe('_stale_move');
  expect(codeOf(() => isNewerMove(known, { ...later, move: { ...later.move, old: move.new } }))).toBe('_foreign_move');
  const twin = await other({ time: NOW - 1 });
  expect(codeOf(() => isNewerMove(known, twin))).toBe('_conflicting_move');
  expect(parseMove(renderMove({ ...move, to: move.from }))).toMatchObject({ to: ALICE });
});

withGpg('GnuPG', () => {
  test('verifies both signatures of a rotation and of a move', async () => {
    const cases: [Uint8Array, SecretKey[], string[]][] = [
      [bytes, [one, two], ['P3DO <p3do@home.example>', 'P3DO <p3do@home.example>']],
      [
        await signRotation(recovery.signer, two.signer, rotation, NOW),
        [recovery, two],
        ['P3DO recovery', 'P3DO <p3do'],
      ],
      [await signMove(alice.signer, moved.signer, move), [alice, moved], [ALICE, 'alice <alice@new.example>']],
    ];
    for (const [statement, signers, names] of cases) {
      const { signed, signatures } = splitSigned(statement, 2)!;
      await inGpgHome(async (gpg) => {
        await imported(gpg, NOW, ...signers.map(({ certificate }) => certificate.bytes));
        const text = gpg.file('statement', signed);
        for (const [at, body] of signatures.entries()) {
          const detached = gpg.file(`signature${at}`, renderPacket({ tag: tags.signature, body }));
          const { status, stderr } = await gpg.gpg(NOW, '--verify', detached, text);
          expect(stderr).toContain(`Good signature from "${names[at]}`);
          expect(stderr).toContain(fingerprintOf(signers[at]!).slice(-16).toUpperCase());
          expect(status).toBe(0);
        }
        gpg.file('statement', decodeText(signed).replace('40', '41').replace('1', '2'));
        expect((await gpg.gpg(NOW, '--verify', `${text.slice(0, -9)}signature0`, text)).stderr).toContain('BAD');
      });
    }
  });
});
