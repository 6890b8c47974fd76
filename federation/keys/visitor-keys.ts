/** Whose keys these are that a visitor has brought, or whoever carries him: judged more strictly than anybody else's. docs/spec/people.md#visitors */
import type { Standing } from '../../pki/trust-state.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import type { Desk } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import type { KeyReports } from './key-reports.ts';
import type { FoundKeys } from './key-search.ts';
import { domainOf } from '../letter.ts';
import { readPin } from './person-pin.ts';
import { readRecords } from '../records.ts';
import { unasked, type Witnessed, type Witnesses } from '../trust/witnesses.ts';
import { authoritiesIn, honouredIn, trustIn } from '../trust/trust-record.ts';

/** Who judges visitors. */
export interface VisitorJudge {
  readonly desk: Desk;
  /** Why the admin wants nothing to do with a domain; null: he does. */
  readonly blocked: (domain: string) => FederationCode | null;
  readonly reports: KeyReports;
  readonly witnesses: Witnesses;
}

/** His keys, and how many other domains have said what they have of him. */
export type VisitorKeys = FoundKeys & { readonly heard: number };

/** Whether the next try may tell more. */
export const isForNow = (code: string): boolean => code === '_trust_unavailable' || code === '_login_unwitnessed';

/** Keys of somebody. */
export interface BroughtKeys {
  readonly person: string;
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
}

/**
 * Under his home's key, which must be pinned and stand like this here, with what our ring knows and, with `isAsking`, the rings of
 * his home, where it is linked, and of others; a code where they are not his, or are not good any more, or `_login_unwitnessed`: his
 * certification has ended, and too few of those servers have answered.
 */
export function judgeVisitor(
  { desk, blocked, reports, witnesses }: VisitorJudge,
  { person, key, statement }: BroughtKeys,
  { isAsking, standings = ['normal'] }: { readonly isAsking: boolean; readonly standings?: readonly Standing[] },
  found: (keys: VisitorKeys | string) => void,
): void {
  const home = domainOf(person);
  const rule = home === desk.domain ? '_necessary_home' : blocked(home);
  if (rule !== null) {
    found(rule);
    return;
  }
  readRecords(desk, `psyc://${home}`, (ofHome) => {
    if (ofHome === null) {
      found('_trust_unavailable');
      return;
    }
    readPin(desk, person, ofHome, (pin) => {
      if (pin === null) {
        found('_trust_unavailable');
        return;
      }
      const { standing } = trustIn(ofHome, desk.unixMs);
      if (!standings.includes(standing)) {
        // Where his home is found somewhere, it is known the next time.
        if (standing === 'unknown') desk.meet(home, 'stranger');
        found(standing === 'unknown' ? '_login_unknown_home' : '_login_doubtful_home');
        return;
      }
      const authorities = authoritiesIn(ofHome, desk.unixMs);
      const honoured = honouredIn(ofHome, desk.unixMs, desk.options.trustLimits);
      const { fingerprint, statement: known } = pin;
      const { visitorWitnessesMin } = desk.options.federationLimits;
      const ask = (told: (witnessed: Witnessed) => void): void =>
        isAsking ? witnesses.ask(person, told) : told(unasked);
      const asked = { kind: 'visitor', person, key, statement, known, authorities, honoured } as const;
      ask(({ asked: count, heard, keys, statements }) =>
        desk.askPki({ ...asked, others: { keys, statements } }, (answer) => {
          const code = answer.kind === 'refused' ? answer.code : '_trust_unavailable';
          if (answer.kind === 'found' && (fingerprint === null || equalBytes(fingerprint, answer.read.fingerprint))) {
            const needed = Math.max(1, Math.min(visitorWitnessesMin, count));
            // A certification that runs is short, and stands for what nobody could be asked; one that has ended does not.
            const isUnheard = isAsking && answer.isHonoured && heard < needed;
            found(isUnheard ? '_login_unwitnessed' : { ...answer, heard, isPinned: fingerprint !== null });
          } else if (answer.kind === 'found') {
            reports.tell(person, answer.read.fingerprint);
            found('_trust_changed_key');
          } else if (fingerprint !== null && code === '_foreign_statement') {
            const refuse = (isForeign: boolean): void => found(isForeign ? '_trust_changed_key' : code);
            reports.look(person, { key, statement }, fingerprint, authorities, refuse);
          } else found(code);
        }),
      );
    });
  });
}
