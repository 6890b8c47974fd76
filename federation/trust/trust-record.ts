/** What the store keeps of another domain's key: the state of the table, and statements that its keys have successors. docs/spec/trust.md#state */
import { parseBase64, renderBase64 } from '../../crypto/base64.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { type DomainTrust, type KeyRevocation, type RotationHeard, unmetDomain } from '../../pki/trust-state.ts';
import type { TrustLimits } from '../../pki/trust-limits.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import type { RotationTold } from '../events.ts';
import type { Honoured } from '../keys/pki.ts';
import type { Records } from '../records.ts';

/** A statement that holds, with what it is checked by, so that others can. */
export interface KeptRotation extends RotationTold {
  readonly heard: RotationHeard;
}

/** The state. A domain that was pinned before there was one stands as it stood: normal. */
export function trustIn(records: Records, unixMs: number): DomainTrust {
  const kept = records.get('trust');
  if (kept !== undefined) return { ...unmetDomain, ...(JSON.parse(decodeText(kept)) as DomainTrust) };
  const pinned = records.get('fingerprint');
  if (pinned === undefined) return unmetDomain;
  const pin = { fingerprint: hexOf(pinned), sinceMs: unixMs, basis: 'first use', recovery: null } as const;
  return { ...unmetDomain, pin, standing: 'normal' };
}

/** Its bytes. */
export const trustBytes = (state: DomainTrust): Uint8Array => encodeText(JSON.stringify(state));

/** The keys whose certifications count: the present one, and the one before while its overlap lasts. None of a domain that is void. */
export function authoritiesIn(records: Records, unixMs: number): Uint8Array[] {
  const { standing, retired } = trustIn(records, unixMs);
  const [key, before] = [records.get('key'), records.get('key before')];
  if (key === undefined || standing === 'void') return [];
  const isOld = before !== undefined && before.length > 0 && unixMs < (retired.at(-1)?.untilMs ?? 0);
  return isOld ? [key, before] : [key];
}

/** What is honoured of a domain whose home is silent; null: nothing, or it is not. */
export function honouredIn(records: Records, unixMs: number, { silentMsMax }: TrustLimits): Honoured | null {
  const { silentSinceMs: atMs, standing } = trustIn(records, unixMs);
  if (atMs === null || standing !== 'normal' || unixMs >= atMs + silentMsMax) return null;
  return { atMs, untilMs: atMs + silentMsMax };
}

/** All statements that are kept. */
export const rotationsIn = (records: Records): KeptRotation[] =>
  [...records]
    .filter(([name]) => name.startsWith('rotation '))
    .map(([, bytes]) => {
      const { heard, statement, key, recovery } = JSON.parse(decodeText(bytes)) as Record<string, string> & {
        readonly heard: RotationHeard;
      };
      const third = recovery === undefined || recovery === '' ? null : parseBase64(recovery)!;
      return { heard, statement: parseBase64(statement!)!, key: parseBase64(key!)!, recovery: third };
    });

/** What it is kept as. The same words count by themselves with the recovery key's signature: whoever has the old key could else say them first. */
export const rotationName = ({ hash, signer }: RotationHeard): `rotation ${string}` =>
  signer === 'old key' ? `rotation ${hash}` : `rotation ${hash} ${signer.recovery}`;

/** The bytes of one. */
export const rotationBytes = ({ heard, statement, key, recovery }: KeptRotation): Uint8Array =>
  encodeText(
    JSON.stringify({
      heard,
      statement: renderBase64(statement),
      key: renderBase64(key),
      recovery: recovery === null ? '' : renderBase64(recovery),
    }),
  );

/** The revocations of its keys that are kept. One that was alone was kept by itself. */
export function revocationsIn(records: Records): readonly KeyRevocation[] {
  const kept = records.get('revocation');
  const found = kept === undefined ? [] : (JSON.parse(decodeText(kept)) as KeyRevocation | readonly KeyRevocation[]);
  return Array.isArray(found) ? (found as readonly KeyRevocation[]) : [found as KeyRevocation];
}

/** Their bytes. */
export const revocationBytes = (revocations: readonly KeyRevocation[]): Uint8Array =>
  encodeText(JSON.stringify(revocations));

/** Fingerprint of the key that the admin has declared lost; null: none. */
export function lostIn(records: Records): string | null {
  const kept = records.get('lost');
  return kept === undefined ? null : decodeText(kept);
}
