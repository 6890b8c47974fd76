/** Everything that the table of continuity goes by at one look: what came along, what is known of the key, what the DNS says. docs/spec/trust.md#inputs */
import { bytesOfHex } from '../../crypto/bytes.ts';
import type { DnsStatement } from '../../pki/dns-statement.ts';
import { keysNamed } from '../../pki/succession.ts';
import {
  type DomainTrust,
  type KeyRevocation,
  lastingRetired,
  type ProofFinding,
  type RotationHeard,
  type TrustInputs,
} from '../../pki/trust-state.ts';
import type { RotationTold } from '../events.ts';
import type { KeyState } from '../keys/pki.ts';
import type { Policy } from './policy.ts';
import type { Records } from '../records.ts';
import { hearRotations, type RotationsKept } from './rotation-heard.ts';
import type { Sightings } from './sightings.ts';
import type { TrustOwner } from './trust-owner.ts';
import { lostIn, revocationsIn, trustIn } from './trust-record.ts';

/** What is heard of a domain at once: what it proved, and what came along. */
export interface Heard {
  readonly proof: ProofFinding;
  /** The key that was proved, where it came along. */
  readonly shown: Uint8Array | null;
  /** Statements that keys follow each other, the oldest first, and those keys; nothing is proved of it. */
  readonly told: readonly RotationTold[];
  /** Fingerprint of the recovery key that the domain names, hexadecimal; null: none. */
  readonly recovery?: string | null;
  /** Who told of the statements, where it was not the domain itself. */
  readonly teller?: string;
  /** Copies of the domain's keys, from wherever there were some. */
  readonly copies?: readonly Uint8Array[];
}

/** What a look goes by, and what of that is kept. */
export interface Gathered {
  readonly inputs: Omit<TrustInputs, 'sought'>;
  readonly rotations: RotationsKept;
  /** The pinned key with all that it is known to say of itself; null: nothing is pinned. */
  readonly key: Uint8Array | null;
  /** Revocations by themselves of keys of the domain, and since when they are known here; for the next looks. */
  readonly revocations: readonly KeyRevocation[];
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
  hearRotations(node, domain, records, heard.told, (rotations) => {
    const all = rotations.all.map((one) => one.heard);
    const own = keysOf(trust, all, node.unixMs);
    const proved = proof.kind === 'proved' ? [proof.fingerprint] : [];
    readStates(
      node,
      domain,
      [...new Set([...own, ...proved])],
      copiesOf(trust, records, rotations, heard),
      (states) => {
        if (states === null) {
          found(null);
          return;
        }
        const isPinned = proof.kind !== 'proved' || proof.fingerprint === pin?.fingerprint;
        lookUp(node, domain, proof, !isPinned || trialUntilMs !== null, (dns) => {
          const pinned = pin === null ? undefined : states.get(pin.fingerprint);
          const revocations = revocationsOf(records, states, node.unixMs);
          const inputs = {
            proof,
            dns,
            rotations: all,
            revocations,
            witnesses: sightings.witnesses(domain),
            pinEndsMs: pinned?.endsMs ?? null,
            recovery: heard.recovery ?? null,
            admin: {
              fingerprint: policy.fingerprintOf(domain),
              isLost: pin !== null && lostIn(records) === pin.fingerprint,
              isPlaced: node.options.placed.has(domain),
            },
          };
          // Of a key that anybody may have brought nothing is kept.
          const lasting = revocations.filter(({ fingerprint }) => own.includes(fingerprint));
          found({ inputs, rotations, key: pinned?.key ?? null, revocations: lasting });
        });
      },
    );
  });
}

/** Keys that are, were, or are to be the domain's, as far as it matters what they say of themselves: the pinned one, retired ones that count, and all that are named by statements. */
function keysOf(trust: DomainTrust, rotations: readonly RotationHeard[], unixMs: number): string[] {
  const pinned = trust.pin === null ? [] : [trust.pin.fingerprint];
  return [...pinned, ...lastingRetired(trust, unixMs), ...keysNamed(trust, rotations)];
}

/** Revocations that were known before, and those that are known now. Whatever a key says later, hard is for ever. */
function revocationsOf(records: Records, states: ReadonlyMap<string, KeyState>, unixMs: number): KeyRevocation[] {
  const all = new Map(revocationsIn(records).map((one) => [one.fingerprint, one]));
  for (const [fingerprint, { revocation }] of states) {
    const before = all.get(fingerprint);
    const isHard = revocation === 'hard';
    const isNews = before === undefined ? revocation !== null : isHard && !before.isHard;
    if (isNews) all.set(fingerprint, { fingerprint, isHard, seenMs: unixMs });
  }
  return [...all.values()];
}

/** Copies of a key: those that are kept, those that came along with statements, and what was shown. */
const copiesOf =
  ({ pin }: DomainTrust, records: Records, { all }: RotationsKept, { proof, shown, copies: brought = [] }: Heard) =>
  (fingerprint: string): Uint8Array[] => {
    const kept = records.get(fingerprint === pin?.fingerprint ? 'key' : 'key before');
    const isShown = proof.kind === 'proved' && proof.fingerprint === fingerprint;
    const named = all.filter(({ heard }) => heard.to === fingerprint).map(({ key }) => key);
    const copies = [kept, isShown ? shown : null, ...brought, ...named];
    return copies.filter((one) => one !== null && one !== undefined);
  };

/** What keys say of themselves, in copies of them and on the ring; of one that nobody has nothing. null: nobody answers. */
function readStates(
  node: TrustOwner,
  domain: string,
  keys: readonly string[],
  copiesOf: (fingerprint: string) => readonly Uint8Array[],
  found: (states: ReadonlyMap<string, KeyState> | null) => void,
): void {
  const states = new Map<string, KeyState>();
  const next = ([key, ...more]: readonly string[]): void => {
    if (key === undefined) {
      found(states);
      return;
    }
    const question = { domain, fingerprint: bytesOfHex(key)!, copies: copiesOf(key), servers: null };
    node.askPki({ kind: 'domain state', ...question }, (answer) => {
      if (answer.kind === 'domain state') states.set(key, answer);
      else if (answer.kind !== 'refused' || answer.code !== '_keys_unknown') {
        found(null);
        return;
      }
      next(more);
    });
  };
  next(keys);
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
