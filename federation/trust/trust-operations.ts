/** What a look at a domain writes: what is remembered, its keys, and statements that came along or count no more. docs/spec/trust.md#state */
import { bytesOfHex } from '../../crypto/bytes.ts';
import type { DomainTrust, TrustDecision } from '../../pki/trust-state.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import type { Operation } from '../../store/store.ts';
import { record, type Records } from '../records.ts';
import type { Gathered, Heard } from './trust-inputs.ts';
import { revocationBytes, revocationsIn, rotationBytes, rotationName, trustBytes } from './trust-record.ts';
import { nodeUniform } from '../waking.ts';

/** The operations; none where nothing has changed. `shown`: the key that was proved, where it came along. */
export function trustOperations(
  domain: string,
  records: Records,
  state: DomainTrust,
  { proof, shown }: Pick<Heard, 'proof' | 'shown'>,
  { next }: TrustDecision,
  { rotations, key, revocations }: Gathered,
): Operation[] {
  const context = nodeUniform(domain);
  const operations: Operation[] = [];
  const kept = records.get('trust');
  const bytes = trustBytes(next);
  if (next.pin !== null && (kept === undefined || !equalBytes(kept, bytes)))
    operations.push(record(context, 'trust', bytes));
  for (const one of rotations.fresh) operations.push(record(context, rotationName(one.heard), rotationBytes(one)));
  for (const one of rotations.stale) operations.push(record(context, rotationName(one), new Uint8Array(0)));
  const { pin } = next;
  if (pin === null) return operations;
  const isChanged = pin.fingerprint !== state.pin?.fingerprint;
  const before = records.get('key');
  if (isChanged) {
    operations.push(record(context, 'fingerprint', bytesOfHex(pin.fingerprint)!));
    // What the retired key has certified is checked by it as long as it counts; of several that were missed, the last.
    operations.push(record(context, 'key before', keyBefore(next, rotations) ?? before ?? new Uint8Array(0)));
  }
  const revoked = revocationBytes(revocations);
  if (!equalBytes(revoked, revocationBytes(revocationsIn(records))))
    operations.push(record(context, 'revocation', revocations.length === 0 ? new Uint8Array(0) : revoked));
  // Of the same key everything that it says of itself, from wherever it came; of another that which was proved.
  const isPins = proof.kind === 'proved' && proof.fingerprint === pin.fingerprint;
  const newest = isChanged || state.pin === null ? (isPins ? shown : null) : key;
  const isNews = newest !== null && newest.length > 0 && (before === undefined || !equalBytes(before, newest));
  if (isNews) operations.push(record(context, 'key', newest));
  return operations;
}

/** The key that has named the present one, where it was never pinned; undefined: it was, or none has. */
function keyBefore({ rotation }: DomainTrust, { all }: Gathered['rotations']): Uint8Array | undefined {
  const made = rotation === null ? undefined : all.find(({ heard }) => heard.hash === rotation)?.heard;
  return made === undefined ? undefined : all.find(({ heard }) => heard.to === made.from)?.key;
}
