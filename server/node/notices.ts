/** What a node has its admin told, as lines of the log: names domains, and repeats nothing at every retry. docs/operating.md#log */
import type { Logger } from 'pino';
import type { Alarm } from '../../pki/trust-state.ts';
import type { Notice } from '../../federation/events.ts';

/** A domain that comes again and again with another key is told of so often only. */
const AGAIN_MS = 3_600_000;

/** Somebody whose rules cannot be read is woken as often as he is spoken to. */
const DAY_MS = 86_400_000;

/** Domains remembered to have been told of; with more, the oldest may be told again. */
const TOLD_MAX = 1024;

/** What an alarm says to a person; docs/operating.md#alarms has what to do. */
const meanings: Readonly<Record<Alarm, string>> = {
  'bad proof': 'whoever is there cannot prove a key',
  'revoked key': 'the key has revoked itself; nothing that it vouched for counts',
  'two successors': 'the key has named two successors; nothing is taken until you say which is right',
  'rolled back': 'an old key or an old number came; ignored',
  'old key speaks':
    'a key that it has left names another successor than the one that was followed: somebody has that key still; ask its admin which is right',
  'dns ambiguous': 'its DNS contradicts itself; ignored',
  'dns bogus': 'its DNS does not validate; ignored',
  'dns differing': 'two resolvers do not agree on it; ignored',
  'dns silent': 'its DNS has said nothing of its key for a week',
  'dns names another key': 'its DNS names another key than the one it proves; the pinned one stays, tell its admin',
  'home silent': 'nobody is reached there, and others find so too; certifications from before are honoured',
  'key followed': 'it has another key now',
  'successor waits': 'a new key waits, since nobody else vouches for it yet',
  'successor doubted':
    'its old key has named a new one, and its signed DNS keeps to the old; not taken until the DNS names it',
  'successor held': 'a key without the old one’s word waits',
  'too many keys':
    'it has left too many keys by their own word, and its recovery key was silent; the next counts when you give its fingerprint',
  'no longer frozen': 'its recovery key has said which key is its own, and ended the contradiction of two successors',
  'approval needed': 'it has lost its key, as it seems; the new one counts when you give its fingerprint',
  takeover: 'its DNS and whoever is there agree on a key that is not the pinned one; refused',
  impostor: 'whoever is there has a key that nobody names; refused',
  'not as given':
    'its server proves another key than the fingerprint that you have given; refused. p3do federate show says both, and how to take yours back',
  'key ended': 'its key has ended, and no renewal is found',
  'first use': 'first contact',
  unvouched: 'nobody says which key is its own; give its fingerprint',
};

/** Whose word led to the key that a domain has now. */
const leaders: Readonly<Record<NonNullable<(Notice & { readonly kind: 'key' })['by']>, string>> = {
  'old key': ', as its old one said',
  'recovery key': ', as its recovery key said: the old one is lost or stolen',
  others:
    ', of which neither its old one nor its recovery key has said anything: its DNS and others name it; compare its fingerprint with its admin, over another way',
};

/** Somebody names a successor of a key of ours, and it was not the admin: of which, signed by what, and what to do. */
const successors: Readonly<Record<(Notice & { readonly kind: 'successor' })['by'], readonly [string, string, string]>> =
  {
    'our key': [
      "this domain's key",
      'that key',
      'If you have not made it (p3do key rotate), somebody has domain.key, and in three days others take his key for yours: run p3do key void with revocation.asc, and p3do key rotate --recovery FILE --at now',
    ],
    'former key': [
      'a key that this domain had before',
      'that key',
      'Somebody has it still, and those that have missed its successor may take his key for yours: run p3do key void with the revocation of that key, and tell their admins the right fingerprint (p3do federate add) over another way',
    ],
    'recovery key': [
      "this domain's key",
      'its recovery key',
      'If you have not made it (p3do key rotate --recovery), somebody has recovery.key, and in three days others take his key for yours: tell their admins the right fingerprint (p3do federate add) over another way',
    ],
  };

const recovering =
  'p3do key rotate --recovery FILE --at now, with recovery.key, puts another key in its place (docs/operating.md#a-stolen-or-lost-key)';

const ownKeyRevoked = `REVOKED: the own key of this domain is revoked, as it has signed itself: other domains take nothing of it any more, and let nobody of it in. ${recovering}`;

const ownKeyCalledRevoked = (domain: string): string =>
  `REVOKED: according to ${domain} the own key of this domain is revoked; no revocation was found, there or here, so it may be wrong, or lie. See who else says so (p3do federate list). If it is so: ${recovering}`;

