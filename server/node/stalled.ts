/** Which of the peers that take nothing are broken off, so that all together hold no more than there is memory for. docs/spec/transport.md#deaf-peers */
import type { ByteStream } from '../transport/stream.ts';
import type { TransportLimits } from '../transport/limits.ts';

/** What is looked at of a stream. */
type Held = Pick<ByteStream, 'unsentBytes' | 'writingSinceMs'>;

/**
 * Names of streams: of those that have taken nothing for `stalledLookMs` and hold more than `stalledBytesMax` together, which to break off until
 * the others hold no more: who holds most goes first, since whoever reads slowly but honestly holds little.
 */
export function tooStalled(
  streams: Iterable<readonly [name: string, stream: Held]>,
  nowMs: number,
  { stalledLookMs, stalledBytesMax }: Pick<TransportLimits, 'stalledLookMs' | 'stalledBytesMax'>,
): string[] {
  const stalled: { readonly name: string; readonly bytes: number }[] = [];
  let sum = 0;
  for (const [name, { writingSinceMs, unsentBytes: bytes }] of streams) {
    if (writingSinceMs === null || nowMs - writingSinceMs < stalledLookMs) continue;
    stalled.push({ name, bytes });
    sum += bytes;
  }
  if (sum <= stalledBytesMax) return [];
  stalled.sort((one, other) => other.bytes - one.bytes);
  const given: string[] = [];
  for (const { name, bytes } of stalled) {
    if (sum <= stalledBytesMax) break;
    given.push(name);
    sum -= bytes;
  }
  return given;
}
