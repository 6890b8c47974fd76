/** The p3do command's manners: help, versions, exit codes, and a reader that has seen enough. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { linkPackages, type Outcome, project, root, run } from './fixture.ts';

const p3do = (...args: string[]): Promise<Outcome> => run(join(root, 'bin/p3do.js'), args);

test('help goes to stdout and is good; nothing asked is wrong usage, with the same help', async () => {
  const asked = await p3do('--help');
  expect(asked).toMatchObject({ status: 0, stderr: '' });
  expect(asked.stdout).toContain('Examples:\n  $ ');
  expect(await p3do('help')).toEqual(asked);
  expect(await p3do()).toEqual({ status: 2, stdout: '', stderr: asked.stdout });
});

test('the version is the package', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(await p3do('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
});

test.each([['packet'], ['quickstart'], ['config'], ['invite'], ['simulate']])(
  '%s has a page of its own, and both ways to it are one',
  async (name) => {
    const page = await p3do('help', name);
    expect(page).toMatchObject({ status: 0, stderr: '' });
    expect(page.stdout).toMatch(new RegExp(`^Usage: p3do ${name} `));
    expect(await p3do(name, '--help')).toEqual(page);
  },
);

test.each([
  [['pakcet'], "unknown command 'pakcet' (Did you mean packet?)", ''],
  [['help', 'pakcet'], "unknown command 'pakcet' (Did you mean packet?)", ''],
  [['pakcet', '--help'], "unknown command 'pakcet' (Did you mean packet?)", ''],
  [['constructor'], "unknown command 'constructor'", ''],
  [['--verison'], "unknown option '--verison' (Did you mean --version?)", ''],
  [['packet', '--jsn'], "unknown option '--jsn' (Did you mean --json?)", ' packet'],
  [['simulate', '--sede', '7'], "unknown option '--sede' (Did you mean --seed?)", ' simulate'],
])('wrong usage is two lines and exit code 2: %j', async (args, message, page) => {
  expect(await p3do(...args)).toEqual({ status: 2, stdout: '', stderr: `p3do: ${message}\nSee: p3do help${page}\n` });
});

/** The command with two subcommands of our own in the places of the real ones. */
function fixture(): string {
  const packet = `import { readFileSync } from 'node:fs';
    export function register(command) {
      command.argument('<how>').action((how) => {
        if (how === 'endless') for (let line = 0; line < 100_000; line++) process.stdout.write(\`line \${line}\\n\`);
        if (how === 'world') readFileSync('/nowhere');
        if (how === 'usage') command.error('that makes no sense');
        if (how === 'bug') throw new Error('our own mistake');
        if (how === 'bad') process.exitCode = 1;
      });
    }`;
  const files = { 'dist/cli/packet.js': packet, 'dist/cli/simulate.js': `throw new Error('loaded');` };
  const folder = project(files, ['bin', 'package.json', 'dist/cli/main.js', 'dist/cli/failure.js', 'dist/cli/help.js']);
  linkPackages(folder);
  return join(folder, 'bin/p3do.js');
}

test('what happens in an action decides the exit code, and only the asked subcommand is loaded', async () => {
  const command = fixture();
  const after = (how: string): Promise<Outcome> => run(command, ['packet', how]);
  expect(await after('nothing')).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(await after('bad')).toEqual({ status: 1, stdout: '', stderr: '' });
  expect(await after('world')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^p3do: [^\n]*\/nowhere[^\n]*\n$/),
  });
  expect(await after('usage')).toMatchObject({
    status: 2,
    stderr: 'p3do: that makes no sense\nSee: p3do help packet\n',
  });
  expect(await after('bug')).toMatchObject({ status: 1, stderr: expect.stringContaining('at ') });
});

test('a reader that has seen enough ends the command quietly', async () => {
  const script = '("$0" packet endless; echo "status $?" >&2) | head -n 1';
  expect(await run('sh', ['-c', script, fixture()])).toEqual({ status: 0, stdout: 'line 0\n', stderr: 'status 0\n' });
});
