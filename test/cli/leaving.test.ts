/** Somebody leaves for good, by the commands and between real servers: others are told, and nobody gets the name. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { renderEndpoint } from '../../server/config/address.ts';
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
  return { status, said: (stdout + stderr).replaceAll(town.home, '$P3DO_HOME') };
}

const registering = (name: string): string => {
  const [, domain = ''] = name.split('@');
  return `register ${name} --server ${renderEndpoint(town.endpoints.get(domain)!)}`;
};

test('close: it is asked twice, the passphrase decides, and afterwards nobody is there', async () => {
  for (const name of [`zoe@${RED}`, `ada@${BLUE}`]) expect(await p3do(registering(name))).toMatchObject({ status: 0 });
  for (const name of [`ada@${BLUE}`, `zoe@${RED}`]) {
    expect(await p3do(`enter @hall@${BLUE} --as ${name}`)).toMatchObject({ status: 0 });
  }
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
  // The other domain's place tells its members.
  const heard = await p3do(`listen --as ada@${BLUE} --timeout 2 --json`);
  expect(heard.said).toContain(`"member":"psyc://${RED}/~zoe","isHere":false`);
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
  const again = await p3do(close);
  expect(again).toMatchObject({ status: 0, said: expect.stringMatching(/"_closed_account".*\n\{"kind":"closed"/) });
  expect(again.said).toContain(said);
});
