/** What a box's owner has got of it: messages put together of deposits, each handed out once. docs/spec/pigeonhole.md#reading */
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { hourOf } from '../../services/coarse-time.ts';
import type { BoxSecrets } from '../../services/pigeonhole/keys.ts';
import { joinParts, openDeposit, type Part } from '../../services/pigeonhole/message.ts';
import { boxClientLimits } from './limits.ts';

/** A message of which not all has come. */
interface Partial {
  readonly hour: number;
  readonly parts: number;
  readonly data: ReadonlyMap<number, Uint8Array>;
}

/** By message ids, hexadecimal. */
export interface Inbox {
  /** Those first of which something has come the longest ago. */
  readonly partial: ReadonlyMap<string, Partial>;
  /** The hour of each that has come. */
  readonly seen: ReadonlyMap<string, number>;
  /** Messages in part that were given up, and of which nobody has been told yet. */
  readonly forgotten: number;
}

/** What became of a deposit. */
export type Taken =
  | { readonly kind: 'message'; readonly content: Uint8Array; readonly hour: number }
  | { readonly kind: 'part' }
  /** It came before, or is too old to be told from what did. */
  | { readonly kind: 'again' }
  /** It is for nobody, or for somebody else. */
  | { readonly kind: 'nothing' };

export const emptyInbox: Inbox = { partial: new Map(), seen: new Map(), forgotten: 0 };

/** The inbox with one deposit more, and what came of that. `unixMs`: now. */
export function takeDeposit(
  suite: Suite,
  box: BoxSecrets,
  before: Inbox,
  deposit: Uint8Array,
  unixMs: number,
): { readonly inbox: Inbox; readonly taken: Taken } {
  const inbox = withoutOld(before, unixMs);
  const part = openDeposit(suite, box, deposit);
  if (part === null) return { inbox, taken: { kind: 'nothing' } };
  const id = hexOf(part.id);
  if (inbox.seen.has(id) || !isFresh(part, unixMs)) return { inbox, taken: { kind: 'again' } };
  const known = inbox.partial.get(id);
  if (known !== undefined && (known.parts !== part.parts || known.hour !== part.hour)) {
    return { inbox, taken: { kind: 'nothing' } };
  }
  const data = new Map([...(known?.data ?? []), [part.part, part.data]]);
  const others = new Map(inbox.partial);
  others.delete(id);
  if (data.size < part.parts) {
    const partial = new Map([...others, [id, { hour: part.hour, parts: part.parts, data }]]);
    return { inbox: within({ ...inbox, partial }), taken: { kind: 'part' } };
  }
  const content = joinParts(
    suite,
    part,
    Array.from({ length: part.parts }, (_, at) => data.get(at)!),
  );
  if (content === null) return { inbox: { ...inbox, partial: others }, taken: { kind: 'nothing' } };
  const seen = new Map([...inbox.seen, [id, part.hour]]);
  for (const [oldest] of seen) if (seen.size > boxClientLimits.seenMax) seen.delete(oldest);
  return { inbox: { ...inbox, partial: others, seen }, taken: { kind: 'message', content, hour: part.hour } };
}

/** What came before is remembered as long as it is fresh, so that whoever has kept a deposit cannot have it told again. */
const isFresh = ({ hour }: Pick<Part, 'hour'>, unixMs: number): boolean =>
  hour >= hourOf(unixMs) - boxClientLimits.oldHoursMax && hour <= hourOf(unixMs) + boxClientLimits.aheadHoursMax;

function withoutOld({ partial, seen, forgotten }: Inbox, unixMs: number): Inbox {
  const left = new Map([...partial].filter(([, one]) => isFresh(one, unixMs)));
  return {
    partial: left,
    seen: new Map([...seen].filter(([, hour]) => isFresh({ hour }, unixMs))),
    forgotten: forgotten + partial.size - left.size,
  };
}

const bytesOf = ({ data }: Partial): number => [...data.values()].reduce((sum, { length }) => sum + length, 0);

/** Where there are too many, that goes of which least has come, and of those the one that came first: who begins many messages gets none of others away. */
function within(inbox: Inbox): Inbox {
  const partial = new Map(inbox.partial);
  let bytes = [...partial.values()].reduce((sum, one) => sum + bytesOf(one), 0);
  while (partial.size > boxClientLimits.partialMax || bytes > boxClientLimits.partialBytesMax) {
    const [[id, one]] = [...partial].sort(([, a], [, b]) => a.data.size - b.data.size) as [[string, Partial]];
    bytes -= bytesOf(one);
    partial.delete(id);
  }
  return { ...inbox, partial, forgotten: inbox.forgotten + inbox.partial.size - partial.size };
}
