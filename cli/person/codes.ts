/** What a code means to a person, and what to do about it. docs/spec/people.md#people-errors */
import { mailboxService } from '../../client/mailbox/asking.ts';
import { boxService } from '../../client/pigeonhole/asking.ts';
import { limits } from '../../psyc/limits.ts';
import { safeLine } from './safe.ts';

const SAY_AGAIN = 'try again in a while';
const CLOCK = 'the clocks of this machine and of the server differ: look at yours (date)';
const TRUST =
  'its key is another than the one that is pinned: ask its admin for the fingerprint over another way, and type p3do trust DOMAIN FINGERPRINT (p3do help trust)';
const ADMIN = 'tell the admin of your server';

/** Longer codes inherit from shorter ones, as keywords do: what has no line of its own has that of the next above it. */
const sentences: Readonly<Record<string, string>> = {
  // What else these say, other services say too: below.
  ...boxService.refusals,
  ...mailboxService.refusals,
  _mailbox: 'the mailbox did not do it',
  _box: 'the pigeonhole did not do it',
  _keys_unknown: 'no such key is known there: look at how the address or the fingerprint is written',
  _keys_invalid_request: 'a key server is asked for an address (nick@domain) or a fingerprint, and this is none',
  _keys_unsupported: 'a key server answers other questions: it may be older, or newer',
  _keys_unavailable: `the key server cannot look up anything now: ${SAY_AGAIN}`,
  _keys_busy: `the key server has too much to do: ${SAY_AGAIN}`,
  _keys_excessive_requests: `the key server is asked too often: ${SAY_AGAIN}`,
  _keys_excessive_keys: 'this address has as many keys as a key server keeps of one',
  _keys: 'the key server did not do it',
  _trip_unanswered: 'nobody has answered, whichever way it was asked',
  _trip_dry: 'too few secrets came; nothing weaker was used',
  _trip_refused: 'your home takes no more cells',
  _trip_excessive: 'too many questions are under way: wait until some are answered',
  _trip: 'no answer',
  _anonymous_unreachable: 'your home knows no way to that server',
  _anonymous_excessive_hops: 'your home knows too few servers for so many hops',
  _anonymous_excessive_level:
    'your home knows servers of too few owners for secrets of that level, or there are none of it',
  _anonymous_home_secrets: 'your home, or its owner, keeps no one-time secrets of yours: say --there keys',
  _onion_oversized_content: 'the question is too long for a cell',
  _onion: 'no cell could be made of it',
  _mor_excessive_watches:
    'your home gives copies of no more cells: other devices or programs of yours ask for some, or too many people do',
  _mor_full: `there is no room for more there now: ${SAY_AGAIN}`,
  _mor_interrupted: 'that server began with it and broke off: it may be done, or not',
  _mor_unanswered: 'the server was reached, and who was asked there has not answered',
  _mor_oversized_answer: 'the answer is longer than a server sends to who asks as nobody',
  _mor_unknown_keys: 'your home finds no keys of this person',
  _mor_invalid_cell: 'this is no cell, or one of another version',
  _mor_invalid_hints: 'the home takes other hints, or fewer of them',
  _attachment_unknown: 'that server has no such publication with a file, or does not keep the file any more',
  _attachment_incomplete: `not all of the file has come to your server yet: ${SAY_AGAIN}`,
  _attachment_invalid_chunk: 'the file is another one than was attached when it was published',
  _attachment: 'the server did not take, or give, a piece of the file',
  _excessive_attachments:
    'your files have all the room that this server gives one person: delete older publications (p3do publish --delete)',
  _registration_invalid_nick:
    'this nick cannot be had: it takes 1 to 32 of a to z, 0 to 9, _ and -, and none of the domain’s own',
  _registration_foreign_domain: 'this server is of another domain: look at what stands behind the @, and at --server',
  _registration_taken: 'somebody else has this nick: choose another',
  _registration_confusable: 'this nick looks like somebody else’s, or like one of the domain’s own: choose another',
  _trust_oversized_key: 'the key of that domain is too large: its admin has to know',
  _registration_reserved: 'somebody had this nick, or one that looks like it, and has left: it is nobody’s for a year',
  _closed_account: 'this account is closed',
  _frozen_account: 'the admin of this domain has frozen this account: nobody can log in to it; ask him',
  _closed_target: 'this person has closed the account, and hears nothing any more',
  _necessary_revocation: 'the key does not say that its name is taken back: use a p3do as new as the server’s',
  _invalid_move: 'these keys do not say that you have moved: the old one may be revoked, or another’s',
  _stale_move: 'your home knows a newer move of that key: look at the clock of this machine (date)',
  _conflicting_move:
    'your home knows another move with the same number: do it again, and look who else has your old key',
  _registration_closed: 'this domain takes who is invited: ask its admin for an invitation, and give it with --invite',
  _registration_invalid_invite: 'there is no such invitation at this domain: look at each letter, or ask for another',
  _registration_used_invite: 'somebody has used this invitation: ask for another',
  _login_foreign_domain: 'this person lives at another domain',
  _login_unknown_person: 'nobody of this name is registered there: p3do register',
  _login_invalid_channel: `the server does not take this device’s channel: ${ADMIN}`,
  _login_unknown_home: `this server does not know your domain yet, and looks for it now: ${SAY_AGAIN}`,
  _login_doubtful_home:
    'this server has known the key of your domain too short a time, or doubts it: its admin can confirm it (p3do federate add, with its fingerprint)',
  _login_unwitnessed: `your certification has ended, and this server reaches too few others that would know if it was taken back: ${SAY_AGAIN}, or go through another`,
  _necessary_home: 'that goes only at your own domain’s server: leave --through out',
  _necessary_visit: 'it is not known there that you log in through another domain: log in there again, or at home',
  _trust_foreign_key: TRUST,
  _trust_changed_key: TRUST,
  _trust_changed_key_domain:
    'its domain has another key now than the one that was pinned, and no key of its own was: ask the domain’s admin for the fingerprint over another way, type p3do trust DOMAIN FINGERPRINT, and export again',
  _trust_revoked_key: 'its key was revoked by whoever has it: ask its admin over another way, and see p3do help trust',
  _trust: 'its key is not to be trusted as it is now: ask its admin over another way, and see p3do help trust',
  _trust_waiting_key: 'a new key of it was announced and waits for its time: nothing is wrong, try again in some days',
  _trust_excessive_keys:
    'its key has changed more often than anybody’s does, each time by its own word: ask its admin over another way, and see p3do help trust',
  _trust_unknown_key: `a key was named that nobody knows: ${SAY_AGAIN}`,
  _trust_unmet: `the server has not met this domain yet, and goes there now: ${SAY_AGAIN}`,
  _trust_unavailable: `the server cannot look up keys now: ${SAY_AGAIN}`,
  _plain_refused: 'the server of this place, which is without TLS and keys, did not let you in',
  _plain_person: 'this person is at a server without TLS and keys: nothing private goes there; meet in a place',
  _necessary_membership: 'only members may: p3do enter comes first',
  _stale_key: 'somebody comes and goes all the time there: try again in a while',
  _session_unsealed_place:
    'the place says that it is not members-only any more, which it can never be: somebody wants to read what is said there',
  _session_stale_place:
    'the place still counts somebody as a member who has left or was put out, or goes back to who was there before: nothing was said, since he could read it; if it stays so, its server lies, or has lost what it knew',
  _session_excessive_readers: 'the place does not name all of its members, so nothing can be sealed to them',
  _necessary_invitation: 'only who is invited may enter: ask an owner (p3do place show names them)',
  _necessary_owner: 'only an owner may do that: p3do place show names them',
  _necessary_aide: 'only owners and aides may do that: p3do place show names them',
  _banned_member: 'banned there: an owner or aide has to lift the ban first',
  _silenced_member: 'silenced there: an owner or aide has to let you speak again',
  _protected_member: 'owners and aides cannot be put out or silenced: p3do place dismiss comes first',
  _unknown_member:
    'nobody of this name is there, or on the list (banned, silenced, invited, aides): p3do place show says who is',
  _unknown_move:
    'it is not known there that this name was yours: only where its key was seen does anybody know it again (p3do move comes first)',
  _last_owner: 'the last owner cannot go: p3do place owner names another first',
  _invalid_act: 'the place does not understand it: look at how it is written',
  _invalid_act_members_only: 'this place is members-only, which it stays for ever: make another place',
  _invalid_act_missing_row: 'there are not so many rows: p3do place show says the last',
  _stale_act: 'it was signed before something that was done since: do it again, and look at the clock (date)',
  _excessive_entries: 'the place has no room for another name on this list: take one off first',
  _necessary_signature: 'it was not signed: use a p3do as new as the server’s',
  _necessary_seal: 'it was not sealed: use a p3do as new as the server’s',
  _necessary_counter: 'it was not numbered: use a p3do as new as the server’s',
  _unknown_target: 'there is nobody of this name: look at how it is written',
  _unknown_author: `the signature cannot be checked: your server gives no key of yours, or another one than is known there; ${ADMIN}`,
  _invalid_target: 'nothing of this name can be there: look at how it is written',
  _invalid_entity: 'nothing of this name can be there: look at how it is written',
  _unsupported_method: 'the other side does not know how: it may be older, or newer',
  _used_counter: 'something else was taken under its number, which was refused before: say it again',
  _settled_counter: 'it was answered before: look with p3do history or listen whether it is there',
  _missing_counter: `what was said before has not come: ${SAY_AGAIN}`,
  _filter_strangers: 'this person takes nothing from you: only friends may write to him, or you may not',
  _excessive_strangers:
    'strangers have written to this person as much as is kept for him: ask to be friends, or wait until he has answered some',
  _excessive_friends: 'there is no room for another friend: remove one that is none any more',
  _invalid_presence: 'the server does not understand it: it may be older, or newer',
  _future_presence: CLOCK,
  _stale_version: `another device has changed it meanwhile: ${SAY_AGAIN}`,
  _oversized_drawer: 'it is more than a home keeps of it: take something out',
  _excessive: `the server has as much as it can hold: ${SAY_AGAIN}`,
  _excessive_members: 'this place has as many members as it may',
  _excessive_devices: 'too many devices of this person are here at once: end one, and try again',
  _publication_future: CLOCK,
  _publication_oversized: `it is too long: all of it has at most ${limits.contentBytesMax} bytes, signature and seal included`,
  _publication_unsealable: 'this person has no key that one could seal to: he has to renew his keys',
  _publication: 'signature or seal are not as they must be: use a p3do as new as the server’s',
  _expired_key: `a key is not valid at this time: ${CLOCK}`,
  _expired_certification: `a domain’s word for a key has ended, or begins later: ${CLOCK}; its person has to listen once`,
  _uncertified:
    'your server does not know your key as certified by its own: its admin has to say what became of the domain’s key',
  _stale_statement: 'older keys came than were seen before: somebody may be lying, or a backup was put back',
  _revoked_device:
    'this device was revoked by its person: it may come back as another one, with p3do register where its files device and state are gone',
  _revoked_key: 'this key was revoked',
  _unlisted_device: 'this is no device of the person: p3do device list shows which are',
  _ambiguous_device: 'more than one device begins so: say more digits',
  _own_device: 'this is the device that you are at: revoke it from another one',
  _conflicting_statement:
    'another device was enrolled or revoked at the same time, again and again; if none of yours was, somebody else has the identity key: look at p3do device list, and try again',
  _reinstated_device: 'a device that was revoked stays so: it may come back with another key',
  _invalid_authority: 'the domain’s key is revoked, or expired: ask its admin',
  _foreign_user_id: 'the keys that came are somebody else’s',
  _session_oversized_message: `it is too long: all of it has at most ${limits.contentBytesMax} bytes, signature and seal included`,
  _session_unanswered_keys:
    'nobody gives the keys of this person: there may be no such domain, its server does not answer, or yours does not trust it (its log says)',
  _session_excessive_places: 'more places than one device hears: leave some',
  _session_excessive_commands: `too much is under way: ${SAY_AGAIN}`,
  _session_excessive_addresses: 'this device has spoken to as many as it can',
  _session_excessive_pins: 'this device knows as many keys as it can, or as many of this domain as it leaves room for',
  _session_excessive_answer: `the server answers with more at once than this p3do takes: it may be newer; ${ADMIN}`,
  _session_conflicting_pin: 'another command has taken another key meanwhile: try again',
  _session: 'this command cannot do it',
  _proof_foreign_source: 'another domain’s server is there: look at --server',
  _proof_invalid_time: CLOCK,
  _proof_timeout: `the proofs took too long: ${SAY_AGAIN}`,
  _proof_unbound:
    'a proxy in front of this server ends TLS, so that nothing can be proved through it: look at --server; it takes the port of the server itself',
  _proof_invalid_signature:
    'the proof is not of this connection: a proxy that ends TLS stands between you and the server, or an attacker; the server itself has to be reached',
  _proof: 'one of both ends could not prove who it is: if it stays so, somebody may stand between you and the server',
  _authority: `the server did not believe us, or spoke for somebody it must not speak for: ${ADMIN}`,
  _circuit_timeout_opening: 'no answer from the server’s address',
  _circuit_timeout: 'the server has fallen silent',
  _circuit_lost: 'the connection broke',
  _circuit_ended: 'the server has closed it',
  _circuit: 'this is no server of ours, or another version',
  _late: 'no answer',
  _store: `the server cannot keep anything now: ${SAY_AGAIN}`,
};

/** The sentence for a code; null: there is none. */
export function sentenceOf(code: string): string | null {
  for (let name = code; name !== ''; name = name.slice(0, name.lastIndexOf('_'))) {
    if (Object.hasOwn(sentences, name)) return sentences[name]!;
  }
  return null;
}

/** The sentence for a code, and the code in brackets; `by`: the domain that said so. */
export function explained(code: string, by: string | null = null): string {
  return `${sentenceOf(code) ?? 'refused'} (${safeLine(code)}${by === null ? '' : `, by ${safeLine(by)}`})`;
}
