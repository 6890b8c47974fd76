/** A name becomes free whose holder has closed his account: who gets it is nobody's friend by what was agreed with who had it before. docs/spec/leaving.md#closing */
import type { Operation } from '../../store/store.ts';
import { circleIn, circleOf } from './circle.ts';
import { type Desk, lease } from '../desk.ts';
import { type Letter, newLetter } from '../letter.ts';
import { pairOf, VACATED } from './friendship.ts';
import { nodeUniform } from '../waking.ts';

/** Contexts of one page, of which each takes three operations. */
const PAGE_ROWS = 256;

/** Takes a person out of the circles of all who live here, and both words of each pair; false: it has to be done again. */
export function vacate(desk: Desk, person: string, done: (isDone: boolean) => void, above = ''): void {
  desk.ask({ kind: 'memberships', member: person, above, rowsMax: PAGE_ROWS }, (outcome) => {
    if (outcome.kind !== 'memberships') {
      done(false);
      return;
    }
    const { contexts } = outcome;
    const others = contexts.map(circleIn).filter((other) => other !== null);
    // Who is awake has it in hand: what he has on its way to the store is written before this.
    for (const other of others) desk.post(tell(desk, other, person));
    const goOn = (isWritten: boolean): void => {
      if (!isWritten) done(false);
      else if (contexts.length < PAGE_ROWS) done(true);
      else vacate(desk, person, done, contexts.at(-1));
    };
    if (others.length === 0) goOn(true);
    else {
      const operations = others.flatMap((other) => forgetting(other, person));
      desk.ask({ kind: 'write', operations }, (written) => goOn(written.kind === 'written'));
    }
  });
}

function tell({ domain }: Desk, other: string, person: string): Letter {
  const routing = { _source: nodeUniform(domain), _target: other };
  return newLetter({ routing, entity: { _uniform: person }, method: VACATED });
}

function forgetting(own: string, other: string): Operation[] {
  const words = (['mine', 'theirs'] as const).map(
    (name): Operation => ({ op: 'record', context: pairOf(own, other), lease, name, value: new Uint8Array(0) }),
  );
  return [{ op: 'member', context: circleOf(own), lease, name: other, sequence: 0 }, ...words];
}
