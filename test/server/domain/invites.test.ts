/** Invitations: typed carelessly and still right, added at once by many, never half. docs/operating.md#invitations */
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { addInvite, inviteHash, makeInvite, readInvites } from '../../../server/domain/invites.ts';
import { domainWith } from '../config/folder.ts';

/** A folder with one invitation. */
const folderWithOne = async (): Promise<string> => (await domainWith({})).folder;

test('an invitation is 25 letters that nobody takes for others, in five groups', () => {
  const many = Array.from({ length: 200 }, makeInvite);
  for (const invite of many) expect(invite).toMatch(/^(?:[0-9a-hjkmnp-tv-z]{5}-){4}[0-9a-hjkmnp-tv-z]{5}$/);
  expect(new Set(many).size).toBe(200);
  expect(new Set(many.join('').replaceAll('-', '')).size).toBe(32);
});

test('the hash is BLAKE2b-256 of the letters, however they are typed', () => {
  const hash = inviteHash('k1f9a-00000-11111-zzzzz-yyyyy');
  // From Python: hashlib.blake2b(b"k1f9a0000011111zzzzzyyyyy", digest_size=32).hexdigest()
  expect(hash).toBe('f5b9b85217ed85427059327b299c26ae3689980ec1b3f33f46e7053fc0621db3');
  for (const typed of ['K1F9A0000011111ZZZZZYYYYY', ' kif9a-ooooo-iLIl1-zzzzz-yyyyy\n'])
    expect(inviteHash(typed)).toBe(hash);
  for (const none of ['', 'k1f9a', 'k1f9a-00000-11111-zzzzz-yyyyu', 'k1f9a-00000-11111-zzzzz-yyyyy0', 'é'.repeat(25)]) {
    expect(inviteHash(none)).toBeNull();
  }
});

test('added at once by many: all are there, the first stays the admin', async () => {
  const folder = await folderWithOne();
  const { admin } = await readInvites(folder);
  const added = await Promise.all(Array.from({ length: 20 }, () => addInvite(folder)));
  const invites = await readInvites(folder);
  expect(invites.admin).toBe(admin);
  expect(invites.all).toEqual(new Set([admin, ...added.map(inviteHash)]));
});

test('a line cut by a loss of power invites nobody, and spoils no other', async () => {
  const folder = await folderWithOne();
  appendFileSync(join(folder, 'invites'), 'ab'.repeat(20));
  const { all } = await readInvites(folder);
  expect(all.size).toBe(1);
  const invite = await addInvite(folder);
  expect((await readInvites(folder)).all).toEqual(new Set([...all, inviteHash(invite)]));
  expect(readFileSync(join(folder, 'invites'), 'utf8').endsWith('\n')).toBe(true);
});

test('no invitation at all; a file that is full, open to others, or not there', async () => {
  const folder = await folderWithOne();
  const file = join(folder, 'invites');
  writeFileSync(file, '');
  expect(await readInvites(folder)).toEqual({ admin: null, all: new Set() });
  writeFileSync(file, '\n'.repeat(1_048_576 - 65));
  await expect(addInvite(folder)).rejects.toMatchObject({ code: '_domain_excessive_invites' });
  writeFileSync(file, '\n'.repeat(1_048_577));
  await expect(readInvites(folder)).rejects.toMatchObject({ code: '_oversized_file' });
  chmodSync(file, 0o644);
  await expect(addInvite(folder)).rejects.toMatchObject({ code: '_exposed_file' });
  await expect(addInvite(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
});
