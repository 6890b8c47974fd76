/** The look-ahead and synchronisation of conversations, in every order in which things can happen: the model holds, and with any of five mistakes in it it does not. docs/spec/conversations.md#model */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { needs, onPath } from '../../needs.ts';

const model = fileURLToPath(new URL('conversation.pml', import.meta.url));

/** What the search says, over all states: how many, and the first assertion that fails. */
function searched(mistake: string | null): { readonly states: number; readonly violated: string | null } {
  const folder = mkdtempSync(join(tmpdir(), 'model-'));
  try {
    const run = (program: string, ...args: string[]): void =>
      void execFileSync(program, args, { cwd: folder, stdio: 'pipe' });
    run('spin', '-a', ...(mistake === null ? [] : [`-D${mistake}`]), model);
    run('gcc', '-O2', '-w', '-DSAFETY', '-DCOLLAPSE', '-o', 'pan', 'pan.c');
    const { stdout, status } = spawnSync(join(folder, 'pan'), ['-m100000'], { cwd: folder, encoding: 'utf8' });
    // What was not searched to its end has shown nothing.
    if (status !== 0 || /max search depth too small|out of memory/.test(stdout)) throw new Error(stdout);
    const violated = /assertion violated (.*) \(at depth/.exec(stdout)?.[1] ?? null;
    const errors = Number(/errors: (\d+)/.exec(stdout)?.[1]);
    if (errors !== Number(violated !== null)) throw new Error(stdout);
    return { states: Number(/(\d+) states, stored/.exec(stdout)?.[1]), violated };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const isThere = (): boolean => onPath('spin') && onPath('gcc');

needs({ name: 'spin and a C compiler', apt: 'spin gcc libc6-dev', probe: isThere })('the model', () => {
  test('holds in all of its states', () => {
    const { states, violated } = searched(null);
    expect(violated).toBeNull();
    expect(states).toBeGreaterThan(500_000);
  });

  test.each([
    ['nobody looks at the next turn', 'NO_NEXT', 'said[0]'],
    ['a header does not say how long the turn before was', 'NO_PREVIOUS', 'lying[i]!=1'],
    ['as many are lost in a row as are looked at', 'LOSE_MORE', 'lying[i]!=1'],
    ['it is put before it is kept', 'SEND_FIRST', '==0'],
    ['a turn begins without an answer', 'EAGER', 'tells['],
  ])('does not where %s', (_, mistake, assertion) => {
    expect(searched(mistake).violated).toContain(assertion);
  });
});
