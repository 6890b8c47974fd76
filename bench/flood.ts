/** Who else has to wait while somebody floods a key server? 40,000 signatures of strangers, and keys that cost as much as they may, beside requests of others and people who talk. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderArmour } from '../pki/armour.ts';
import { certify } from '../pki/certification.ts';
import { tags } from '../pki/packets.ts';
import { readDomainKey } from '../server/domain/key-file.ts';
import { keyServerLimits } from '../server/keys/limits.ts';
import { craft, packet, userIdData, withPackets } from '../test/pki/crafted.ts';
import { identityKey, seed } from '../test/pki/keys.ts';
import { formOf } from '../test/server/keys/fixture.ts';
import { Served } from '../test/server/served.ts';
import { Others, type Phase } from '../test/server/siege/others.ts';
import { Undoing } from '../test/undoing.ts';
import { ask } from './flood-asking.ts';
import type { FloodOrder } from './flood-attackers.ts';

const DOMAIN = 'flooded.test';
const PLACE = `psyc://${DOMAIN}/@hall`;
const SIGNATURES = 40_000;
const CALM_MS = 5_000;
/** Milliseconds between requests of those who want a key. */
const EVERY_MS = 20;

const undoing = new Undoing();
const now = Math.floor(Date.now() / 1000);

try {
  const served = await Served.make(undoing, DOMAIN);
  served.start();
  await served.ready;
  const at = served.endpoint;
  const own = await readDomainKey(served.folder, DOMAIN);
  const bob = await identityKey('bob', DOMAIN, 61, now);
  const USER = `bob <bob@${DOMAIN}>`;
  const certified = await certify(own, bob.certificate, USER, now);
  const data = userIdData(bob.certificate, USER);
  const by = (issuer: string): Uint8Array =>
    packet(tags.signature, craft(seed(3), issuer, { type: 0x13, created: now }, data));
  const form = (one: Uint8Array, count: number): string =>
    formOf(renderArmour('public', withPackets(certified, new Array<Uint8Array>(count).fill(one))));
  /** The most of these signatures that a form may hold. */
  const most = (one: Uint8Array): number => {
    let count = 1_000;
    while (form(one, count).length > keyServerLimits.formBytesMax) count -= 10;
    return count;
  };
  const [stranger, claimed] = [by('0'.repeat(40)), by(own.certificate.key.fingerprint)];
  const whole = form(stranger, SIGNATURES);
  const [strangers, forged] = [form(stranger, most(stranger)), form(claimed, most(claimed))];
  const forms = Math.ceil(SIGNATURES / most(stranger));

  const talking = { domain: DOMAIN, place: PLACE, people: 10, rate: 50, bodyBytes: 1024 };
  const others = await Others.join(served.endpoint, talking);
  let lookups: number[] = [];
  const paths = [`get&search=0x${own.certificate.key.fingerprint}`, `index&search=p3do@${DOMAIN}`];
  let isOver = false;
  const looking = (async () => {
    for (let n = 0; !isOver; n++) {
      const dueMs = performance.now() + EVERY_MS;
      const { ms, status } = await ask(at, `/pks/lookup?op=${paths[n % 2]}`, `127.99.1.${1 + (n % 200)}`);
      if (status !== 200) throw new Error(`a lookup was answered ${status}`);
      lookups.push(ms);
      await new Promise((resume) => setTimeout(resume, Math.max(0, dueMs - performance.now())));
    }
  })();
  const of = (values: readonly number[], part: number): string => {
    const sorted = [...values].sort((a, b) => a - b);
    return (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN).toFixed(0);
  };
  const row = (what: string, { echoMs }: Phase, ms: readonly number[], tally: string): void => {
    const cells = [
      what,
      ms.length,
      of(ms, 0.5),
      of(ms, 0.99),
      of(ms, 1),
      of(echoMs, 0.5),
      of(echoMs, 0.99),
      of(echoMs, 1),
    ];
    process.stdout.write(`| ${cells.join(' | ')} | ${tally} |\n`);
  };
  const phase = async (what: string, during: () => Promise<string>): Promise<void> => {
    others.phase();
    lookups = [];
    const tally = await during();
    row(what, others.phase(), lookups, tally);
  };
  const attackers = fork(fileURLToPath(new URL(`./flood-attackers${extname(import.meta.url)}`, import.meta.url)));
  const flood = async (block: number, body: string, count: number): Promise<string> => {
    const order: FloodOrder = { at, block, body, count };
    attackers.send(order);
    const [tally] = (await once(attackers, 'message')) as [string];
    return tally;
  };

  process.stdout.write(`Node ${process.version}, the real command on its own PostgreSQL with the limits it comes with; attackers in a process of their own, all on one machine.
A request for a key every ${EVERY_MS} ms, each on a new TLS connection; ten people say 50 messages of 1 KiB a second. Milliseconds until answer and echo.

| what | requests | p50 | p99 | max | echo p50 | p99 | max | the flood is answered |
| --- | --: | --: | --: | --: | --: | --: | --: | --- |
`);
  others.talk();
  const calm = async (): Promise<string> => {
    await new Promise((resume) => setTimeout(resume, CALM_MS));
    return '';
  };
  await phase('nobody floods', calm);
  await phase(`${SIGNATURES} signatures in a form of ${(whole.length / 1e6).toFixed(1)} MB`, () => flood(2, whole, 1));
  await phase('the same, 8 at once, 64 in all', () => flood(3, whole, 64));
  await phase(`${SIGNATURES} signatures of strangers in ${forms} forms`, () => flood(4, strangers, forms));
  await phase(`as many that claim to be the domain’s`, () => flood(5, forged, forms));
  await phase('nobody floods', calm);
  isOver = true;
  attackers.disconnect();
  await looking;
  await others.stop();
  others.close();
  if (others.harms.length > 0) throw new Error(`harmed: ${others.harms.slice(0, 5).join('; ')}`);
} finally {
  await undoing.run();
}
