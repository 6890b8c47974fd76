/** A missing component skips with a printed reason, or fails where everything must be tested; and a run's last line tells the truth. */
import { expect, test } from '@jest/globals';
import { closing } from '../closing.ts';
import { needs, onPath } from '../needs.ts';
import { linkPackages, type Outcome, project, root, run } from './fixture.ts';

const fixture = (name: string, body: string): Record<string, string> => ({
  'package.json': '{ "type": "module" }',
  [`test/${name}.test.ts`]: `import { expect, test } from '@jest/globals';\nimport { needs, onPath } from './needs.ts';\n${body}`,
});

const withGhost = fixture(
  'ghost',
  `const ghost = { name: 'ghost', apt: 'ghost ghostd', probe: () => onPath('no-such-program') };
  const shell = { name: 'a shell', apt: 'dash', probe: () => onPath('sh') };
  test('needs nothing', () => expect(1).toBe(1));
  needs(ghost)('signatures', () => {
    test('one', () => expect(1).toBe(2));
    test('two', () => expect(1).toBe(2));
  });
  needs(shell)('commands', () => {
    test('three', () => expect(onPath('no-such-program')).toBe(false));
  });`,
);

function runSuite(files: Record<string, string>, all: '1' | undefined, args: string[] = []): Promise<Outcome> {
  const folder = project(files, ['jest.config.js', 'test/needs.ts']);
  linkPackages(folder);
  return run(process.execPath, [`${root}dist/test/run.js`, ...args], {
    cwd: folder,
    env: { P3DO_TEST_ALL: all },
  });
}

test('a missing component: its tests are skipped, counted, and the reason printed; no noise about modules', async () => {
  const { status, stdout, stderr } = await runSuite(withGhost, undefined);
  expect(stdout).toBe('skipped 2: needs ghost (apt install ghost ghostd)\ntests: 2 passed, 0 failed\n');
  expect(stderr).not.toContain('Warning');
  expect(status).toBe(0);
});

test('a missing component where everything must be tested: one failure that says what to install', async () => {
  const { status, stdout, stderr } = await runSuite(withGhost, '1');
  expect(stdout).toBe('tests: 2 passed, 1 failed\n');
  expect(stderr).toContain('ghost is missing: apt install ghost ghostd');
  expect(status).toBe(1);
});

test('a suite that does not load is a failure', async () => {
  const files = { ...withGhost, ...fixture('broken', `import './nowhere.ts';`) };
  const { status, stdout } = await runSuite(files, undefined);
  expect(stdout).toBe('skipped 2: needs ghost (apt install ghost ghostd)\ntests: 2 passed, 1 failed\n');
  expect(status).toBe(1);
});

test('a suite without tests is a failure', async () => {
  const { status, stdout } = await runSuite(fixture('empty', ''), undefined);
  expect(stdout).toBe('tests: 0 passed, 1 failed\n');
  expect(status).toBe(1);
});

test('a run without tests is no good', async () => {
  const { status, stdout } = await runSuite(withGhost, undefined, ['-t', 'no such name']);
  expect(stdout).toBe('skipped 2: needs ghost (apt install ghost ghostd)\ntests: 0 passed, 0 failed\n');
  expect(status).toBe(1);
});

test('a run whose arguments jest does not know is a failure', async () => {
  const { status, stdout } = await runSuite(withGhost, undefined, ['--unknown']);
  expect(stdout).toBe('jest ended without results\ntests: 0 passed, 1 failed\n');
  expect(status).toBe(1);
});

test('one line a reason', () => {
  const skip = (...ancestorTitles: string[]) => ({ status: 'pending', ancestorTitles });
  const results = {
    numPassedTests: 3,
    numFailedTests: 0,
    numRuntimeErrorTestSuites: 0,
    testResults: [
      { assertionResults: [skip('outer', 'needs gpg (apt install gnupg)'), skip('left out by -t')] },
      { assertionResults: [skip('needs dig (apt install dnsutils)'), skip('needs gpg (apt install gnupg)')] },
    ],
  };
  expect(closing(results).lines).toEqual([
    'skipped 2: needs gpg (apt install gnupg)',
    'skipped 1: needs dig (apt install dnsutils)',
    'tests: 3 passed, 0 failed',
  ]);
});

needs({ name: 'a shell', apt: 'dash', probe: () => onPath('sh') })('a component that is there', () => {
  test('its tests run', () => {
    expect([onPath('sh'), onPath('no-such-program')]).toEqual([true, false]);
  });
});
