/** That a person who lives here has come from elsewhere, by the word of the key there: kept, and told with the keys. docs/spec/people.md#moving */
import type { Desk } from '../desk.ts';
import type { Done, Tell } from './errand.ts';
import type { FederationCode } from '../error.ts';
import type { Letter } from '../letter.ts';
import type { PkiAnswer, ToldMove } from '../keys/pki.ts';
import { type Records, record } from '../records.ts';

/** What is known of who lives here. */
export interface Home {
  /** null: nobody does. */
  readonly keys: { readonly key: Uint8Array; readonly move?: ToldMove | undefined } | null;
  /** It is durable. */
  moved(move: ToldMove): void;
}

/** Whose device says so. */
interface Mover {
  readonly uniform: string;
  readonly desk: Desk;
  readonly residence: Home;
}

/** What is kept of it; undefined: nothing. */
export function moveIn(records: Records): ToldMove | undefined {
  const [statement, before] = [records.get('move'), records.get('key before')];
  return statement === undefined || before === undefined ? undefined : { statement, before };
}

/** Durable before it is answered; silence where the store or OpenPGP does not answer. */
export function takeMove({ uniform, desk, residence: home }: Mover, { packet }: Letter, tell: Tell, done: Done): void {
  const [statement, before] = ['_move', '_key_before'].map((name) => new Uint8Array(packet.value(name) ?? []));
  const { keys } = home;
  if (keys === null || before!.length > desk.options.federationLimits.pinnedKeyBytesMax) {
    done(keys === null ? '_closed_account' : '_trust_oversized_key');
    return;
  }
  const move: ToldMove = { statement: statement!, before: before! };
  const judged = (answer: PkiAnswer): void => {
    if (answer.kind !== 'moved') {
      done(codeOf(answer));
      return;
    }
    const operations = [record(uniform, 'move', move.statement), record(uniform, 'key before', move.before)];
    desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind === 'written') {
        home.moved(move);
        tell('_echo_move', {});
      }
      done();
    });
  };
  desk.askPki(
    { kind: 'move', person: uniform, key: keys.key, known: keys.move ?? null, move, others: null },
    judged,
    'ours',
  );
}

/** undefined: nobody knows now. */
function codeOf(answer: PkiAnswer): FederationCode | undefined {
  const code = answer.kind === 'refused' ? answer.code : '';
  if (code === '_trust_unavailable') return undefined;
  return code === '_stale_move' || code === '_conflicting_move' ? code : '_invalid_move';
}
