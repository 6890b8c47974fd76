/** What a look at a domain writes: what is remembered, its keys, and a statement that came along. docs/spec/trust.md#state */
import { bytesOfHex } from '../crypto/bytes.ts';
import type { DomainTrust, ProofFinding, TrustDecision } from '../pki/trust-state.ts';
import { equalBytes } from '../psyc/bytes.ts';
import type { Operation } from '../store/store.ts';
import { record, type Records } from './records.ts';
import { type KeptRotation, rotationBytes, trustBytes } from './trust-record.ts';
import { nodeUniform } from './waking.ts';

/** The operations; none where nothing has changed. `shown`: the key that was proved, where it came along. */
export function trustOperations(
  domain: string,
  records: Records,
  state: DomainTrust,
  { proof, shown }: { readonly proof: ProofFinding; readonly shown: Uint8Array | null },
  { next }: TrustDecision,
  rotation: KeptRotation | null,
): Operation[] {
  const context = nodeUniform(domain);
  const operations: Operation[] = [];
  const kept = records.get('trust');
  const bytes = trustBytes(next);
  if (next.pin !== null && (kept === undefined || !equalBytes(kept, bytes)))
    operations.push(record(context, 'trust', bytes));
  if (rotation !== null) {
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
  const isPins = proof.kind === 'proved' && proof.fingerprint === pin.fingerprint;
  if (isPins && shown !== null && (before === undefined || !equalBytes(before, shown))) {
    operations.push(record(context, 'key', shown));
  }
  return operations;
}
