/** A page of a place's log for one member, as packets in the place's context. docs/spec/places.md#history */
import { parseOne } from '../../circuit/one-packet.ts';
import { covers, putOutBy, readAct } from '../../publication/act.ts';
import type { Row } from '../../store/store.ts';
import type { Desk } from '../desk.ts';
import { timeOf } from './erasing.ts';
import type { FederationCode } from '../error.ts';
import { entityOf, type Letter, newLetter, refusalLetter } from '../letter.ts';
import { placeRequestOf } from '../methods.ts';
import { multicastOf } from './multicast.ts';

/** A whole number in canonical decimal, or null. */
const whole = (text: string): number | null => (/^(?:0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : null);

/**
 * Answers with the rows after `_after` (without it: the newest), at most `_limit` of them, then `_echo_history`; none up to `hidden`, which is erased. Gives a
 * code when it does not begin; else calls `over` once. A store that does not answer means silence: it is asked again.
 */
export function readHistory(
  context: string,
  { routing, packet }: Letter,
  to: string,
  last: number,
  hidden: number,
  desk: Desk,
  over: () => void,
  shown: (row: Row, to: string) => Letter = (row, to) => multicastOf(context, row, to),
): FederationCode | null {
  const { historyRowsMax, historyBytesMax } = desk.options.federationLimits;
  const limit = whole(packet.text('_limit') ?? String(historyRowsMax));
  if (limit === null || limit === 0) return '_invalid_page';
  const rowsMax = Math.min(limit, historyRowsMax);
  const after = whole(packet.text('_after') ?? String(Math.max(0, last - rowsMax)));
  if (after === null) return '_invalid_page';
  const tag = routing.get('_tag');
  const from = Math.max(after, hidden);
  desk.ask({ kind: 'read', context, after: from, rowsMax }, (outcome) => {
    over();
    if (outcome.kind !== 'rows') return;
    let reached = Math.min(from, Math.max(after, outcome.last));
    let bytes = 0;
    for (const row of outcome.rows) {
      if (bytes > historyBytesMax) break;
      desk.post(shown(row, to));
      reached = row.sequence;
      bytes += row.packet.length;
      // He was a member when he asked: of what came since he hears up to where he is none.
      if (row.sequence > last && isParting(row, entityOf(to))) break;
    }
    desk.post(
      newLetter({
        routing: { _source: context, _target: to, _tag_relay: tag, _tag_reply: tag },
        entity: {
          _counter_relay: routing.get('_counter'),
          _after: String(reached),
          _sequence: String(outcome.last),
          _sequence_erased: hidden === 0 ? undefined : String(hidden),
        },
        method: '_echo_history',
      }),
    );
  });
  return null;
}

/**
 * Shows whoever is no member the row that has put him out, and refuses what he asked for. A row that is too old says nothing: the name may be somebody else's by
 * now. A store that does not answer means silence: it is asked again.
 */
export function readExpulsion(
  context: string,
  letter: Letter,
  row: number,
  to: string,
  desk: Desk,
  over: () => void,
): void {
  const { reservedMs } = desk.options.federationLimits;
  const refusal = refusalLetter(letter, '_necessary_membership', context);
  desk.ask({ kind: 'read', context, after: row - 1, rowsMax: 1 }, (outcome) => {
    over();
    if (outcome.kind !== 'rows') return;
    const [found] = outcome.rows;
    const isRecent = found !== undefined && desk.unixMs - (timeOf(found) ?? 0) < reservedMs;
    if (isRecent && isParting(found, entityOf(to))) desk.post(multicastOf(context, found, to));
    if (refusal !== null) desk.post(refusal);
  });
}

/** Whether a person is no member any more from this row on. */
function isParting(row: Row, person: string): boolean {
  const packet = parseOne(row.packet);
  if (placeRequestOf(packet.method) === 'leave') return entityOf(packet.ownRoute('_source') ?? '') === person;
  const whom = putOutBy(readAct(packet));
  return whom !== null && covers(whom, person);
}
