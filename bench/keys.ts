/** How many keys does a domain certify, check and take onto its ring in a second? Beside OpenPGP.js as it is used otherwise. */
import { readKey, readPrivateKey } from 'openpgp';
import { readCertificate } from '../pki/certificate.ts';
import { certify, certStatus } from '../pki/certification.ts';
import { countersign } from '../pki/countersignature.ts';
import { makeDomainKey, makeIdentityKey } from '../pki/make-key.ts';
import { admit } from '../pki/ring.ts';
import { readSecretKey } from '../pki/secret-key.ts';
import { suite } from '../server/suite.ts';
import { median } from './measure.ts';

const ROUNDS = 7;
const ROUND_MS = 400;
const now = Math.floor(Date.now() / 1000);
const seed = (): Uint8Array => suite.random(32);
const domainKey = async (domain: string): ReturnType<typeof readSecretKey> =>
  readSecretKey(
    await makeDomainKey({
      domain,
      now,
      seed: seed(),
      circuitSeed: seed(),
      epochSeed: seed(),
      epochUntil: now + 86_400,
    }),
  );

const home = await domainKey('home.example');
const peer = await domainKey('peer.example');
const USER = 'alice <alice@home.example>';
const alice = await readSecretKey(
  await makeIdentityKey({ nick: 'alice', domain: 'home.example', seed: seed(), encryptionSeed: seed(), now }),
);
const certified = await certify(home, alice.certificate, USER, now);
const authority = home.certificate;
const theirs = await readPrivateKey({ binaryKey: home.bytes });
const theirsPublic = theirs.toPublic();
const key = await readKey({ binaryKey: alice.certificate.bytes });

/** The same three signatures: `verifyAllUsers` leaves out what binds a subkey, and whoever encrypts to it would check that later. */
async function checkedByOpenPgp(): Promise<void> {
  const read = await readKey({ binaryKey: certified });
  const date = new Date(now * 1000);
  await read.verifyAllUsers([theirsPublic], date);
  for (const subkey of read.subkeys) await subkey.verify(date);
}

const contenders: [what: string, work: () => Promise<unknown>][] = [
  ['certify a person', () => certify(home, alice.certificate, USER, now)],
  ['OpenPGP.js: signAllUsers', () => key.signAllUsers([theirs], new Date(now * 1000))],
  ['countersign a domain', () => countersign(home, peer.certificate, now)],
  [
    'read a key, and check its certification',
    async () => certStatus(await readCertificate(certified), USER, authority, now),
  ],
  ['OpenPGP.js: readKey, verifyAllUsers, and what binds the subkey', checkedByOpenPgp],
  ['take a key onto the ring', () => admit([certified], [authority], now)],
];

/** Calls a second, one after the other. */
async function rate(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  let calls = 0;
  for (; performance.now() - began < ROUND_MS; calls++) await work();
  return (calls * 1000) / (performance.now() - began);
}

/** What all are measured by, in the same round. */
const unit = contenders.findIndex(([what]) => what.startsWith('OpenPGP.js: readKey'));
const samples = contenders.map((): number[] => []);
for (let round = -1; round < ROUNDS; round++) {
  for (const [at, [, work]] of contenders.entries()) {
    const figure = await rate(work);
    if (round >= 0) samples[at]!.push(figure);
  }
}
process.stdout.write(`Node ${process.version}, one thread, ${ROUNDS} interleaved rounds of ${ROUND_MS} ms, medians.

| what | a second | times OpenPGP.js checking a key |
| :--- | -------: | ------------------------------: |
${contenders
  .map(([what], at) => {
    const ratio = median(samples[at]!.map((figure, round) => figure / samples[unit]![round]!));
    return `| ${what} | ${median(samples[at]!).toFixed(0)} | ${ratio.toFixed(2)} |`;
  })
  .join('\n')}
`);
