/** Everything that the table of continuity goes by at one look: what came along, what is known of the key, what the DNS says. docs/spec/trust.md#inputs */
import { bytesOfHex } from '../crypto/bytes.ts';
import type { DnsStatement } from '../pki/dns-statement.ts';
import type { KeyRevocation, ProofFinding, TrustInputs } from '../pki/trust-state.ts';
import type { KeyState } from './pki.ts';
import type { Policy } from './policy.ts';
import type { Records } from './records.ts';
import { hearRotation, type RotationTold } from './rotation-heard.ts';
import type { Sightings } from './sightings.ts';
import type { TrustOwner } from './trust-owner.ts';
import { type KeptRotation, lostIn, revocationIn, trustIn } from './trust-record.ts';

/** What is heard of a domain at once: what it proved, and what came along. */
export interface Heard {
  readonly proof: ProofFinding;
  /** The key that was proved, where it came along. */
  readonly shown: Uint8Array | null;
  /** A statement that a key follows the pinned one, and that key; nothing is proved of it. */
  readonly told: RotationTold | null;
  /** Fingerprint of the recovery key that the domain names, hexadecimal; null: none. */
  readonly recovery?: string | null;
  /** A copy of the pinned key, from wherever there was one. */
  readonly copy?: Uint8Array;
}

/** All of it. */
export interface Gathered {
  readonly inputs: TrustInputs;
  readonly rotations: readonly KeptRotation[];
  /** The last of them came along. */
  readonly isNew: boolean;
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
  const { pin, trialUntilMs } = trustIn(records, node.unixMs);
  hearRotation(node, records, heard.told, (rotations, isNew) => {
    readState(node, domain, records, heard, (state) => {
      if (state === null && pin !== null) {
        found(null);
        return;
      }
      const isPinned = proof.kind !== 'proved' || proof.fingerprint === pin?.fingerprint;
      lookUp(node, domain, proof, !isPinned || trialUntilMs !== null, (dns) => {
        const before = revocationIn(records, pin?.fingerprint ?? '');
        const isHard = state?.revocation === 'hard';
        // Whatever it says later, hard is for ever.
        const isKnown = before !== null && (before.isHard || !isHard);
        const revoked = { fingerprint: pin?.fingerprint ?? '', isHard, seenMs: node.unixMs };
        const revocation = isKnown ? before : state === null || state.revocation === null ? null : revoked;
        const inputs = {
          proof,
          dns,
          rotations: rotations.map((one) => one.heard),
          revocations: revocation === null ? [] : [revocation],
          witnesses: sightings.witnesses(domain),
          pinEndsMs: state?.endsMs ?? null,
          recovery: heard.recovery ?? null,
          admin: {
            fingerprint: policy.fingerprintOf(domain),
            isLost: pin !== null && lostIn(records) === pin.fingerprint,
            isPlaced: node.options.placed.has(domain),
          },
        };
        found({ inputs, rotations, isNew, key: state?.key ?? null, revocation });
      });
    });
  });
}

/** What the pinned key says of itself: in the copy that is kept, those that came, and those on the ring; null: nothing is pinned, or nobody answers. */
function readState(
  node: TrustOwner,
  domain: string,
  records: Records,
  { proof, shown, copy }: Heard,
  found: (state: KeyState | null) => void,
): void {
  const { pin } = trustIn(records, node.unixMs);
  if (pin === null) {
    found(null);
    return;
  }
  const isShown = proof.kind === 'proved' && proof.fingerprint === pin.fingerprint;
  const copies = [records.get('key'), isShown ? shown : null, copy].filter((one) => one !== null && one !== undefined);
  const fingerprint = bytesOfHex(pin.fingerprint)!;
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
