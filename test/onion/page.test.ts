/** Somebody else's cells: test/onion/onion.py was written from docs/spec/onion.md alone, on other libraries, and gives the same bytes. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { needs } from '../needs.ts';

/** Debian's Python, which sees Debian's packages. */
const PYTHON = '/usr/bin/python3';

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Whether Python has the library. */
function hasCryptography(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import cryptography'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

needs({ name: 'cryptography for Python', apt: 'python3-cryptography', probe: hasCryptography })('in Python', () => {
  test('every route, ticket, envelope and filler of the vectors', () => {
    const said = execFileSync(PYTHON, ['-B', path('onion.py'), path('../vectors/onion')], { encoding: 'utf8' });
    expect(said).toBe('39 cells, 5 tickets\n');
  });
});
