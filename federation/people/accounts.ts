/** The accounts of a domain for its admin: found, shown, frozen, closed. docs/spec/leaving.md#accounts */
import { parseEntity } from '../../psyc/uniform.ts';
import { accountIn, accountOf, timeIn } from './account.ts';
import type { AccountQuestion, AccountShown, AdminAnswer } from '../admin-questions.ts';
import { circleOf, FRIEND } from './circle.ts';
import { isPlace } from './closing.ts';
import type { Desk } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import type { Person } from './person.ts';
import { readRecords } from '../records.ts';
import { looksOf, tombstoneOf } from './tombstone.ts';
import { nodeUniform } from '../waking.ts';

/** Of a page that is counted. */
const COUNTED_ROWS = 512;

/** The person of this uniform, awake or woken; null: asleep, or too many are awake. */
export type Persons = (uniform: string, isWoken: boolean) => Person | null;

type Answering = (answer: AdminAnswer) => void;
type Found = (account: AccountShown | null) => void;

/** Answers now or later, once. */
export function answerAccounts(desk: Desk, persons: Persons, question: AccountQuestion, answer: Answering): void {
  if (question.kind === 'accounts') {
    list(desk, persons, question.after, answer);
    return;
  }
  const person = `psyc://${desk.domain}/~${question.nick}`;
  if (question.kind === 'account') {
    show(desk, persons, person, true, (account) => {
      answer(account === null ? unavailable : { kind: 'accounts', accounts: [account], next: null });
    });
    return;
  }
  const woken = persons(person, true);
  const done = (code: FederationCode | null): void =>
    answer(code === null ? { kind: 'done' } : { kind: 'refused', code });
  if (woken === null) done('_excessive_entities');
  else change(woken, question, done);
}

/** Behind whatever is being answered about the person's keys. */
function change(person: Person, question: AccountQuestion, done: (code: FederationCode | null) => void): void {
  const { residence } = person;
  residence.turn((over) => {
    const changed = (code: FederationCode | null): void => {
      done(code);
      over();
    };
    if (residence.keys === null) changed(residence.tombstone === null ? '_unknown_target' : '_closed_account');
    else if (question.kind === 'freeze') {
      residence.account.freeze(question.isFrozen, (code) => {
        // What is said to the person is kept as ever.
        if (residence.account.isFrozen) person.dismissDevices('_frozen_account');
        changed(code);
      });
    } else {
      // Whether it is written nobody knows: who asks again is told.
      person.close(null, (outcome) =>
        changed(outcome === 'closed' ? null : outcome === 'unknown' ? '_trust_unavailable' : outcome),
      );
    }
  });
}

const unavailable: AdminAnswer = { kind: 'refused', code: '_trust_unavailable' };

/** A page of all accounts, in the order of their names. */
function list(desk: Desk, persons: Persons, after: string | null, answer: Answering): void {
  const { accountsPageMax: rowsMax } = desk.options.federationLimits;
  const above = after === null ? '' : accountOf(`psyc://${desk.domain}/~${after}`);
  desk.ask({ kind: 'memberships', member: nodeUniform(desk.domain), above, rowsMax }, (outcome) => {
    if (outcome.kind !== 'memberships') {
      answer(unavailable);
      return;
    }
    const found = outcome.contexts.map(accountIn).filter((person) => person !== null);
    const accounts: AccountShown[] = [];
    const next = (): void => {
      const person = found[accounts.length];
      if (person === undefined) {
        const isLast = outcome.contexts.length < rowsMax;
        answer({ kind: 'accounts', accounts, next: isLast ? null : (accounts.at(-1)?.nick ?? null) });
        return;
      }
      show(desk, persons, person, false, (account) => {
        if (account === null) answer(unavailable);
        else {
          accounts.push(account);
          next();
        }
      });
    };
    next();
  });
}

/** What is known of one; null: the store does not answer. `isWhole`: friends and places are counted too. */
function show(desk: Desk, persons: Persons, person: string, isWhole: boolean, found: Found): void {
  readRecords(desk, person, (records) => {
    if (records === null) {
      found(null);
      return;
    }
    const [key, statement] = [records.get('key'), records.get('statement')];
    const isThere = key !== undefined && statement !== undefined;
    const shown: AccountShown = {
      nick: parseEntity(person).name,
      isThere,
      createdMs: timeIn(records, 'created'),
      seenMs: timeIn(records, 'seen'),
      frozenMs: timeIn(records, 'frozen'),
      closedMs: null,
      isHere: persons(person, false)?.isHere === true,
      devices: null,
      friends: null,
      places: null,
    };
    if (!isThere) {
      readRecords(desk, looksOf(person), (looks) => {
        found(looks && { ...shown, closedMs: tombstoneOf(person, looks)?.closedMs ?? null });
      });
      return;
    }
    const question = { kind: 'person', person, key, statement, known: statement, authority: null } as const;
    desk.askPki(question, (read) => {
      const devices = read.kind === 'person' ? read.devices.length : null;
      if (!isWhole) found({ ...shown, devices });
      else count(desk, person, (counted) => found(counted && { ...shown, devices, ...counted }));
    });
  });
}

/** How many friends somebody has, and of how many places he is a member. */
function count(
  desk: Desk,
  person: string,
  found: (counted: { readonly friends: number; readonly places: number } | null) => void,
): void {
  const places = (above: string, friends: number, before: number): void => {
    desk.ask({ kind: 'memberships', member: person, above, rowsMax: COUNTED_ROWS }, (outcome) => {
      if (outcome.kind !== 'memberships') {
        found(null);
        return;
      }
      const all = before + outcome.contexts.filter(isPlace).length;
      if (outcome.contexts.length < COUNTED_ROWS) found({ friends, places: all });
      else places(outcome.contexts.at(-1)!, friends, all);
    });
  };
  const friends = (above: string, before: number): void => {
    desk.ask({ kind: 'members', context: circleOf(person), above, rowsMax: COUNTED_ROWS }, (outcome) => {
      if (outcome.kind !== 'members') {
        found(null);
        return;
      }
      const all = before + outcome.members.filter(({ sequence }) => sequence === FRIEND).length;
      if (outcome.members.length < COUNTED_ROWS) places('', all, 0);
      else friends(outcome.members.at(-1)!.name, all);
    });
  };
  friends('', 0);
}
