/** What a look at a domain writes: what is remembered, its keys, and a statement that came along. docs/spec/trust.md#state */
import { bytesOfHex } from '../crypto/bytes.ts';
import type { DomainTrust, TrustDecision } from '../pki/trust-state.ts';
import { equalBytes } from '../psyc/bytes.ts';
import type { Operation } from '../store/store.ts';
import { record, type Records } from './records.ts';
import type { Gathered, Heard } from './trust-inputs.ts';
import { revocationBytes, revocationIn, rotationBytes, trustBytes } from './trust-record.ts';
import { nodeUniform } from './waking.ts';

/** The operations; none where nothing has changed. `shown`: the key that was proved, where it came along. */
export function trustOperations(
  domain: string,
  records: Records,
  state: DomainTrust,
  { proof, shown }: Pick<Heard, 'proof' | 'shown'>,
  { next }: TrustDecision,
  { rotations, isNew, key, revocation }: Gathered,
): Operation[] {
  const context = nodeUniform(domain);
  const operations: Operation[] = [];
  const kept = records.get('trust');
  const bytes = trustBytes(next);
  if (next.pin !== null && (kept === undefined || !equalBytes(kept, bytes)))
    operations.push(record(context, 'trust', bytes));
  const rotation = isNew ? rotations.at(-1) : undefined;
  if (rotation !== undefined) {
    operations.push(record(context, `rotation ${rotation.heard.hash}`, rotationBytes(rotation)));
  }
  const { pin } = next;
  if (pin === null) return operations;
  const isChanged = pin.fingerprint !== state.pin?.fingerprint;
  const before = records.get('key');
  if (isChanged) {
    operations.push(record(context, 'fingerprint', bytesOfHex(pin.fingerprint)!));
    // What the retired key has certified is checked by it as long as it counts.
    operations.push(record(context, 'key before', before ?? new Uint8Array(0)));
  }
  if (revocation !== null && revocationIn(records, revocation.fingerprint)?.isHard !== revocation.isHard) {
    operations.push(record(context, 'revocation', revocationBytes(revocation)));
  }
  // Of the same key everything that it says of itself, from wherever it came; of another that which was proved.
  const isPins = proof.kind === 'proved' && proof.fingerprint === pin.fingerprint;
  const newest = isChanged || state.pin === null ? (isPins ? shown : null) : key;
  const isNews = newest !== null && newest.length > 0 && (before === undefined || !equalBytes(before, newest));
  if (isNews) operations.push(record(context, 'key', newest));
  return operations;
}
