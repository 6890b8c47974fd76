/** Somebody leaves for good, by the commands and between real servers: others are told, and nobody gets the name. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Certificate, readCertificate } from '../../pki/certificate.ts';
import { renderEndpoint } from '../../server/config/address.ts';
import { fingerprintsOf, keyAt } from '../../server/keys/ask.ts';
import { Town } from '../../server/town/town.ts';
import { run } from '../house/fixture.ts';
import { command } from '../server/served.ts';

const [RED, BLUE] = ['red.localhost', 'blue.localhost'];
const town = new Town({ domains: [RED, BLUE], command });
beforeAll(() => town.start());
afterAll(() => town.close());

/** What a command says, and how it ends; `env` is added. */
async function p3do(line: string, env: Record<string, string> = {}): Promise<{ status: number | null; said: string }> {
  const all = { P3DO_HOME: town.home, P3DO_PASSPHRASE: 'try', ...env };
  const { status, stdout, stderr } = await run('bash', ['-c', `node ${command} ${line}`], { env: all });
  // On a busy machine it says how far it is.
  const said = (stdout + stderr).replaceAll(/^p3do export: .*so far …\n/gm, '');
  return { status, said: said.replaceAll(town.home, '$P3DO_HOME') };
}

const registering = (name: string): string => {
  const [, domain = ''] = name.split('@');
  return `register ${name} --server ${renderEndpoint(town.endpoints.get(domain)!)}`;
};

test('export: messages with signatures, keys, places, records; whole, private, and checked by nothing but itself', async () => {
  for (const name of [`ann@${RED}`, `ben@${BLUE}`]) {
    expect(await p3do(registering(name))).toMatchObject({ status: 0 });
    expect(await p3do(`enter @park@${BLUE} --as ${name}`)).toMatchObject({ status: 0 });
  }
  await p3do(`say @park@${BLUE} --as ben@${BLUE} in the park`);
  await p3do(`say ann@${RED} --as ben@${BLUE} 'for ann: äöü 🧅'`);
  await p3do(`friend add ann@${RED} --as ben@${BLUE}`);
  const folder = join(town.home, 'taken');
  expect(await p3do(`export ${folder} --as ann@${RED}`)).toEqual({
    status: 0,
    said: `exported 3 messages of ann@${RED} to $P3DO_HOME/taken\n`,
  });
  const lines = (name: string): Record<string, unknown>[] =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const ben = `psyc://${BLUE}/~ben`;
  expect(lines('messages.jsonl')).toMatchObject([
    { place: null, author: ben, word: { kind: 'author' }, text: 'for ann: äöü 🧅', isSealed: true },
    { place: null, author: ben, method: '_request_friendship' },
    { place: `psyc://${BLUE}/@park`, author: ben, text: 'in the park', isSealed: false },
  ]);
  expect(lines('places.jsonl')).toEqual([{ place: `psyc://${BLUE}/@park`, row: 3 }]);
  expect(lines('keys.jsonl').map(({ person }) => person)).toEqual([`psyc://${RED}/~ann`, ben]);
  expect(lines('contacts.jsonl').find(({ friend }) => friend === ben)).toMatchObject({ standing: 'asked' });
  expect(lines('records.jsonl').map(({ name }) => name)).toEqual([
    'created',
    'fingerprint',
    'key',
    'seen',
    'statement',
    'places',
  ]);
  for (const [name, mode] of [
    ['', 0o700],
    ['identity', 0o600],
    ['messages.jsonl', 0o600],
  ] as const) {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(mode);
  }
  const checked = `ann@${RED}, `;
  const verified = await p3do(`export ${folder} --verify`);
  expect(verified).toMatchObject({ status: 0, said: expect.stringContaining(checked) });
  expect(verified.said).toMatch(/: 3 messages, 3 signed and checked, 0 by the word of a server, 0 wrong\n$/);
  expect(await p3do(`export ${folder} --as ann@${RED}`)).toEqual({
    status: 1,
    said: 'p3do: $P3DO_HOME/taken exists, and is not overwritten (_existing_file)\n',
  });
  expect(readdirSync(town.home).filter((name) => name.startsWith('taken'))).toEqual(['taken']);
  // A word that was never said, with the hash put right: the signature tells.
  const [sealed, , park] = lines('messages.jsonl');
  const forged = Buffer.from(String(park!['packet']), 'base64')
    .toString('latin1')
    .replace('in the park', 'in the dark');
  const text = [sealed!, { ...park, packet: Buffer.from(forged, 'latin1').toString('base64') }];
  const bytes = text.map((line) => `${JSON.stringify(line)}\n`).join('');
  writeFileSync(join(folder, 'messages.jsonl'), bytes);
  expect(await p3do(`export ${folder} --verify`)).toMatchObject({
    status: 1,
    said: expect.stringContaining('_damaged_file'),
  });
  const manifest = JSON.parse(readFileSync(join(folder, 'export.json'), 'utf8')) as { files: Record<string, object> };
  manifest.files['messages.jsonl'] = { sha256: createHash('sha256').update(bytes).digest('hex') };
  writeFileSync(join(folder, 'export.json'), JSON.stringify(manifest));
  const wrong = await p3do(`export ${folder} --verify --json`);
  expect(wrong.status).toBe(1);
  expect(wrong.said).toContain('"signed":1,"unsigned":0,"unjudged":0,"wrong":1');
  expect(wrong.said).toContain(`messages.jsonl:2: NOT ben@${BLUE}: `);
});

