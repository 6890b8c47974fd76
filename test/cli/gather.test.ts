/** An export in the making says whose domain has another key than the pinned one, while its fingerprint can still be asked for. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import { Gathering } from '../../cli/leaving/gather.ts';
import { ExportWriter } from '../../client/export/writer.ts';
import type { Profile } from '../../client/profile/profile.ts';
import type { Said, SessionEvent } from '../../client/session/events.ts';
import type { SessionShell } from '../../client/session/shell.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { render, type Value } from '../../psyc/render.ts';
import { domainKey } from '../client/home.ts';
import { fresh, type Someone, someone } from '../client/life.ts';

const pinOf = ({ certificate }: SecretKey) => ({ fingerprint: certificate.key.fingerprint, counter: 0 });

/** What the gathering of ada's export finds changed: she hears from `author`, and his home gives his keys. */
async function changedFor(ada: Someone, author: Someone, pins: Record<string, SecretKey>): Promise<unknown[]> {
  const folder = join(tmpdir(), `p3do-gather-${randomBytes(6).toString('hex')}`);
  const writer = await ExportWriter.begin(folder);
  const kept = { ...fresh(ada), pins: new Map(Object.entries(pins).map(([name, key]) => [name, pinOf(key)])) };
  const told = (command: number, isLast: boolean, entity: Record<string, Value>): void => {
    const packet = parseOne(new Uint8Array(render({ method: '_status', entity })));
    const words = new Map([['_packet_theirs', { author: author.uniform } as Said]]);
    queueMicrotask(() => gathering.take({ kind: 'told', command, packet, words, isLast }));
  };
  const tell = (event: SessionEvent): void => {
    if (event.kind !== 'command' || event.command.kind !== 'ask') throw new Error(event.kind);
    const { command, target, method } = event.command;
    const { certificate, statement, domainKey: authority } = target === ada.uniform ? ada : author;
    if (method === '_request_friends') told(command, false, { _uniform: author.uniform });
    const isKeys = method === '_request_keys';
    told(
      command,
      true,
      isKeys ? { _key: certificate, _statement: statement, _key_domain: authority.certificate.bytes } : {},
    );
  };
  const gathering: Gathering = new Gathering(ada.uniform, { kept } as Partial<Profile> as Profile, writer, {
    tell,
  } as Partial<SessionShell> as SessionShell);
  try {
    await gathering.all(new Uint8Array(1));
  } finally {
    await writer.drop();
    await rm(folder, { recursive: true, force: true });
  }
  return [...gathering.changed];
}

test('a domain with another key is named, with how many of its people cannot be judged; one whose key is the pinned one, or which was never met, is not', async () => {
  const [keyA, keyB, other] = [
    await domainKey('a.example', 10),
    await domainKey('b.example', 20),
    await domainKey('b.example', 60),
  ];
  const ada = await someone('ada', 'a.example', 30, keyA);
  const bob = await someone('bob', 'b.example', 40, other);
  const own = { 'a.example': keyA };
  expect(await changedFor(ada, bob, { ...own, 'b.example': keyB })).toEqual([['b.example', 1]]);
  expect(await changedFor(ada, bob, { ...own, 'b.example': keyB, [bob.uniform]: bob.identity })).toEqual([
    ['b.example', 0],
  ]);
  expect(await changedFor(ada, bob, { ...own, 'b.example': other })).toEqual([]);
  expect(await changedFor(ada, bob, own)).toEqual([]);
});
