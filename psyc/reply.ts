/** Tags tie an answer to its request; counters name a packet and show that one is missing. docs/spec/psyc.md#tags */
import { encodeText } from './bytes.ts';
import { PsycError } from './error.ts';

/** How to read a routing variable: of a packet alone, or with what its circuit remembers. */
export type Route = (name: string) => string | undefined;

/**
 * Routing variables of the answer to a packet: to its source, or in a context to who spoke there, from its target, with its
 * tag. The tag goes under both names: the specification says `_tag_relay`, psyced looks at `_tag_reply` only. What is empty
 * is absent.
 */
export function replyRouting(route: Route): Record<string, string | undefined> {
  const tag = given(route('_tag'));
  return {
    _source: given(route('_target')),
    // Outside of a context a relay is only somebody's claim: an answer to it would strike whom the sender chose.
    _target:
      given(route('_source')) ?? (given(route('_context')) === undefined ? undefined : given(route('_source_relay'))),
    _tag_relay: tag,
    _tag_reply: tag,
  };
}

/** The tag of the request that a packet answers, or undefined when it answers none. */
export const tagAnswered = (route: Route): string | undefined =>
  given(route('_tag_relay')) ?? given(route('_tag_reply'));

const given = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

/** The `_counter` of a packet, or undefined when it has none. Throws PsycError `_invalid_counter`. */
export function counterOf(route: Route): number | undefined {
  const text = route('_counter');
  return text === undefined || text === '' ? undefined : parseCounter(text);
}

/** A whole number from 0 to 2^53 - 1 in decimal, without leading zeros. Throws PsycError `_invalid_counter`. */
export function parseCounter(text: string): number {
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw new PsycError('_invalid_counter', 0, 'a counter is a whole number below 2^53');
  return value;
}

/**
 * A packet's id, as libpsyc writes it: the list `|context|source|target|counter|fragment`, absent ones empty. Every value
 * that could be taken for two goes with its length, so that different packets have different ids.
 */
export function packetId(route: Route): string {
  const values = ['_context', '_source', '_target', '_counter', '_fragment'].map((name) => route(name) ?? '');
  if (values.some((value) => value.includes('|')))
    return values.map((value) => `${encodeText(value).length} ${value}`).join('|');
  return values.map((value) => `|${value}`).join('');
}
