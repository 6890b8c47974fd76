/** No command without a test in which it does what it is for: held against the transcripts and the tests themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Command } from 'commander';
import { root } from '../house/fixture.ts';

type Module = Readonly<Record<string, (command: Command) => void>>;

/** Every command that can be typed, by the words that name it: `place limit`. */
async function commands(): Promise<string[]> {
  const main = readFileSync(join(root, 'cli/main.ts'), 'utf8');
  const entry = /^ {2}'?([\w-]+)'?: \{$[^}]*import\('\.\/([\w-]+)\.ts'\)\)?(?:\)\.(\w+))?,$/gm;
  const all: string[] = [];
  for (const [, name = '', file = '', part] of main.matchAll(entry)) {
    const loaded = (await import(`../../cli/${file}.ts`)) as Module & Record<string, Module>;
    const command = new Command(name);
    (part === undefined ? loaded : loaded[part]!)['register']!(command);
    all.push(...leaves(command, name));
  }
  return all;
}

const leaves = (command: Command, name: string): string[] =>
  command.commands.length === 0
    ? [name]
    : command.commands.flatMap((sub: Command) => leaves(sub, `${name} ${sub.name()}`));

/** What the tests run: commands of transcripts that succeed, and the sources of tests. */
function told(): string[] {
  const folder = join(root, 'test/transcripts');
  const scenes = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').split(/^(?=\$ )/m));
  const done = scenes.filter((scene) => !/^exit: /m.test(scene)).map((scene) => scene.split('\n', 1)[0]!);
  const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('covered.test.ts'))
    .map((path) => readFileSync(join(root, 'test', path), 'utf8'));
  return [...done, ...tests];
}

test('each is run', async () => {
  const texts = told();
  const all = await commands();
  expect(all).toEqual(expect.arrayContaining(['say', 'unfollow', 'place limit', 'cell ticket make']));
  const isRun = (name: string): boolean => {
    const words = name.split(' ');
    const typed = new RegExp(`(?:p3do |['"\`])${name}(?=[\\s'"\`])`);
    // Or word for word; the first may stand once in a file, where a function of the test puts it before the others.
    const parts = [new RegExp(`'${words[0]}'|\\b${words[0]}\\(`), new RegExp(`'${words.slice(1).join("',\\s*'")}'`)];
    return texts.some((text) => typed.test(text) || (words.length > 1 && parts.every((part) => part.test(text))));
  };
  expect(all.filter((name) => !isRun(name))).toEqual([]);
});
