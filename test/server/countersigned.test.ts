/** Two domains federate: each countersigns the other, and GnuPG sees it in the keys that their key servers give out. */
import { execFile } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readArmouredCertificate, readCertificate } from '../../pki/certificate.ts';
import { countersignStatus } from '../../pki/countersignature.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { readDomainKey } from '../../server/domain/key-file.ts';
import type { Endpoint } from '../../server/transport/resolve.ts';
import { inGpgHome, withGpg } from '../pki/gpg.ts';
import { imported, validity } from '../pki/validity.ts';
import { Undoing } from '../undoing.ts';
import { ask, type KeyDomain, serveKeys } from './keys/fixture.ts';
import { newSpeakerKeys, Speaker, type SpeakerKeys } from './node/speaker.ts';
import { command, freeEndpoint } from './served.ts';

const undoing = new Undoing();
let a: KeyDomain;
let b: KeyDomain;
let ofA: SecretKey;
let ofB: SecretKey;
let bob: SpeakerKeys;

const seconds = (): number => Math.floor(Date.now() / 1000);

/** What a command says, whatever its exit code. */
const p3do = (...args: string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile(process.execPath, [command, ...args], (_, out, complaints) => resolve(`${out}${complaints}`));
  });

const federate = ({ served }: KeyDomain, ...args: string[]): Promise<string> =>
  p3do('federate', ...args, '--folder', served.folder);

/** A key as a key server gives it to anybody. */
async function given({ keys }: { readonly keys: Endpoint }, fingerprint: string): Promise<string> {
  const { status, body } = await ask(keys, `/pks/lookup?op=get&search=0x${fingerprint}`);
  expect(status).toBe(200);
  return body;
}

const word = async (at: KeyDomain, whose: SecretKey, by: SecretKey): Promise<string> => {
  const key = await readArmouredCertificate(await given(at, whose.certificate.key.fingerprint));
  const status = await countersignStatus(key, by.certificate, seconds());
  return status.isValid ? 'valid' : status.code;
};

/** Asks until it is so; the test's own time ends it. */
async function eventually(told: () => Promise<string>, expected: string | RegExp): Promise<void> {
  for (;;) {
    const said = await told().catch(() => '');
    if (typeof expected === 'string' ? said === expected : expected.test(said)) return;
    await wait(50);
  }
}

beforeAll(async () => {
  const [atA, atB] = await Promise.all([freeEndpoint(), freeEndpoint()]);
  a = await serveKeys(undoing, 'a.test', { endpoint: atA, peers: new Map([['b.test', atB]]) });
  b = await serveKeys(undoing, 'b.test', { endpoint: atB, peers: new Map([['a.test', atA]]) });
  ofA = await readDomainKey(a.served.folder, 'a.test');
  ofB = await readDomainKey(b.served.folder, 'b.test');
  bob = await newSpeakerKeys('bob', 'b.test');
  (await Speaker.open(atB, bob, { invite: null })).close();
});
afterAll(() => undoing.run());

test('before they federate neither says anything of the other', async () => {
  expect(await federate(a, 'show', 'b.test')).not.toContain('countersigned');
});

test('both have both words on their rings, and say so', async () => {
  await federate(a, 'add', 'b.test', '--fingerprint', ofB.certificate.key.fingerprint);
  await federate(b, 'add', 'a.test', '--fingerprint', ofA.certificate.key.fingerprint);
  for (const at of [a, b]) {
    await eventually(() => word(at, ofB, ofA), 'valid');
    await eventually(() => word(at, ofA, ofB), 'valid');
  }
  const lasting = / by us {3}countersigned until \d{4}-\d\d-\d\d .*\n {2}by them countersigned until \d{4}/;
  await eventually(() => federate(a, 'show', 'b.test'), lasting);
  await eventually(() => federate(b, 'show', 'a.test'), lasting);
});

test('the doctor sees both words, where each is given out', async () => {
  const said = await p3do('doctor', 'b.test', '--folder', a.served.folder);
  expect(said).toMatch(/good +federation +a\.test countersigns b\.test until \d{4}-\d\d-\d\d/);
  expect(said).toMatch(/good +federation +b\.test countersigns a\.test until \d{4}-\d\d-\d\d/);
});

withGpg('GnuPG', () => {
  test('trusts the people of b.test by the word of a.test, as its key server gives it; not when that is taken back', async () => {
    const person = (await readCertificate(bob.key)).key.fingerprint;
    const seen = async (): Promise<string[]> => {
      const [domain, one] = [await given(a, ofB.certificate.key.fingerprint), await given(b, person)];
      return inGpgHome(async (gpg) => {
        const now = seconds();
        await imported(gpg, now, ofA.certificate.bytes, domain, one);
        const letters = [await validity(gpg, now, ofA.certificate, 'p3do@b.test')];
        letters.push(await validity(gpg, now, ofA.certificate, 'bob@b.test'));
        const { stdout } = await gpg.gpg(now, '--check-sigs', 'p3do@b.test');
        return [...letters, /^rev!/m.test(stdout) ? 'revoked' : /^sig!/m.test(stdout) ? 'good' : 'none'];
      });
    };
    expect(await seen()).toEqual(['f', 'f', 'good']);
    await federate(a, 'limit', 'b.test');
    expect(await word(a, ofB, ofA)).toBe('_revoked_certification');
    expect(await seen()).toEqual(['-', '-', 'revoked']);
    expect(await federate(a, 'show', 'b.test')).toContain('  by us   countersigned no\n');
    // The other has heard of it as well, and gives it out.
    await eventually(() => word(b, ofB, ofA), '_revoked_certification');
    await federate(a, 'add', 'b.test');
    await eventually(() => word(a, ofB, ofA), 'valid');
    // Both words are on the key, and the newest counts.
    expect(await seen()).toEqual(['f', 'f', 'revoked']);
  });
});

test('forgotten, it is given out as taken back', async () => {
  expect(await federate(a, 'remove', 'b.test')).toBe('forgotten: b.test\n');
  expect(await word(a, ofB, ofA)).toBe('_revoked_certification');
});
