/** Clocks that are off: exactly as far as they may be, a second more, and a day, for everything that has a date. */
import { describe, expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { checkGood } from '../../pki/certificate.ts';
import { certStatus } from '../../pki/certification.ts';
import { enrol, firstStatement, readStatement, signStatement } from '../../pki/enrolment.ts';
import { limits } from '../../pki/limits.ts';
import { readMove, signMove } from '../../pki/move-statement.ts';
import { PkiError } from '../../pki/error.ts';
import { successionOf } from '../../pki/succession.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import { unmetDomain } from '../../pki/trust-state.ts';
import { PublicationError } from '../../publication/error.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { signPublication, verifyPublication } from '../../publication/sign.ts';
import { readVisit, renderVisit } from '../../publication/visit.ts';
import { suite } from '../../server/suite.ts';
import { certified, DAY, domainKey, identityKey, NOW, seed, WEEK } from './keys.ts';

const USER = 'alice <alice@home.example>';
// What is made is dated a minute back.
const BACK = 60;
const home = await domainKey('home.example', 1, NOW - WEEK);
const young = await domainKey('home.example', 1, NOW + BACK);
const alice = await identityKey('alice', 'home.example', 11, NOW - WEEK);
const next = await identityKey('alice', 'new.example', 31, NOW - WEEK);
const certificate = await certified(home, alice.certificate, USER, NOW + BACK);
const { fingerprint } = alice.certificate.key;
const statement = await signStatement(alice.signer, enrol(firstStatement(fingerprint, USER, NOW), seed(77), NOW));
const move = await signMove(alice.signer, next.signer, {
  from: USER,
  to: 'alice <alice@new.example>',
  old: fingerprint,
  new: next.certificate.key.fingerprint,
  counter: 1,
  time: NOW,
});

const device = new Uint8Array(16).fill(3);
const author = {
  uniform: 'psyc://home.example/~alice',
  fingerprint: seed(5).subarray(0, 20),
  deviceKey: suite.ed25519PublicKey(seed(4)),
};
const content = new TextEncoder().encode('_message_public\nhello\n');
const said = {
  address: 'psyc://b.example/@hall',
  fingerprint: author.fingerprint,
  device,
  counter: 1,
  previous: new Uint8Array(32),
};
const publication = signPublication(suite, { ...said, timeMs: NOW * 1000, content }, seed(4));
const visit = {
  person: author.uniform,
  fingerprint: author.fingerprint,
  device,
  domain: 'c.example',
  timeMs: NOW * 1000,
};
const visited = renderVisit(suite, visit, seed(4));

/** What is made of each by a clock that shows so many seconds. */
const readers: readonly (readonly [string, string, (now: number) => unknown])[] = [
  ['a key', '_expired_key', (now) => checkGood(young.certificate, now)],
  [
    'a certification',
    '_uncertified',
    async (now) => {
      const status = await certStatus(certificate, USER, home.certificate, now);
      if (!status.isValid) throw new PkiError(status.code, '');
    },
  ],
  ['a statement of devices', '_future_statement', (now) => readStatement(statement, alice.certificate, now)],
  ['a move', '_future_move', (now) => readMove(move, alice.certificate, next.certificate, now)],
  [
    'a publication',
    '_publication_future',
    (now) => verifyPublication(suite, publication, author, () => undefined, now * 1000),
  ],
  ['a visit', '_publication_future', (now) => readVisit(suite, visited, 'c.example', device, author, now * 1000)],
];

async function codeOf(read: () => unknown): Promise<string | null> {
  try {
    await read();
    return null;
  } catch (error) {
    if (error instanceof PkiError || error instanceof PublicationError) return error.code;
    throw error;
  }
}

describe.each(readers)('%s', (_, code, read) => {
  test.each([
    ['a day behind', -DAY, code],
    ['five minutes and a second behind', -301, code],
    ['five minutes behind', -300, null],
    ['right', 0, null],
    ['five minutes ahead', 300, null],
    ['a day ahead', DAY, null],
  ])('by a clock that is %s', async (__, offSeconds, expected) => {
    expect(await codeOf(() => read(NOW + offSeconds))).toBe(expected);
  });
});

test('five minutes is what all of them mean', () => {
  expect([limits.skewSeconds, publicationLimits.skewMsMax / 1000, trustLimits.skewMs / 1000]).toEqual([300, 300, 300]);
});

test('a visit ends after its time, to the millisecond', async () => {
  const { visitMsMax } = publicationLimits;
  const at = (nowMs: number) => codeOf(() => readVisit(suite, visited, 'c.example', device, author, nowMs));
  expect(await at(NOW * 1000 + visitMsMax - 1)).toBeNull();
  expect(await at(NOW * 1000 + visitMsMax)).toBe('_publication_invalid_visit');
});

test.each([
  ['a day behind', -DAY * 1000, false],
  ['a millisecond more than five minutes behind', -300_001, false],
  ['five minutes behind', -300_000, true],
  ['a day ahead', DAY * 1000, true],
])('a successor of a domain’s key by a clock that is %s', (_, offMs, follows) => {
  const beginMs = NOW * 1000;
  const [from, to] = [hexOf(seed(1)), hexOf(seed(2))];
  const pin = {
    ...unmetDomain,
    seq: 1,
    pin: { fingerprint: from, sinceMs: 0, basis: 'confirmed', recovery: null },
  } as const;
  const heard = {
    from,
    to,
    seq: 2,
    previous: null,
    notBeforeMs: beginMs,
    expiresMs: beginMs + 30 * DAY * 1000,
    signer: 'old key',
    hash: 'x',
    recovery: null,
    seenMs: 0,
  } as const;
  expect(
    successionOf(pin, { rotations: [heard], revocations: [], sought: [] }, beginMs + offMs, trustLimits).to(to) !==
      null,
  ).toBe(follows);
});
