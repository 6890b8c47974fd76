/** Pages of help: every command in a group, paragraphs folded to the terminal, tables and examples as they were written. */
import { expect, test } from '@jest/globals';
import { foldedPage } from '../../cli/help.ts';
import { root, run } from '../house/fixture.ts';
import { join } from 'node:path';

test('paragraphs are folded anew, and what is indented stays', () => {
  const page = 'one two three\nfour\n\n  a   table  of  many  columns\nfive';
  expect(foldedPage(page, 9)).toBe('one two\nthree\nfour\n\n  a   table  of  many  columns\nfive');
  expect(foldedPage(page, 80)).toBe('one two three four\n\n  a   table  of  many  columns\nfive');
});

test('a word longer than a line has one of its own', () => {
  expect(foldedPage('a psyc://b.example/@hall b', 8)).toBe('a\npsyc://b.example/@hall\nb');
});

test('no command stands outside the groups', async () => {
  const { stdout } = await run(process.execPath, [join(root, 'dist/cli/main.js'), 'help']);
  expect(stdout).toContain('\nPlaces:\n');
  expect(stdout).not.toContain('\nCommands:\n');
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});
