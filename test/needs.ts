/** What a test needs from the machine beyond npm's packages: missing, it is skipped with a printed reason, or fails. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from '@jest/globals';

/** Something to install: its name, the Debian packages that bring it (`gnupg dirmngr`), and how to see whether it is there. */
type Component = { name: string; apt: string; probe: () => boolean };

/** Whether `program` can be started by name, for a component's `probe`. */
export function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * A `describe` for tests that need `component`. Where it is missing they are skipped and test/run.ts prints how many and
 * why; with P3DO_TEST_ALL=1 one failing test stands for them. `body` runs to count its tests even when they are skipped:
 * it must use the component in tests and hooks only.
 */
export function needs(component: Component): (title: string, body: () => void) => void {
  const { name, apt, probe } = component;
  if (probe()) return (title, body) => describe(title, body);
  if (process.env['P3DO_TEST_ALL'] === '1') {
    return (title) =>
      describe(title, () => {
        test(`needs ${name}`, () => {
          throw new Error(`${name} is missing: apt install ${apt}`);
        });
      });
  }
  // The outer title is how the reason travels through jest's results to test/closing.ts.
  return (title, body) => describe(`needs ${name} (apt install ${apt})`, () => describe.skip(title, body));
}
