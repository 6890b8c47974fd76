/** What is wrong with whoever registers or logs in, before anything is looked up. docs/spec/people.md#people-errors */
import { isChannelOf, visitedIn } from '../../circuit/channel.ts';
import type { ServerQuestion } from '../../circuit/server-handshake.ts';
import { confusable, isNick } from '../../psyc/names.ts';
import { parseEntity } from '../../psyc/uniform.ts';
import type { FederationCode } from '../error.ts';

/** The domain's own name in its keys, docs/spec/pki.md. */
const OWN_NICK = 'p3do';

/** Whatever a person is asked about. */
export type PersonQuestion = Exclude<ServerQuestion, { readonly kind: 'server key' }>;

/** Whose question it is; '' where it is a server's. */
export function personIn(question: PersonQuestion): string {
  if (question.kind === 'registration') return question.registration.person;
  if (question.kind === 'device key') return question.claim.person;
  return question.peer.kind === 'client' ? question.peer.person : '';
}

/** The code, or null; `domain` is ours. */
export function faultOf(question: PersonQuestion, domain: string): FederationCode | null {
  const person = personIn(question);
  const { host, name } = parseEntity(person);
  const isHere = host === domain;
  if (question.kind === 'registration') {
    if (!isHere) return '_registration_foreign_domain';
    if (!isNick(name) || name === OWN_NICK) return '_registration_invalid_nick';
    return confusable(name, OWN_NICK) ? '_registration_confusable' : null;
  }
  if (question.kind !== 'device key') return null;
  const { channel, claim } = question;
  // Who lives elsewhere and says that he is at home takes this for his home.
  if (!isHere && visitedIn(channel) === null) return '_login_foreign_domain';
  return isChannelOf(channel, person, claim.device, isHere ? null : domain) ? null : '_login_invalid_channel';
}
