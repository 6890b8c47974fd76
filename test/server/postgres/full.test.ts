/** A full disk: refused, nothing acknowledged that is not there, and well again by itself once there is room. */
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { append } from '../../store/rows.ts';
import { debian, needsDebian, needsRoot, opened, supervised, temporaryFolder } from './clusters.ts';
import { Undoing } from '../../undoing.ts';

const run = promisify(execFile);
const undoing = new Undoing();
afterEach(async () => undoing.run());

needsRoot('a small disk', () => {
  needsDebian('PostgreSQL 15', () => {
    test('is full, and has room again', async () => {
      const disk = join(await temporaryFolder(undoing), 'disk');
      await mkdir(disk);
      await run('mount', ['-t', 'tmpfs', '-o', 'size=96m,mode=755', 'tmpfs', disk]);
      undoing.add(async () => run('umount', ['-l', disk]));
      const ballast = join(disk, 'ballast');
      await writeFile(ballast, Buffer.alloc(24 << 20));
      const { connection } = await supervised(undoing, { folder: join(disk, 'store'), programs: debian });
      const store = await opened(undoing, connection);
      const packet = new Uint8Array(1 << 20);
      const acknowledged = new Map<number, number>();
      const write = async (number: number): Promise<string> => {
        const outcome = await store.perform({
          kind: 'write',
          request: number,
          operations: [append('hall', number, { packet })],
        });
        if (outcome.kind === 'written') acknowledged.set(number, outcome.appended[0]!.sequence);
        return outcome.kind === 'refused' ? outcome.code : outcome.kind;
      };
      let number = 0;
      let code: string;
      do code = await write(++number);
      while (code === 'written');
      // Where the file of rows was full, PostgreSQL says so; where its log was, it falls over.
      expect(['_store_full', '_store_lost']).toContain(code);
      const already = acknowledged.size;
      expect(already).toBeGreaterThan(0);
      await rm(ballast);
      while ((await write(number)) !== 'written') await new Promise((resolve) => setImmediate(resolve));
      const page = await store.perform({ kind: 'read', request: 0, context: 'hall', after: 0, rowsMax: 1 });
      expect(page).toMatchObject({ last: already + 1 });
      expect([...acknowledged.values()]).toEqual(Array.from({ length: already + 1 }, (_, at) => at + 1));
    });
  });
});
