/** Vectors made once more in Python, on the libraries that it has. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { needs } from './needs.ts';

/** Debian's Python, which sees Debian's packages. */
const PYTHON = '/usr/bin/python3';

/** Whether Python has the library. */
function hasCryptography(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import cryptography'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A test that a script makes all vectors of a file or folder again, and says so; paths are those in `test/`. */
export function madeAgain(script: string, vectors: string, said: string): void {
  needs({ name: 'cryptography for Python', apt: 'python3-cryptography', probe: hasCryptography })('in Python', () => {
    test(`every vector of ${vectors}`, () => {
      const [program, file] = [script, vectors].map((name) => fileURLToPath(new URL(name, import.meta.url)));
      expect(execFileSync(PYTHON, ['-B', program!, file!], { encoding: 'utf8' })).toBe(said);
    });
  });
}
