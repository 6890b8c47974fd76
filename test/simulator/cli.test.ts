/** `p3do simulate` as people meet it: reports, exit codes, wrong usage. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const command = fileURLToPath(new URL('../../bin/p3do.js', import.meta.url));

function p3do(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'simulate', ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('a seed: a readable report, the same each time, exit code 0', () => {
  const first = p3do('--seed', '7');
  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect(first.stdout).toMatch(
    /^scene +talk: .+\nseed +7\nvirtual time +\d+\.\d{3} s, \d+ events\npackets +(\d+) said, \1 acknowledged, \1 delivered\nfaults +\w.+\n(\w+ +ok\n){9}fingerprint +[0-9a-f]{64}\n$/,
  );
  expect(p3do('--seed', '7', '--scene', 'talk')).toEqual(first);
});

test('a plant that is noticed: exit code 1, who noticed it, and the command to see it again', () => {
  const { status, stdout } = p3do('--seed', '3', '--plant', 'lying-disk');
  expect(status).toBe(1);
  expect(stdout).toMatch(/^durability +FAILED at \d+\.\d{3} s: \d+ acknowledged and not on the disk, the first .+$/m);
  expect(stdout).toMatch(/^noticed +by .*durability.* \(planted for durability\)$/m);
  expect(stdout).toMatch(/^again +p3do simulate --seed 3 --scene talk --plant lying-disk$/m);
});

test('a sweep outlives a seed that crashes, and names it', () => {
  const { status, stdout, stderr } = p3do('--seeds', '6..8', '--plant', 'throwing-step');
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(stdout).toMatch(/^seed 7 +crash FAILED at \d+\.\d{3} s: Error: the store refuses again$/m);
  expect(stdout).toMatch(/^seeds +3 played twice/m);
});

test('the help says which scene is played, not all that it is made of', () => {
  const { status, stdout } = p3do('--help');
  expect(status).toBe(0);
  expect(stdout).toMatch(/\(default:\s+"talk"\)/);
  expect(stdout).not.toContain('{"name"');
});

test('many seeds: those that failed, and sums', () => {
  const good = p3do('--seeds', '1..3', '--scene', 'datagrams');
  expect(good.status).toBe(0);
  expect(good.stdout).toMatch(/^seeds +3 played twice, 0 failed, .+ s$/m);
  const bad = p3do('--seeds', '1..2', '--plant', 'mangled-delivery');
  expect(bad.status).toBe(1);
  expect(bad.stdout).toMatch(
    /^seed 1 +truth FAILED at .+\n {2}again +p3do simulate --seed 1 --scene talk --plant mangled-delivery$/m,
  );
});

test('JSON: one line a seed', () => {
  const { status, stdout } = p3do('--seeds', '1..2', '--json');
  expect(status).toBe(0);
  const reports = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(reports).toMatchObject([
    { seed: '1', scene: 'talk', plant: null, ended: true, checkers: { order: { verdict: 'ok' } } },
    { seed: '2', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ]);
});

test('the trace: every event in virtual time, and --events stops it', () => {
  const { status, stdout } = p3do('--seed', '7', '--trace', '--events', '20');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ +\d\.\d{6} [ab]\.example ! \{"kind":"started","life":1\}$/m);
  expect(stdout.match(/ > /g)).toHaveLength(20);
  expect(stdout).toMatch(/^liveness +not judged: the run was stopped$/m);
});

test('the list names every scene, checker and plant', () => {
  const { status, stdout } = p3do('--list');
  expect(status).toBe(0);
  for (const line of [
    /^scene +talk /m,
    /^scene +datagrams /m,
    /^checker +determinism /m,
    /^plant +lying-disk .+\(durability\)$/m,
  ]) {
    expect(stdout).toMatch(line);
  }
});

test('a network: a report, a picture, the same result each time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'p3do-net-'));
  const plot = join(folder, 'network.svg');
  const args = ['--servers', '6', '--degree', '4', '--duration', '10', '--seed', '7'];
  const { status, stdout, stderr } = p3do(...args, '--plot', plot);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^network +6 servers, \d+ links, regular, 1 dishonest\nseed +7\nsuite +real/);
  expect(stdout).toMatch(/^delivery +(\d+) of \1 messages over 3 hops$/m);
  const picture = readFileSync(plot, 'utf8');
  expect(picture).toMatch(/^<svg xmlns="[^"]+" width="1060" [^]+<\/svg>\n$/);
  expect(picture).not.toMatch(/NaN|undefined|Infinity/);
  const json = p3do(...args, '--json').stdout;
  const digest = /^digest +([0-9a-f]{16})$/m.exec(stdout)![1];
  expect(JSON.parse(json)).toMatchObject({ seed: '7', servers: 6, digest });
  rmSync(folder, { recursive: true });
});

test('a picture that cannot be written is refused before anything is played, exit code 1', () => {
  const { status, stdout, stderr } = p3do('--servers', '4096', '--plot', join(tmpdir(), 'p3do-nowhere', 'x', 'x.svg'));
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain('there is no such file or folder (ENOENT)');
});

test('growth: a row for each network, and a picture of all', () => {
  const folder = mkdtempSync(join(tmpdir(), 'p3do-growth-'));
  const plot = join(folder, 'growth.svg');
  const args = ['--growth', '4,6', '--degree', '2', '--duration', '10', '--seed', '7'];
  const { status, stdout } = p3do(...args, '--plot', plot);
  expect(status).toBe(0);
  const picture = readFileSync(plot, 'utf8');
  expect(picture).toMatch(/^<svg xmlns="[^"]+" width="1060" [^]+>4<[^]+>6<[^]+<\/svg>\n$/);
  expect(picture).not.toMatch(/NaN|undefined|Infinity/);
  rmSync(folder, { recursive: true });
  expect(stdout).toMatch(
    /^\| servers \| delivered .+\n(\|---){7}\|\n\| 4 \| (\d+) of \2 \| .+\n\| 6 \| (\d+) of \3 \| .+\n$/,
  );
});

test.each([
  [['--servers', '3'], 'It takes a whole number, 4 to 4096.'],
  [['--growth', '10,3'], 'It takes a whole number, 4 to 4096.'],
  [['--servers', '10', '--loss', '2'], 'A share is a number from 0 to 1.'],
  [['--servers', '10', '--kinds', 'kind'], 'Kinds are log, drop, delay, replay, tag.'],
  [
    ['--servers', '10', '--seeds', '1..2'],
    '--servers and --growth play a network with one --seed, and take no --seeds',
  ],
  [['--growth', '10', '--scene', 'talk'], '--servers and --growth play a network with one --seed, and take no --scene'],
  [['--growth', '10', '--servers', '10'], '--growth prints a table, and takes no --servers'],
  [['--growth', '10', '--json'], '--growth prints a table, and takes no --json'],
  [['--graph', 'ring'], '--graph needs --servers or --growth'],
  [['--real-crypto'], '--real-crypto needs --servers or --growth'],
  [['--seed', '-1'], 'A seed is a whole number, 0 to 18446744073709551615.'],
  [['--seed', '18446744073709551616'], 'A seed is a whole number, 0 to 18446744073709551615.'],
  [['--seed', 'seven'], 'A seed is a whole number'],
  [['--seeds', '5'], 'Seeds are given as A..B'],
  [['--seeds', '5..1'], 'The first seed must not be above the last.'],
  [['--seed', '1', '--seeds', '1..2'], '--seed and --seeds exclude each other'],
  [['--seeds', '1..2', '--trace'], '--trace takes one seed'],
  [['--scene', 'hamlet'], 'Scenes are talk, datagrams, federation, onions, anonymous, trust, feeds.'],
  [['--plant', 'oak'], 'Plants are swapped-deliveries, '],
  [['--events', '0'], 'It takes a whole number of events, 1 or more.'],
])('wrong usage says what is allowed, exit code 2: %j', (args, said) => {
  const { status, stdout, stderr } = p3do(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(said);
});
