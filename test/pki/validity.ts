/** What GnuPG makes of user ids when it trusts one domain's key and no other. */
import { expect } from '@jest/globals';
import type { Certificate } from '../../pki/certificate.ts';
import type { Gpg } from './gpg.ts';

/** Imports keys, binary or as text; each must be taken. */
export async function imported({ gpg, file }: Gpg, now: number, ...keys: (Uint8Array | string)[]): Promise<void> {
  for (const [at, key] of keys.entries()) {
    const { status, stderr } = await gpg(now, '--import', file(`key${at}`, key));
    expect({ status, stderr }).toMatchObject({ status: 0 });
  }
}

/** The validity that GnuPG gives to a user id that holds this text, a letter. */
export async function validity(gpg: Gpg, now: number, authority: Certificate, userId: string): Promise<string> {
  const trust = gpg.file('trust', `${authority.key.fingerprint.toUpperCase()}:6:\n`);
  await gpg.gpg(now, '--import-ownertrust', trust);
  await gpg.gpg(now, '--check-trustdb');
  const { stdout } = await gpg.gpg(now, '--with-colons', '--check-sigs');
  const line = stdout.split('\n').find((one) => one.startsWith('uid:') && one.includes(userId));
  return line?.split(':')[1] ?? 'missing';
}
