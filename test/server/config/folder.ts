/** A folder with a domain in it, for tests that spoil a part of it. */
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { quickstart } from '../../../server/domain/quickstart.ts';
import { NOW } from '../../pki/keys.ts';

const made: string[] = [];

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder. Others may pass through: as root, PostgreSQL is another user. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'p3do domain '));
  chmodSync(folder, 0o711);
  made.push(folder);
  return folder;
}

/** The domain example.org, with a configuration of our own instead of its first: a value, or its text. */
export async function domainWith(config: unknown): Promise<{ folder: string; file: string }> {
  const folder = emptyFolder();
  const { config: file } = await quickstart(folder, { domain: 'example.org', now: NOW });
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config, null, 2));
  return { folder, file };
}
