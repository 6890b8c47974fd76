/** What fails around a server stops nobody: it says "try again", and goes on. */
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { invitesFile, readInvites } from '../../../server/domain/invites.ts';
import { failureCode } from '../../../server/node/failure.ts';
import { MemoryStore } from '../../../store/memory.ts';
import type { StoreRequest } from '../../../store/store.ts';
import { domainWith } from '../config/folder.ts';
import { newSpeakerKeys, Speaker } from './speaker.ts';
import { Town } from './town.ts';

const town = new Town();
afterEach(() => town.close());

const broken: [string, (file: string) => void][] = [
  ['_exposed_file', (file) => chmodSync(file, 0o644)],
  ['_oversized_file', (file) => writeFileSync(file, '\n'.repeat(1_048_577))],
  ['ENOENT', (file) => rmSync(file)],
];

test.each(broken)('a registration while `invites` cannot be read: %s', async (code, spoil) => {
  const { folder } = await domainWith({});
  const inviteNamed = async (typed: string): Promise<string | null> =>
    (await readInvites(folder)).all.has(typed) ? typed : null;
  await town.open('a.example', { isOpen: false, inviteNamed });
  const endpoint = town.endpoints.get('a.example')!;
  const ada = await newSpeakerKeys('ada', 'a.example');
  spoil(invitesFile(folder));
  await expect(readInvites(folder)).rejects.toMatchObject({ code });
  await expect(Speaker.open(endpoint, ada, { invite: 'x' })).rejects.toThrow('_trust_unavailable');
  writeFileSync(join(folder, 'invites'), '');
  chmodSync(invitesFile(folder), 0o600);
  await expect(Speaker.open(endpoint, ada, { invite: 'x' })).rejects.toThrow('_registration_invalid_invite');
  expect(town.crashes).toEqual([]);
});

test('a store that rejects with an error of the system', async () => {
  const store = new MemoryStore();
  let isFailing = true;
  const perform = (request: StoreRequest): ReturnType<typeof store.perform> | Promise<never> =>
    isFailing && request.kind === 'write'
      ? Promise.reject(Object.assign(new Error('EMFILE: too many'), { code: 'EMFILE', syscall: 'open' }))
      : store.perform(request);
  await town.open('a.example', { store: { perform } });
  const endpoint = town.endpoints.get('a.example')!;
  const ada = await newSpeakerKeys('ada', 'a.example');
  await expect(Speaker.open(endpoint, ada, { invite: null })).rejects.toThrow('_trust_unavailable');
  isFailing = false;
  (await Speaker.open(endpoint, ada, { invite: null })).close();
});

test('a mistake of ours is no failure of the world', () => {
  expect(
    [new TypeError('x'), new Error('x'), 'x', Object.assign(new Error('x'), { code: 'x' })].map(failureCode),
  ).toEqual([null, null, null, null]);
});
