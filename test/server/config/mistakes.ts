/** What is wrong with a configuration, as a test says it. */
import { expect } from '@jest/globals';
import { ConfigError, type Mistake } from '../../../server/config/errors.ts';
import { readConfig } from '../../../server/config/read.ts';
import { domainWith } from './folder.ts';

/** The mistakes of a file, as `code key:line text`. */
async function mistakesIn(file: string, environment = {}): Promise<readonly Mistake[]> {
  try {
    await readConfig(file, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.code).toBe(error.mistakes[0]!.code);
    expect(error.message.split('\n')).toHaveLength(error.mistakes.length);
    return error.mistakes;
  }
}

/** The mistakes of a file, as `code line: text`. */
export const said = async (file: string, environment = {}): Promise<string[]> =>
  (await mistakesIn(file, environment)).map(({ code, line, text }) => `${code} ${line}: ${text}`);

/** What is said of example.org with these keys. */
export async function saidOf(keys: object): Promise<string[]> {
  const { file } = await domainWith({ domain: 'example.org', ...keys });
  return (await mistakesIn(file)).map(({ code, text }) => `${code} ${text}`);
}
