/** Who has been a visitor here: nothing of him is kept for ever, and of one domain's people not too much in a day. docs/spec/people.md#visitors */
import { withoutChannel } from '../../psyc/uniform.ts';
import { publicationLimits } from '../../publication/limits.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import { domainOf, type Letter } from '../letter.ts';
import { type RecordName, readRecords, record } from '../records.ts';
import { remember } from '../remember.ts';
import { digitsOf } from './visits.ts';

/** Whose members are visitors, since when in Unix seconds. */
const CONTEXT = 'visitors';
const PAGE_ROWS = 64;
const SWEEP_MS = 3_600_000;
const DAY_MS = 86_400_000;
const nothing = new Uint8Array(0);

/** One node's. */
export class VisitorLedger {
  readonly #desk: Desk;
  /** People taken in for the first time today, by domain. */
  readonly #today = new Map<string, { readonly day: number; readonly people: Set<string> }>();

  /** What homes were told of each in this life of the server, and when; the oldest is told anew. */
  readonly #told = new Map<string, { readonly report: Letter; readonly atMs: number }>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** What tells a visitor's home: the same for a day, so that what was lost is said again, and nothing is said anew. */
  report(visitor: string, make: () => Letter): Letter {
    const known = this.#told.get(visitor);
    if (known !== undefined && this.#desk.unixMs - known.atMs < DAY_MS) return known.report;
    const report = make();
    const { visitorsMax } = this.#desk.options.federationLimits;
    remember(this.#told, visitor, { report, atMs: this.#desk.unixMs }, visitorsMax);
    return report;
  }

  /** From now on what is over is erased. */
  begin(): void {
    this.#desk.timer(CONTEXT, SWEEP_MS, () => {
      this.#sweep('');
      this.begin();
    });
  }

  /** Whether one more of that domain's people is taken in today; he is counted. */
  takes(person: string): boolean {
    const { visitorsADayMax, peersMax } = this.#desk.options.federationLimits;
    const home = domainOf(person);
    const day = Math.floor(this.#desk.unixMs / DAY_MS);
    const known = this.#today.get(home);
    const people = known?.day === day ? known.people : new Set<string>();
    if (!people.has(person) && people.size >= visitorsADayMax) return false;
    people.add(person);
    remember(this.#today, home, { day, people }, peersMax);
    return true;
  }

  /** Written with what is kept of a visitor. */
  entry(visitor: string): Operation {
    return this.#entry(visitor, Math.floor(this.#desk.unixMs / 1000));
  }

  #entry(visitor: string, sequence: number): Operation {
    return { op: 'member', context: CONTEXT, lease, name: visitor, sequence };
  }

  #sweep(above: string): void {
    this.#desk.ask({ kind: 'members', context: CONTEXT, above, rowsMax: PAGE_ROWS }, (outcome) => {
      if (outcome.kind !== 'members') return;
      const before = Math.floor((this.#desk.unixMs - publicationLimits.visitMsMax) / 1000);
      for (const { name, sequence } of outcome.members) if (sequence < before) this.#forget(name);
      const last = outcome.members.at(-1);
      if (outcome.members.length === PAGE_ROWS && last !== undefined) this.#sweep(last.name);
    });
  }

  #forget(visitor: string): void {
    const person = withoutChannel(visitor);
    const own: RecordName[] = [`visit ${digitsOf(visitor)}`, `told ${digitsOf(visitor)}`];
    readRecords(this.#desk, person, (records) => {
      if (records === null) return;
      const isLast = ![...records.keys()].some(
        (name) => name.startsWith('visit ') && !own.includes(name as RecordName),
      );
      const names: RecordName[] = isLast ? [...own, 'key'] : own;
      const operations = [...names.map((name) => record(person, name, nothing)), this.#entry(visitor, 0)];
      this.#desk.ask({ kind: 'write', operations }, () => {});
    });
  }
}
