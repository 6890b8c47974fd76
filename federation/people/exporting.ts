/** What a person's home has of him, page by page, for himself. docs/spec/leaving.md#what-a-home-gives */
import { limits } from '../../psyc/limits.ts';
import type { Row } from '../../store/store.ts';
import { cabinetOf, drawerIn } from './cabinet.ts';
import { circleOf } from './circle.ts';
import type { Desk } from '../desk.ts';
import type { Done, Tell } from './errand.ts';
import type { Letter } from '../letter.ts';
import { announcedBy } from './presence.ts';
import { readRecords } from '../records.ts';
import { visitsOf } from '../visitors/visit-reports.ts';

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
      tellRow(row, tell);
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

/** Bytes of a content beside its data: the sequence, and the method. */
const BESIDE_BYTES = 256;

/** A variable has no room for what is long: then the row is the data. What fits into no packet beside its sequence is left out, and named. */
function tellRow({ sequence, packet }: Row, tell: Tell): void {
  const entity = { _sequence: String(sequence) };
  if (packet.length <= limits.valueBytesMax) tell('_status_export', { ...entity, _packet: packet });
  else if (packet.length <= limits.contentBytesMax - BESIDE_BYTES) tell('_status_export', entity, packet);
  else tell('_status_export', { ...entity, _code: '_oversized_message' });
}

/** A page of the records under the person's name: keys and statement, and his drawers. `_after`: number of the context, a blank, name of the record. */
export function exportRecords({ uniform, desk }: Owner, { packet }: Letter, tell: Tell, done: Done): void {
  const { othersRowsMax, historyBytesMax } = desk.options.federationLimits;
  const [, first = '0', above = ''] = /^([0-9]) (.*)$/s.exec(packet.text('_after') ?? '') ?? [];
  let [count, bytes] = [0, 0];
  const contexts = [uniform, cabinetOf(uniform), circleOf(uniform), announcedBy(uniform), visitsOf(uniform)];
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
      const isCabinet = context === cabinetOf(uniform);
      const isLeft = (name: string): boolean => at > Number(first) || name > above;
      const names = [...records.keys()].sort().filter(isLeft);
      for (const [index, name] of names.entries()) {
        if (count >= othersRowsMax || bytes > historyBytesMax) {
          tell('_echo_records', { _next: `${at} ${names[index - 1] ?? ''}` });
          done();
          return;
        }
        const value = records.get(name)!;
        count++;
        bytes += value.length;
        const { version, value: drawer } = drawerIn(records, name);
        const kept = isCabinet ? { _version: String(version), _value: drawer } : { _value: value };
        tell('_status_record', { _of: context, _name: name, ...kept });
      }
      goOn(at + 1);
    });
  };
  goOn(Number(first));
}
