/** Commands and what they print, as a person would see it: the files of test/transcripts, run in bash. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { project, root, run } from '../house/fixture.ts';

interface Scene {
  readonly command: string;
  readonly expected: string;
}

/** The commands of a transcript, each with the lines up to the next comment or command. */
function scenesOf(text: string): Scene[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((scene) => {
      const [command, ...lines] = scene.replace(/\n#.*/gs, '\n').trimEnd().split('\n');
      return { command: command!, expected: lines.join('\n') };
    });
}

/** What a command did, as a transcript writes it. */
function transcribe({ status, stdout, stderr }: Awaited<ReturnType<typeof run>>): string {
  const complaints = stderr.replace(/^p3do: building …\n/, '').replace(/^(?=.)/gm, 'stderr: ');
  return `${stdout}${complaints}${status === 0 ? '' : `exit: ${status}\n`}`.trimEnd();
}

/** A place for domains. Others may pass through: as root, PostgreSQL is another user. */
function home(): string {
  const folder = project({});
  chmodSync(folder, 0o711);
  return folder;
}

/** A folder with nothing but `p3do` in it, as npm would link it. */
function linked(): string {
  const bin = join(project({}), 'bin');
  mkdirSync(bin);
  symlinkSync(join(root, 'bin/p3do.js'), join(bin, 'p3do'));
  return bin;
}

const folder = join(root, 'test/transcripts');

/** The README's commands: whoever types them must see what it shows. */
const readme = readFileSync(join(root, 'README.md'), 'utf8')
  .split('```\n')
  .filter((block) => block.startsWith('$ '))
  .join('\n')
  .replaceAll('npx p3do', 'p3do');

const transcripts: [string, string][] = [
  ['README.md', readme],
  ...readdirSync(folder).map((file): [string, string] => [file, readFileSync(join(folder, file), 'utf8')]),
];

describe.each(transcripts)('%s', (_, text) => {
  const P3DO_HOME = home();
  const env = { PATH: `${linked()}:${process.env['PATH'] ?? ''}`, P3DO_HOME, DATABASE_URL: undefined };
  test.each(scenesOf(text))('$command', async ({ command, expected }) => {
    const said = transcribe(await run('bash', ['-c', command], { env }));
    expect(said.replaceAll(P3DO_HOME, '$P3DO_HOME')).toBe(expected);
  });
});
