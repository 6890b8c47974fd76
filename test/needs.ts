/** What a test needs from the machine beyond npm's packages: missing, it is skipped with a printed reason, or fails. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from '@jest/globals';

/**
 * Something a machine may lack: its name, how to see whether it is there, and the Debian packages that bring it
 * (`gnupg dirmngr`), or what else to do.
 */
type Component = { name: string; probe: () => boolean } & ({ apt: string } | { otherwise: string });

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
  const { name, probe } = component;
  const remedy = 'apt' in component ? `apt install ${component.apt}` : component.otherwise;
  if (probe()) return (title, body) => describe(title, body);
  if (process.env['P3DO_TEST_ALL'] === '1') {
    return (title) =>
      describe(title, () => {
        test(`needs ${name}`, () => {
          throw new Error(`${name} is missing: ${remedy}`);
        });
      });
  }
  // The outer title is how the reason travels through jest's results to test/closing.ts.
  return (title, body) => describe(`needs ${name} (${remedy})`, () => describe.skip(title, body));
}
