/** Everything that the table of continuity goes by at one look: what came along, what is known of the key, what the DNS says. docs/spec/trust.md#inputs */
import { bytesOfHex } from '../../crypto/bytes.ts';
import type { DnsStatement } from '../../pki/dns-statement.ts';
import type { DomainTrust, KeyRevocation, ProofFinding, TrustInputs } from '../../pki/trust-state.ts';
import type { KeyState } from '../keys/pki.ts';
import type { Policy } from './policy.ts';
import type { Records } from '../records.ts';
import { hearRotations, type RotationsKept, type RotationTold } from './rotation-heard.ts';
import type { Sightings } from './sightings.ts';
import type { TrustOwner } from './trust-owner.ts';
import { lostIn, revocationIn, trustIn } from './trust-record.ts';

/** What is heard of a domain at once: what it proved, and what came along. */
export interface Heard {
  readonly proof: ProofFinding;
  /** The key that was proved, where it came along. */
  readonly shown: Uint8Array | null;
  /** Statements that keys follow each other, the oldest first, and those keys; nothing is proved of it. */
  readonly told: readonly RotationTold[];
  /** Fingerprint of the recovery key that the domain names, hexadecimal; null: none. */
  readonly recovery?: string | null;
  /** A copy of the pinned key, from wherever there was one. */
  readonly copy?: Uint8Array;
}

/** All of it. */
export interface Gathered {
  readonly inputs: TrustInputs;
  readonly rotations: RotationsKept;
  /** The pinned key with all that it is known to say of itself; null: nothing is pinned. */
  readonly key: Uint8Array | null;
  /** The pinned key's revocation by itself, and since when it is known here. */
  readonly revocation: KeyRevocation | null;
}

/** Asks whoever there is to ask; null: too much is being asked. */
export function gather(
  node: TrustOwner,
  policy: Policy,
  sightings: Sightings,
  domain: string,
  records: Records,
  heard: Heard,
  found: (gathered: Gathered | null) => void,
): void {
  const { proof } = heard;
  const trust = trustIn(records, node.unixMs);
  const { pin, trialUntilMs } = trust;
  const kept = { pinned: records.get('key'), retired: records.get('key before') };
  const retired = retiredAtStake(trust, proof, node.unixMs);
  hearRotations(node, domain, records, heard.told, (rotations) => {
    readState(node, domain, pin?.fingerprint ?? null, kept.pinned, heard, (state) => {
      if (state === null && pin !== null) {
        found(null);
        return;
      }
      readState(node, domain, retired, kept.retired, heard, (before) => {
        if (before === null && retired !== null) {
          found(null);
          return;
        }
        const isPinned = proof.kind !== 'proved' || proof.fingerprint === pin?.fingerprint;
        lookUp(node, domain, proof, !isPinned || trialUntilMs !== null, (dns) => {
          const revocation = pin === null ? null : revocationOf(records, pin.fingerprint, state, node.unixMs);
          const isStolen = retired !== null && before?.revocation === 'hard';
          const inputs = {
            proof,
            dns,
            rotations: rotations.all.map((one) => one.heard),
            revocations: [
              ...(revocation === null ? [] : [revocation]),
              ...(isStolen ? [{ fingerprint: retired, isHard: true, seenMs: node.unixMs }] : []),
            ],
            witnesses: sightings.witnesses(domain),
            pinEndsMs: state?.endsMs ?? null,
            recovery: heard.recovery ?? null,
            admin: {
              fingerprint: policy.fingerprintOf(domain),
              isLost: pin !== null && lostIn(records) === pin.fingerprint,
              isPlaced: node.options.placed.has(domain),
            },
          };
          found({ inputs, rotations, key: state?.key ?? null, revocation });
        });
      });
    });
  });
}

/** The pinned key's revocation, and since when it is known here. Whatever it says later, hard is for ever. */
function revocationOf(
  records: Records,
  fingerprint: string,
  state: KeyState | null,
  unixMs: number,
): KeyRevocation | null {
  const before = revocationIn(records, fingerprint);
  const isHard = state?.revocation === 'hard';
  if (before !== null && (before.isHard || !isHard)) return before;
  return state === null || state.revocation === null ? null : { fingerprint, isHard, seenMs: unixMs };
}

/** The retired key that counts and is proved; or else the last one that counts. Whoever has stolen it has it still. */
export function retiredAtStake({ retired }: DomainTrust, proof: ProofFinding | null, unixMs: number): string | null {
  const lasting = retired.filter(({ untilMs }) => unixMs < untilMs).map(({ fingerprint }) => fingerprint);
  const isProved = proof?.kind === 'proved' && lasting.includes(proof.fingerprint);
  return isProved ? proof.fingerprint : (lasting.at(-1) ?? null);
}

/** What a key says of itself: in the copy that is kept, those that came, and those on the ring; null: of no key, or nobody answers. */
function readState(
  node: TrustOwner,
  domain: string,
  key: string | null,
  kept: Uint8Array | undefined,
  { proof, shown, copy }: Heard,
  found: (state: KeyState | null) => void,
): void {
  if (key === null) {
    found(null);
    return;
  }
  const isShown = proof.kind === 'proved' && proof.fingerprint === key;
  const copies = [kept, isShown ? shown : null, copy].filter((one) => one !== null && one !== undefined);
  const fingerprint = bytesOfHex(key)!;
  node.askPki({ kind: 'domain state', domain, fingerprint, copies, servers: null }, (answer) => {
    // Without any copy of it nothing is known, and nothing against it.
    const nothing = { key: new Uint8Array(0), revocation: null, endsMs: null };
    if (answer.kind === 'domain state') found(answer);
    else found(answer.kind === 'refused' && answer.code === '_keys_unknown' ? nothing : null);
  });
}

/** Of a silent home nothing depends on what the DNS says. */
function lookUp(
  node: TrustOwner,
  domain: string,
  proof: ProofFinding,
  isChange: boolean,
  found: (dns: DnsStatement) => void,
): void {
  if (proof.kind === 'silent') found({ kind: 'timeout' });
  else node.lookUp(domain, isChange, found);
}