test('export: where the server is away nothing is left behind', async () => {
  await town.endDomain(RED, true);
  expect(await p3do(`export gone --as ann@${RED} --timeout 1`)).toMatchObject({
    status: 1,
    said: expect.stringContaining('nothing was exported: somebody has not answered'),
  });
  await town.startDomain(RED);
  expect(readdirSync('.').filter((name) => name.startsWith('gone'))).toEqual([]);
});

/** A person's key, as the key server of his home gives it to anybody. */
async function keyGiven(address: string): Promise<Certificate> {
  const endpoint = town.endpoints.get(address.split('@')[1]!)!;
  const [fingerprint = ''] = await fingerprintsOf(endpoint, address);
  return readCertificate((await keyAt(endpoint, fingerprint))!);
}

test('close: it is asked twice, the passphrase decides, and afterwards nobody is there', async () => {
  for (const name of [`zoe@${RED}`, `ada@${BLUE}`]) expect(await p3do(registering(name))).toMatchObject({ status: 0 });
  for (const name of [`ada@${BLUE}`, `zoe@${RED}`]) {
    expect(await p3do(`enter @hall@${BLUE} --as ${name}`)).toMatchObject({ status: 0 });
  }
  expect((await keyGiven(`zoe@${RED}`)).userIds).toMatchObject([{ isRevoked: false }]);
  const close = `close --as zoe@${RED}`;
  expect(await p3do(`${close} < /dev/null`)).toEqual({
    status: 2,
    said: `p3do: this closes zoe@${RED} for good: say --yes zoe@${RED}\nSee: p3do help close\n`,
  });
  expect(await p3do(`${close} --yes ada@${BLUE}`)).toEqual({
    status: 1,
    said: `p3do close: nothing was done: zoe@${RED} was to be typed\n`,
  });
  expect(await p3do(`${close} --yes zoe@${RED}`, { P3DO_PASSPHRASE: 'no' })).toEqual({
    status: 1,
    said: 'p3do: the passphrase is wrong (_wrong_passphrase)\n',
  });
  expect(await p3do(`${close} --yes zoe@${RED}`)).toEqual({
    status: 0,
    said: `closed zoe@${RED}: nobody gets this name for a year\nkeys and settings of it are still in $P3DO_HOME/people/zoe@${RED}\n`,
  });
  // Whoever asks for her key years later hears that she has taken the name back.
  expect((await keyGiven(`zoe@${RED}`)).userIds).toMatchObject([{ isRevoked: true }]);
  // The other domain's place tells its members.
  let heard = '';
  while (!heard.includes(`"member":"psyc://${RED}/~zoe","isHere":false`))
    heard = (await p3do(`listen --as ada@${BLUE} --timeout 2 --json`)).said;
  expect(await p3do(`say zoe@${RED} --as ada@${BLUE} hello`)).toMatchObject({
    status: 1,
    said: expect.stringContaining('_closed_target'),
  });
  expect((await p3do(`say ada@${BLUE} --as zoe@${RED} hello`)).said).toContain('is not registered here');
  expect((await p3do(registering(`zoe@${RED}`))).said).toContain('_registration_reserved');
  expect((await p3do(registering(`zoe_@${RED}`))).said).toContain('_registration_reserved');
});

test('close: who missed the answer learns at the next attempt that it was done', async () => {
  await p3do(registering(`eve@${RED}`));
  const folder = `$P3DO_HOME/people/eve@${RED}`;
  const close = `close --as eve@${RED} --yes eve@${RED} --json`;
  const { said } = await p3do(`${close}; cp ${folder}/state ${folder}/after`);
  expect(JSON.parse(said)).toMatchObject({ kind: 'closed', person: `psyc://${RED}/~eve` });
  await run('sed', ['-i', 's/"isRegistered": false/"isRegistered": true/', `${town.home}/people/eve@${RED}/state`]);
  // Why the circuit ended is no news: one line says how it stands.
  expect(await p3do(close)).toMatchObject({ status: 0, said });
});
