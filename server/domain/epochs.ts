/** Onion epochs of a domain that is served: the next one's key is made in time, and what has ended leaves the file. docs/spec/pki.md#onion-epochs */
import { writePrivate } from '../../disk/private-file.ts';
import { renderArmour } from '../../pki/armour.ts';
import { addEpoch, dropEpochs } from '../../pki/epoch.ts';
import { readSecretKey, type SecretKey } from '../../pki/secret-key.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { suite } from '../suite.ts';
import { keyFile, readDomainKey } from './key-file.ts';
import { domainLimits } from './limits.ts';

/** A key is given out alone for so long, and beside the next one as long again. */
const ALONE_SECONDS = domainLimits.epochSeconds / 2;

/** When the next epoch is to begin, Unix milliseconds: half an epoch before the last one ends; 0 where there is none. */
export function nextEpochMs({ encryption }: Pick<SecretKey, 'encryption'>): number {
  const lastEnd = encryption.reduce((latest, { until }) => Math.max(latest, until), 0);
  return Math.max(0, (lastEnd - ALONE_SECONDS) * 1000);
}

/**
 * Begins an epoch in the domain's key, if its time has come, and destroys the keys of those that have ended; whole or not at all, and
 * durably. Throws DomainError `_domain_invalid_key`, PkiError `_excessive_subkeys`; system errors pass.
 */
export async function renewEpochs(folder: string, domain: string, unixMs: number): Promise<void> {
  const key = await readDomainKey(folder, domain);
  const now = Math.floor(unixMs / 1000);
  const hasEnded = key.encryption.some(({ until }) => until <= now);
  const isDue = nextEpochMs(key) <= unixMs;
  if (!hasEnded && !isDue) return;
  let bytes = dropEpochs(key.certificate, key.bytes, now);
  if (isDue) {
    const epoch = { seed: suite.random(32), from: now, until: now + domainLimits.epochSeconds };
    bytes = await addEpoch(await readSecretKey(bytes), epoch);
  }
  await writePrivate(keyFile(folder), encodeText(renderArmour('secret', bytes)), 'replace');
}
