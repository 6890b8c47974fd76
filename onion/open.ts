/** Opening one layer: what is checked before anything is remembered, and what comes of it. docs/spec/onion.md#opening */
import type { Suite } from '../crypto/suite.ts';
import { copyBytes } from '../psyc/bytes.ts';
import { type Block, parseBlock } from './block.ts';
import { decipherBody, isSealed, sealOf } from './body.ts';
import { parseContent } from './content.ts';
import type { OnionCode } from './error.ts';
import { expiryFault, hourExpiry, keptUntil } from './expiry.ts';
import { peelHead } from './head.ts';
import type { LayerKeys } from './layer.ts';
import { offsets } from './sizes.ts';

/** The layer is not what its maker made: nothing is remembered, nothing burnt, and the true one opens still. */
export interface Refusal {
  readonly refused: '_onion_invalid_mac' | '_onion_invalid_seal';
}

/** What to do with the cell, once it is remembered that it was opened. */
type Outcome =
  /** The next onion, 4000 bytes, after so long. */
  | { readonly kind: 'relay'; readonly onion: Uint8Array; readonly delayMs: number }
  /** At most 3422 bytes, from nobody. */
  | { readonly kind: 'exit'; readonly content: Uint8Array }
  | { readonly kind: 'discard' }
  /** The ticket's id, 16 bytes, and the answer, which `undoReply` reads. */
  | { readonly kind: 'reply'; readonly id: Uint8Array; readonly body: Uint8Array }
  /** Nothing, and nothing is said; it is counted by the code. */
  | { readonly kind: 'drop'; readonly code: OnionCode };

/** An opened layer. What it says is to be remembered, durably, before anything of the outcome is done. */
export interface Opened {
  /** Of a public-key layer: whoever has this already drops the cell. 16 bytes. */
  readonly replayTag: Uint8Array;
  /** Until when that is remembered, Unix seconds; null: until the layer's key is destroyed. */
  readonly keptUntilSeconds: number | null;
  /** A one-time secret to keep, until then; a present or spent one is ignored. */
  readonly deposit: { readonly secret: Uint8Array; readonly untilSeconds: number } | null;
  readonly outcome: Outcome;
}

/** Opens a layer of an onion (4000 bytes) with keys that its hint was found to be for. */
export function openLayer(suite: Suite, onion: Uint8Array, keys: LayerKeys, nowSeconds: number): Opened | Refusal {
  const head = peelHead(suite, keys, onion);
  if (head === null) return { refused: '_onion_invalid_mac' };
  const body = onion.subarray(offsets.body);
  if (!isSealed(suite, keys.seal, body, onion.subarray(offsets.seal, offsets.body))) {
    return { refused: '_onion_invalid_seal' };
  }
  // Kept for days: not as a part of memory that holds the layer's keys as well.
  const replayTag = keys.replayTag.slice();
  const block = parseBlock(head.block);
  const fault = block === null ? '_onion_invalid_block' : faultOf(block, nowSeconds);
  if (block === null || fault !== null) {
    // Such an expiry says nothing; and opened again, the layer would be dropped again.
    const keptUntilSeconds = keptUntil(hourExpiry(nowSeconds));
    return { replayTag, keptUntilSeconds, deposit: null, outcome: { kind: 'drop', code: fault! } };
  }
  const { isDeposit, expiry } = block;
  return {
    replayTag,
    keptUntilSeconds: isDeposit ? null : keptUntil(expiry),
    deposit: isDeposit ? { secret: keys.deposit.slice(), untilSeconds: keptUntil(expiry) } : null,
    outcome: outcomeOf(suite, block, keys, head.beta, onion),
  };
}

const faultOf = ({ command, isDeposit, isTicket, expiry }: Block, nowSeconds: number): OnionCode | null =>
  expiryFault(expiry, isDeposit || isTicket || command === 'reply', nowSeconds);

function outcomeOf(suite: Suite, block: Block, keys: LayerKeys, beta: Uint8Array, sealed: Uint8Array): Outcome {
  const { command, next, isTicket, field, delayMs } = block;
  if (command === 'discard') return { kind: 'discard' };
  // A copy, to become the next onion: its body is deciphered where it stands.
  const onion = copyBytes(sealed);
  const body = onion.subarray(offsets.body);
  decipherBody(suite, keys.body, body);
  if (next !== null) {
    onion.set(next.alpha, offsets.alpha);
    onion.set(next.hint, offsets.hint);
    onion.set(next.mac, offsets.mac);
    onion.set(beta, offsets.beta);
    onion.set(isTicket ? sealOf(suite, field, body) : field, offsets.seal);
    return { kind: 'relay', onion, delayMs };
  }
  if (command === 'reply') return { kind: 'reply', id: field.slice(), body: body.slice() };
  const content = parseContent(body);
  return content === null ? { kind: 'drop', code: '_onion_invalid_content' } : { kind: 'exit', content };
}
