/** What a configuration names on this machine: certificate, key, folders, programs; looked at, not changed. docs/operating.md#configuration */
import { X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readTsigKey } from '../dns/tsig-file.ts';
import { DomainError } from '../domain/errors.ts';
import { readDomainKey } from '../domain/key-file.ts';
import { findBinaries } from '../postgres/binaries.ts';
import { checkFolder } from '../postgres/cluster.ts';
import { StoreStartError } from '../postgres/errors.ts';
import { TransportError } from '../transport/errors.ts';
import { readCredentials } from '../transport/pem.ts';
import type { Config } from './config.ts';
import type { Mistake } from './errors.ts';
import type { Document } from './json.ts';
import { mistakeAt } from './mistakes.ts';

/** The parts that are right by themselves. */
type Parts = Pick<Config, 'folder'> & Partial<Pick<Config, 'domain' | 'tls' | 'store' | 'dns'>>;

/** Changes nothing; with `isKeyLost` domain.key is not looked at. System errors that say nothing of the configuration pass. */
export async function surroundingsOf(document: Document, parts: Parts, isKeyLost: boolean): Promise<Mistake[]> {
  const [certificate, authority, update, key, store] = await Promise.all([
    certificateMistakes(document, parts),
    authorityMistakes(document, parts),
    updateMistakes(document, parts),
    isKeyLost ? [] : keyMistakes(parts),
    storeMistakes(document, parts),
  ]);
  return [...certificate, ...authority, ...update, ...key, ...store];
}

async function certificateMistakes(document: Document, { tls }: Parts): Promise<Mistake[]> {
  if (tls === null || tls === undefined) return [];
  try {
    await readCredentials(tls.key, tls.certificate);
    return [];
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return [mistakeAt(document, '_config_certificate', ['tls'], `does not work: ${error.message}`)];
  }
}

async function authorityMistakes(document: Document, { dns }: Parts): Promise<Mistake[]> {
  const file = dns?.authority ?? null;
  if (file === null) return [];
  try {
    new X509Certificate(await readFile(file));
    return [];
  } catch (error) {
    return [
      mistakeAt(document, '_config_certificate', ['dns', 'authority'], `does not work: ${(error as Error).message}`),
    ];
  }
}

async function updateMistakes(document: Document, { dns }: Parts): Promise<Mistake[]> {
  const file = dns?.update?.key;
  if (file === undefined) return [];
  try {
    await readTsigKey(file);
    return [];
  } catch (error) {
    const said = `does not work: ${(error as Error).message}`;
    return [mistakeAt(document, '_config_update_key', ['dns', 'update', 'key'], said)];
  }
}

async function keyMistakes({ folder, domain }: Parts): Promise<Mistake[]> {
  // Whose the key must be is not known.
  if (domain === undefined) return [];
  try {
    await readDomainKey(folder, domain);
    return [];
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return [{ code: '_config_key', key: null, line: null, text: error.message }];
  }
}

async function storeMistakes(document: Document, { store }: Parts): Promise<Mistake[]> {
  if (store?.kind !== 'embedded') return [];
  const mistake = (key: string, said: string): Mistake => mistakeAt(document, '_config_store', ['store', key], said);
  const folder = (await folderMistake(store.folder)) ?? (await storeMistake(() => checkFolder(store.folder)));
  const { programs } = store;
  const missing = programs === undefined ? null : await storeMistake(() => findBinaries(programs, null));
  return [
    ...(folder === null ? [] : [mistake('folder', `cannot be used: ${folder}`)]),
    ...(missing === null ? [] : [mistake('programs', `cannot be used: ${missing}`)]),
  ];
}

async function storeMistake(check: () => Promise<unknown>): Promise<string | null> {
  try {
    await check();
    return null;
  } catch (error) {
    if (!(error instanceof StoreStartError)) throw error;
    return error.message;
  }
}

/** Why nothing can be written into a folder that may still have to be made; null if it can. */
async function folderMistake(folder: string): Promise<string | null> {
  for (let at = folder; ; at = dirname(at)) {
    try {
      if (!(await stat(at)).isDirectory()) return `${at} is no folder`;
      await access(at, constants.W_OK | constants.X_OK);
      return null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A file on the way says ENOTDIR until we stand at the file.
      if (code === 'ENOENT' || code === 'ENOTDIR') continue;
      return `${at}: ${code}, this user may not write there`;
    }
  }
}
