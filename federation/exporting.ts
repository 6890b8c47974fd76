/** What a person's home has of him, page by page, for himself. docs/spec/leaving.md#what-a-home-gives */
import { cabinetOf } from './cabinet.ts';
import { circleOf } from './circle.ts';
import type { Desk } from './desk.ts';
import type { Done, Tell } from './errand.ts';
import type { Letter } from './letter.ts';
import { announcedBy } from './presence.ts';
import { readRecords } from './records.ts';

const wholeIn = (text: string | undefined): number => (/^[0-9]{1,15}$/.test(text ?? '') ? Number(text) : 0);

/** Whose home it is. */
interface Owner {
  readonly uniform: string;
  readonly desk: Desk;
}

/** A page of the person's log behind `_after`: each row with its sequence, as it lies there. */
export function exportRows({ uniform, desk }: Owner, { packet }: Letter, tell: Tell, done: Done): void {
  const { othersRowsMax, historyBytesMax } = desk.options.federationLimits;
  const after = wholeIn(packet.text('_after'));
  desk.ask({ kind: 'read', context: uniform, after, rowsMax: othersRowsMax }, (outcome) => {
    if (outcome.kind !== 'rows') {
      done();
      return;
    }
    let reached = after;
    let bytes = 0;
    for (const row of outcome.rows) {
      if (bytes > historyBytesMax) break;
      tell('_status_export', { _sequence: String(row.sequence), _packet: row.packet });
      reached = row.sequence;
      bytes += row.packet.length;
    }
    tell('_echo_export', {
      _sequence: String(outcome.last),
      _next: reached < outcome.last ? String(reached) : undefined,
    });
    done();
  });
}

/** Every record under the person's name: keys and statement, and his drawers. */
export function exportRecords({ uniform, desk }: Owner, _: Letter, tell: Tell, done: Done): void {
  const contexts = [uniform, cabinetOf(uniform), circleOf(uniform), announcedBy(uniform)];
  const goOn = (at: number): void => {
    const context = contexts[at];
    if (context === undefined) {
      tell('_echo_records', {});
      done();
      return;
    }
    readRecords(desk, context, (records) => {
      if (records === null) {
        done();
        return;
      }
      for (const [name, value] of records) tell('_status_record', { _of: context, _name: name, _value: value });
      goOn(at + 1);
    });
  };
  goOn(0);
}
