/** Keys that a domain had, and the statements by which they followed each other, in its folder: for whoever has missed some. docs/operating.md#another-key-for-the-domain */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { newestSteps, type ProofStep } from '../../circuit/proof-steps.ts';
import { FileError } from '../../disk/errors.ts';
import { makeFolder, readPrivate, writePrivate } from '../../disk/private-file.ts';
import { renderArmour } from '../../pki/armour.ts';
import type { Certificate } from '../../pki/certificate.ts';
import { PkiError } from '../../pki/error.ts';
import { limits } from '../../pki/limits.ts';
import { splitRotation } from '../../pki/rotation-statement.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { DomainError } from './errors.ts';
import { readKeyFile, readPublicFile, writeKey } from './key-file.ts';

/** What is left of a domain's past. */
export interface Former {
  /** Public keys that it had. */
  readonly keys: readonly Uint8Array[];
  /** How it came to the key before the present one, the oldest step first. */
  readonly earlier: readonly ProofStep[];
}

const formerFolder = (folder: string): string => join(folder, 'former');
const fileOf = (folder: string, fingerprint: string, ending: 'key' | 'asc' | 'rotation' | 'recovery.asc'): string =>
  join(formerFolder(folder), `${fingerprint}.${ending}`);

/** Puts a key away, secret and public: the secret one is to leave the machine. What is there already stays. */
export async function keepKey(folder: string, key: SecretKey): Promise<void> {
  await keepPublic(folder, key.certificate);
  const secret = fileOf(folder, key.certificate.key.fingerprint, 'key');
  if (!(await isThere(secret))) await writeKey(secret, key.bytes);
}

/** Its public half alone: of one that is lost there is no other. */
export async function keepPublic(folder: string, { key, bytes }: Certificate): Promise<void> {
  await makeFolder(formerFolder(folder), 0o700);
  const kept = fileOf(folder, key.fingerprint, 'asc');
  if (!(await isThere(kept))) await writeText(kept, renderArmour('public', bytes));
}

/** Puts the statement away that has made a key the domain's, and the recovery key by which it is checked. What is there already stays. */
export async function keepStatement(folder: string, statement: Uint8Array, recovery: Uint8Array | null): Promise<void> {
  await makeFolder(formerFolder(folder), 0o700);
  const made = splitRotation(statement).rotation.new;
  const kept = fileOf(folder, made, 'rotation');
  if (await isThere(kept)) return;
  if (recovery !== null) await writeText(fileOf(folder, made, 'recovery.asc'), renderArmour('public', recovery));
  await writePrivate(kept, statement, 'new');
}

/** `rotation`: the statement that made the present key the domain's. Throws DomainError `_domain_invalid_key`. */
export async function readFormer(folder: string, rotation: Uint8Array | null): Promise<Former> {
  const names = await readdir(formerFolder(folder)).catch((error: unknown): string[] => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const found = names.flatMap((name) => /^([0-9a-f]{40})\.(?:key|asc)$/.exec(name)?.[1] ?? []);
  const keys = new Map<string, Uint8Array>();
  for (const fingerprint of new Set(found)) keys.set(fingerprint, await publicKey(folder, fingerprint));
  const earlier: ProofStep[] = [];
  let old = rotation === null ? undefined : splitRotation(rotation).rotation.old;
  const walked = new Set<string>();
  while (old !== undefined && !walked.has(old)) {
    walked.add(old);
    const [key, statement] = [keys.get(old), await read(fileOf(folder, old, 'rotation'), limits.rotationBytesMax)];
    if (key === undefined || statement === null) break;
    earlier.unshift({ statement, key, recovery: await readArmour(fileOf(folder, old, 'recovery.asc')) });
    old = refusing(fileOf(folder, old, 'rotation'), () => splitRotation(statement)).rotation.old;
  }
  return { keys: [...keys.values()], earlier: newestSteps(earlier) };
}

async function publicKey(folder: string, fingerprint: string): Promise<Uint8Array> {
  const open = await readArmour(fileOf(folder, fingerprint, 'asc'));
  return open ?? (await readKeyFile(fileOf(folder, fingerprint, 'key'))).certificate.bytes;
}

/** null: it is not there. */
const readArmour = async (path: string): Promise<Uint8Array | null> =>
  (await isThere(path)) ? (await readPublicFile(path)).bytes : null;

/** null: it is not there. */
async function read(path: string, bytesMax: number): Promise<Uint8Array | null> {
  try {
    return await readPrivate(path, bytesMax);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (error instanceof FileError) throw new DomainError('_domain_invalid_key', `${path}: ${error.message}`);
    throw error;
  }
}

function refusing<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof PkiError) throw new DomainError('_domain_invalid_key', `${path}: ${error.message}`);
    throw error;
  }
}

const writeText = (path: string, text: string): Promise<void> => writePrivate(path, encodeText(text), 'replace');

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
