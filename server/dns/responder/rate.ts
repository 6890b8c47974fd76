/** How many datagrams go to one network: whoever forges a sender shall not use us against him. docs/spec/dns.md#responder */
import { isIPv4 } from 'node:net';
import { placeOf } from '../../transport/admission.ts';
import { dnsLimits } from '../limits.ts';

const { replyRate, replyBurst, networksMax } = dnsLimits;

/** What to do with a reply. */
export type Verdict = 'send' | 'truncate' | 'drop';

interface Bucket {
  tokens: number;
  atMs: number;
  /** Over the rate, every second is told to come over TCP: who is real gets through. */
  isTold: boolean;
}

/** Counts replies by network, IPv4 /24 and IPv6 /64. */
export class ReplyRate {
  readonly #buckets = new Map<string, Bucket>();

  verdict(address: string, nowMs: number): Verdict {
    const network = networkOf(address);
    const bucket = this.#buckets.get(network) ?? { tokens: replyBurst, atMs: nowMs, isTold: false };
    // Put at the end: the first is the one that has been silent longest.
    this.#buckets.delete(network);
    this.#buckets.set(network, bucket);
    if (this.#buckets.size > networksMax) this.#buckets.delete(this.#buckets.keys().next().value!);
    bucket.tokens = Math.min(replyBurst, bucket.tokens + ((nowMs - bucket.atMs) * replyRate) / 1000);
    bucket.atMs = nowMs;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 'send';
    }
    bucket.isTold = !bucket.isTold;
    return bucket.isTold ? 'truncate' : 'drop';
  }

  /** How many networks it remembers. */
  get size(): number {
    return this.#buckets.size;
  }
}

function networkOf(address: string): string {
  const place = placeOf(address);
  return isIPv4(place) ? place.slice(0, place.lastIndexOf('.')) : place;
}