/** One node's. */
export class Notices {
  readonly #log: Logger;
  /** When each was told, the oldest first. */
  readonly #told = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `nowMs` never goes back. */
  tell(notice: Notice, nowMs: number): void {
    const log = this.#log;
    switch (notice.kind) {
      case 'first contact': {
        const { domain, fingerprint } = notice;
        log.warn(
          { domain, fingerprint },
          `FIRST CONTACT: ${domain} is taken at its word and pinned; compare its fingerprint with its admin, over another way`,
        );
        break;
      }
      case 'foreign key': {
        const { domain, fingerprint, expected } = notice;
        const level = this.#isNews(domain, nowMs) ? 'error' : 'debug';
        log[level](
          { domain, fingerprint, expected },
          `ANOTHER KEY: ${domain} came with a key that is not the one we know; refused. Compare fingerprints with its admin over another way; ` +
            `then: p3do federate add ${domain} --fingerprint, and what he has told you`,
        );
        break;
      }
      case 'named': {
        const { domain, fingerprint } = notice;
        const level = this.#isNews(`named ${domain}`, nowMs) ? 'error' : 'debug';
        log[level](
          { domain, fingerprint },
          `OUR NAME: ${domain} finds that the DNS names another key for this domain. If that is not your next key, somebody else may have your DNS: ` +
            'look who may change it, and at the record (p3do dns show, p3do doctor); whoever knows your key keeps to it',
        );
        break;
      }
      case 'successor': {
        const { domain, fingerprint, by } = notice;
        const level = this.#isNews(`successor ${fingerprint}`, nowMs) ? 'error' : 'debug';
        const [of, signer, advice] = successors[by];
        const text = `OUR KEY: ${domain} has heard that ${fingerprint} is to follow ${of}, signed by ${signer}. ${advice}`;
        log[level]({ domain, fingerprint, by }, text);
        break;
      }
      case 'own key revoked': {
        const { domain, fingerprint, isFound } = notice;
        // One line an hour is enough for what is certain; what others only say is told of each.
        const level = this.#isNews(isFound ? notice.kind : `${notice.kind} ${domain}`, nowMs) ? 'error' : 'debug';
        log[level]({ domain, fingerprint, isFound }, isFound ? ownKeyRevoked : ownKeyCalledRevoked(domain));
        break;
      }
      case 'key': {
        const { domain, row, alarm, by } = notice;
        const level = this.#isNews(`${alarm} ${domain}`, nowMs) ? 'warn' : 'debug';
        const whose = by === undefined ? '' : leaders[by];
        log[level](
          { domain, row, alarm, ...(by === undefined ? {} : { by }) },
          `KEY: ${domain}: ${meanings[alarm]}${whose}`,
        );
        break;
      }
      case 'countersignature': {
        const { domain, by, untilMs } = notice;
        const until = untilMs === 0 ? 'taken back' : new Date(untilMs).toISOString();
        log.info({ domain, by, until }, 'COUNTERSIGNATURE');
        break;
      }
      case 'visitor':
        log.info(
          { domain: notice.domain, heard: notice.heard },
          'visitor: somebody of that domain speaks through this server',
        );
        break;
      case 'unreadable rules': {
        const level = this.#isNews(notice.kind, nowMs, DAY_MS) ? 'warn' : 'debug';
        log[level](
          'RULES: what somebody here has decided about strangers cannot be read, so only friends may write to him until he decides anew; was rulesMax lowered, or a backup put back?',
        );
        break;
      }
      case 'connected':
      case 'disconnected':
        log.info({ domain: notice.domain }, notice.kind);
        break;
      case 'refused': {
        const { code, domain } = notice;
        if (domain !== null && code.startsWith('_proof_') && code !== '_proof_timeout') {
          const alarm = this.#isNews(`proof ${domain}`, nowMs) ? 'warn' : 'debug';
          log[alarm](
            { domain, code },
            `PROOF: ${domain}: whoever is there does not prove its key over this connection; refused. Something stands between, or it is another server: p3do doctor ${domain}`,
          );
          break;
        }
        // Anybody may have himself refused, as often as he likes.
        const level = this.#isNews(`${code} ${domain}`, nowMs) ? 'info' : 'debug';
        log[level](domain === null ? { code } : { code, domain }, 'circuit refused');
        break;
      }
    }
  }

  #isNews(what: string, nowMs: number, againMs = AGAIN_MS): boolean {
    const last = this.#told.get(what);
    if (last !== undefined && nowMs - last < againMs) return false;
    this.#told.delete(what);
    this.#told.set(what, nowMs);
    if (this.#told.size > TOLD_MAX) this.#told.delete(this.#told.keys().next().value!);
    return true;
  }
}
