/** The conversations of one person on this device: a sealed file each, and the key that opens them. docs/spec/conversations.md#files */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, readPrivate, syncEntry, writePrivate } from '../../disk/private-file.ts';
import { encodeText } from '../../psyc/bytes.ts';
import type { Argon2Parameters } from '../identity/argon2.ts';
import { nativeArgon2id } from '../identity/argon2-native.ts';
import { openIdentity, type Random, sealIdentity } from '../identity/identity-file.ts';
import { identityLimits } from '../identity/limits.ts';
import type { Conversation } from './conversation.ts';
import { ConversationError } from './error.ts';
import { conversationLimits } from './limits.ts';
import { parseConversation, renderConversation } from './state.ts';
import { openFile, sealFile, vaultKeyBytes } from './vault.ts';

const NAME = new RegExp(`^[a-z][a-z0-9_-]{0,${conversationLimits.nameBytesMax - 1}}$`);
/** No name of a conversation begins so. */
const KEY = '.key';

/** Whether a conversation may have this name here. */
export const isConversationName = (name: string): boolean => NAME.test(name);

const folderIn = (folder: string): string => join(folder, 'talks');
const pathIn = (folder: string, name: string): string => join(folderIn(folder), name);
const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** Names, in order. System errors pass. */
export async function conversationsIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folderIn(folder))).filter(isConversationName).sort();
  } catch (error) {
    if (!isMissing(error)) throw error;
    return [];
  }
}

/** The key under the passphrase; null: there is none yet. */
async function keyFileIn(folder: string): Promise<Uint8Array | null> {
  try {
    return await readPrivate(pathIn(folder, KEY), identityLimits.fileBytesMax);
  } catch (error) {
    if (!isMissing(error)) throw error;
    return null;
  }
}

const opened = (file: Uint8Array, passphrase: string): Promise<Uint8Array> =>
  openIdentity(file, passphrase, nativeArgon2id, 'TALKS');

async function sealedKey(
  key: Uint8Array,
  passphrase: string,
  random: Random,
  parameters?: Argon2Parameters,
): Promise<Uint8Array> {
  const costs = parameters === undefined ? {} : { parameters };
  return encodeText(await sealIdentity(key, passphrase, { argon2id: nativeArgon2id, random, ...costs }, 'TALKS'));
}

/**
 * Puts the key under another passphrase, where there is one; again is no matter. Throws ClientError as `openIdentity`; system
 * errors pass.
 */
export async function rekeyTalks(
  folder: string,
  before: string,
  after: string,
  random: Random,
  parameters?: Argon2Parameters,
): Promise<void> {
  const file = await keyFileIn(folder);
  if (file === null) return;
  // Where it was done before, and the identity's was not.
  const isDone = await opened(file, after).catch(() => null);
  if (isDone !== null) return;
  const key = await opened(file, before);
  await writePrivate(pathIn(folder, KEY), await sealedKey(key, after, random, parameters), 'replace');
}

/** The conversations of a folder, open. */
export class Talks {
  readonly #folder: string;
  readonly #key: Uint8Array;
  readonly #random: Random;

  private constructor(folder: string, key: Uint8Array, random: Random) {
    this.#folder = folder;
    this.#key = key;
    this.#random = random;
  }

  /** Opens them, or makes the key that they will lie under. Throws ClientError as `openIdentity`; system errors pass. */
  static async open(folder: string, passphrase: string, random: Random): Promise<Talks> {
    const file = await keyFileIn(folder);
    if (file !== null) return new Talks(folder, await opened(file, passphrase), random);
    const key = random(vaultKeyBytes);
    await makeFolder(folderIn(folder), 0o700);
    await writePrivate(pathIn(folder, KEY), await sealedKey(key, passphrase, random), 'new');
    return new Talks(folder, key, random);
  }

  /** Throws ConversationError `_conversation_nowhere`, `_conversation_invalid_file`; FileError as `readPrivate`; system errors pass. */
  async read(name: string): Promise<Conversation> {
    let file: Uint8Array;
    try {
      file = await readPrivate(pathIn(this.#folder, name), conversationLimits.fileBytesMax);
    } catch (error) {
      if (!isMissing(error)) throw error;
      throw new ConversationError('_conversation_nowhere', `there is no conversation ${name} on this device`);
    }
    const conversation = parseConversation(openFile(this.#key, name, file));
    if (conversation !== null) return conversation;
    throw new ConversationError('_conversation_invalid_file', `a newer p3do has written the conversation ${name}`);
  }

  /** Durable when it resolves. A new one must not be there: throws ConversationError `_conversation_known`. System errors pass. */
  async write(name: string, conversation: Conversation, kind: 'new' | 'replace'): Promise<void> {
    if (kind === 'new' && (await conversationsIn(this.#folder)).includes(name))
      throw new ConversationError('_conversation_known', `there is a conversation ${name} on this device`);
    const file = sealFile(this.#key, name, renderConversation(conversation), this.#random);
    await writePrivate(pathIn(this.#folder, name), file, kind);
  }

  /** Nothing of it is left here. System errors pass. */
  async remove(name: string): Promise<void> {
    await rm(pathIn(this.#folder, name), { force: true });
    await syncEntry(pathIn(this.#folder, name));
  }
}
