/** All that a node has to do with visitors, here and elsewhere. docs/spec/people.md#visitors */
import type { PublicationCode } from '../../publication/error.ts';
import type { Authors } from '../keys/authors.ts';
import type { Desk } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import type { Letter } from '../letter.ts';
import type { VisitorJudge } from '../keys/visitor-keys.ts';
import { VisitorLedger } from './visitor-ledger.ts';
import type { Witnesses } from '../trust/witnesses.ts';
import { VisitReports } from './visit-reports.ts';
import { Visits } from './visits.ts';

/** The node. */
export interface VisitingOwner extends Desk {
  blocked(domain: string): FederationCode | null;
  refuse(letter: Letter, code: FederationCode | PublicationCode): void;
}

/** Its parts. */
export interface Visiting {
  readonly judge: VisitorJudge;
  readonly visits: Visits;
  readonly reports: VisitReports;
  readonly ledger: VisitorLedger;
}

/** Those of one node. */
export function visitingOf(node: VisitingOwner, authors: Authors, witnesses: Witnesses): Visiting {
  const { reports } = authors;
  const judge = { desk: node, blocked: (domain: string) => node.blocked(domain), reports, witnesses };
  return {
    judge,
    visits: new Visits(judge, authors, (letter, code) => node.refuse(letter, code)),
    reports: new VisitReports(node, authors),
    ledger: new VisitorLedger(node),
  };
}
