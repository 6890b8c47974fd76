/** The members of a place who live at its own domain, and plain peers: each row goes to all of them at once. docs/spec/federation.md#following */
import { type Following, type FollowingEvent, newFollowing, stepFollowing } from '../../circuit/following.ts';
import type { Desk } from '../desk.ts';
import { domainOf } from '../letter.ts';
import { multicastOf, type MulticastRow } from './multicast.ts';
import type { Roll } from './roll.ts';

/** The local members' reader: every row once, in order. */
export class Neighbours {
  readonly #place: string;
  readonly #desk: Desk;
  readonly #members: Pick<Roll, 'local' | 'domains' | 'members' | 'last'>;
  readonly #following: Following;

  /** `members`: who they are, whenever a row is told. */
  constructor(place: string, desk: Desk, members: Pick<Roll, 'local' | 'domains' | 'members' | 'last'>) {
    this.#place = place;
    this.#desk = desk;
    this.#members = members;
    this.#following = newFollowing(desk.options.deliveryLimits);
  }

  /** Begins behind this row; once. */
  attach(after: number): void {
    if (this.#following.cursor === -1) this.#tell({ kind: 'attached', after });
  }

  appended(row: MulticastRow): void {
    this.#tell({ kind: 'appended', row });
  }

  grown(last: number): void {
    this.#tell({ kind: 'grown', last });
  }

  #tell(event: FollowingEvent): void {
    const context = this.#place;
    for (const effect of stepFollowing(this.#following, event)) {
      switch (effect.kind) {
        case 'deliver':
          this.#deliver(effect.row);
          break;
        case 'read':
          this.#desk.ask({ kind: 'read', context, after: effect.after, rowsMax: effect.rowsMax }, (outcome) => {
            if (outcome.kind !== 'rows') this.#tell({ kind: 'read failed' });
            else this.#tell({ kind: 'rows', rows: outcome.rows, last: outcome.last });
          });
          break;
        case 'timer':
          this.#desk.timer(`follow ${context}`, effect.delayMs, () => this.#tell({ kind: 'timer' }));
          break;
      }
    }
  }

  /** Whether somebody of a plain peer was a member at this row: one that is read late may be from before. */
  #wasHere(host: string, row: number): boolean {
    const { members, last } = this.#members;
    return row >= last || [...members].some(([person, since]) => since <= row && domainOf(person) === host);
  }

  #deliver(row: MulticastRow): void {
    const { local, domains } = this.#members;
    const plain = [...this.#desk.options.plain].filter(
      (host) => domains.has(host) && this.#wasHere(host, row.sequence),
    );
    if (local.size + plain.length === 0) return;
    const letter = multicastOf(this.#place, row);
    if (local.size > 0) this.#desk.postToAll(letter, local);
    for (const host of plain) this.#desk.linkTo(host)?.send(letter);
  }
}
