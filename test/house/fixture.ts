/** Small projects in folders of their own, for tests of the house itself: files written, programs run, all swept away. */
import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from '@jest/globals';

/** The repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** How a program ended and what it said. */
export type Outcome = { status: number | null; stdout: string; stderr: string };

const made: string[] = [];

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A new folder, with a space in its name, that holds `files` by path and copies of `copied` from the repository. */
export function project(files: Record<string, string>, copied: string[] = []): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'p3do house '));
  made.push(folder);
  for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true });
  for (const [path, text] of Object.entries(files)) write(folder, path, text);
  return folder;
}

/** Writes one file of a project. */
export function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  if (text.startsWith('#!')) chmodSync(join(folder, path), 0o755);
}

/** Gives a project the repository's packages. */
export function linkPackages(folder: string): void {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}

/** Runs a program to its end; `env` is added to ours, and an undefined value takes a variable away. */
export function run(
  command: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string | undefined> } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, ...said }));
  });
}
