/** How a person receives what others say to him: who is a stranger, and why somebody may not write. docs/spec/friends.md#strangers */
import type { Arrival } from '../../circuit/incoming-events.ts';
import { isSigned } from '../../publication/packet.ts';
import type { Row } from '../../store/store.ts';
import type { Circle } from './circle.ts';
import type { FederationCode } from '../error.ts';
import type { Pair, Word } from './friendship.ts';
import type { Token } from '../inbox.ts';
import { type Letter, parseLetter, readdress } from '../letter.ts';
import type { FederationLimits } from '../limits.ts';
import type { Treatment } from './rules.ts';
import type { FormerNames } from '../keys/moves.ts';
import { bySequence, type Outgoer } from '../outbox.ts';

/** Where the log says that a row is a stranger's; told to his devices. */
export const strangersOf = (uniform: string): string => `${uniform}#_strangers`;

/** What is known of a row on its way into the log. */
export interface Note {
  readonly isStranger: boolean;
  readonly friendship: { readonly pair: Pair; readonly word: Word } | null;
}

/** The names of whoever says something, the one that he has now first. What is not signed is said by his home, which nobody knew under the others. */
export const namesIn = ({ packet }: Letter, author: string, names: FormerNames): readonly string[] =>
  isSigned(packet) ? [author, ...names.namesBefore(author)] : [author];

/** How a person treats somebody by the first of his names that he has a rule for, the one that he has now first. Of a name before only the person is meant, and nobody's domain. */
export function treatmentIn(circle: Circle, [now = '', ...before]: readonly string[]): Treatment | null {
  const old = before.map((name) => circle.ownTreatmentOf(name)).find((treatment) => treatment !== null);
  return circle.treatmentOf(now) ?? old ?? null;
}

/** Why somebody, by the names that he has and had, may not write a row of so many bytes now, or null; `queued`: strangers whose rows are on their way to the log. */
export function faultOf(
  circle: Circle,
  { strangerRowBytesMax }: FederationLimits,
  names: readonly string[],
  { isStranger, friendship }: Note,
  bytes: number,
  queued: () => readonly string[],
): FederationCode | null {
  // Like anybody whom a person does not let write.
  if (treatmentIn(circle, names) === 'block') return '_filter_strangers';
  if (friendship !== null && bytes > strangerRowBytesMax) return '_oversized_message';
  return isStranger ? circle.strangersFault(names[0] ?? '', bytes, queued()) : null;
}

/** Strangers whose rows are on their way to the log, one for each. */
export const strangersIn = (queued: readonly Arrival<Token>[]): string[] =>
  queued.filter(({ token }) => (token.note as Note).isStranger).map(({ token }) => token.message.author);

/** A row of a person's log as his devices get it. */
export function personsRow(person: string, { sequence, packet: bytes }: Pick<Row, 'sequence' | 'packet'>): Outgoer {
  const { routing, packet } = parseLetter(bytes);
  const heading = {
    _source: routing.get('_source'),
    _target: person,
    _target_relay: routing.get('_target_relay'),
    _tag: routing.get('_tag'),
    _counter: String(sequence),
  };
  return bySequence(readdress(heading, packet), sequence);
}
