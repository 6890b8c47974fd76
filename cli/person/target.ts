/** How people write places and people on a command line. docs/spec/people.md#profile */
import { InvalidArgumentError } from 'commander';
import { parseAddress } from '../../client/profile/folder.ts';
import { aliased } from './aliases.ts';
import { PkiError } from '../../pki/error.ts';
import { personOf } from '../../pki/user-id.ts';
import { PsycError } from '../../psyc/error.ts';
import { checkDomain, checkNick, isDomain, renderUserId } from '../../psyc/names.ts';
import { parseEntity, renderUniform } from '../../psyc/uniform.ts';
import { feedOf } from '../../client/session/words.ts';
import { parseEndpoint } from '../../server/config/address.ts';

const PEOPLE = 'It takes nick@domain for a person, or a domain (localhost, or one with a dot) for everybody there.';
const NAMES = 'It takes nick@domain, @place@domain or psyc://….';

const ALIAS = /^[a-z][a-z0-9_-]*$/;

/** A person or a place as a uniform. */
export const target = (text: string): string => uniformOf(text, ['person', 'place'], NAMES);

/** A place as a uniform. */
export const place = (text: string): string =>
  uniformOf(text, ['place'], 'It takes @place@domain or psyc://domain/@place.');

/** A place, or what a person publishes, as a uniform. */
export function placeOrFeed(text: string): string {
  const uniform = target(text);
  return isPersonUniform(uniform) ? feedOf(uniform) : uniform;
}

/** A person as a uniform. */
export const person = (text: string): string =>
  uniformOf(text, ['person'], 'It takes nick@domain or psyc://domain/~nick.');

/** A person as a uniform, or a whole domain. */
export function personOrDomain(text: string): string {
  // An alias is one's own: it goes before a domain without a dot.
  const meant = ALIAS.test(text) ? aliased(text) : null;
  if (meant !== null) return meant;
  if (text.includes('@') || text.startsWith('psyc://')) return uniformOf(text, ['person', 'node'], PEOPLE);
  // A nick whose domain was forgotten would be nobody's domain.
  const isWhole = text.includes('.') || text.toLowerCase() === 'localhost';
  if (!isWhole || !isDomain(text.toLowerCase())) throw new InvalidArgumentError(PEOPLE);
  return `psyc://${text.toLowerCase()}`;
}

/** Whose folder: nick and domain. */
export function address(text: string): { readonly nick: string; readonly domain: string } {
  try {
    const { nick, domain } = parseAddress(text);
    personOf(renderUserId(nick, domain));
    return { nick, domain };
  } catch (error) {
    if (!(error instanceof PsycError || error instanceof PkiError)) throw error;
    throw new InvalidArgumentError(
      'It takes nick@domain. A nick has 1 to 32 of a to z, 0 to 9, _ and -; the nick p3do is the domain’s own.',
    );
  }
}

/** Host and port of a server. */
export function endpoint(text: string): string {
  if (parseEndpoint(text) === null) throw new InvalidArgumentError('It takes host:port.');
  return text;
}

/** A whole number from 1 on. */
export function count(text: string): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new InvalidArgumentError('It takes a whole number, 1 or more.');
  return Number(text);
}

/** A whole number from 0 on. */
export function whole(text: string): number {
  if (!/^(?:0|[1-9][0-9]{0,14})$/.test(text)) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
}

const isPersonUniform = (uniform: string): boolean => parseEntity(uniform).kind === 'person';

function uniformOf(text: string, kinds: readonly string[], hint: string): string {
  const meant = kinds.includes('person') && ALIAS.test(text) ? aliased(text) : null;
  if (meant !== null) return meant;
  try {
    const uniform = parseEntity(text.startsWith('psyc://') ? text : written(text.toLowerCase()));
    if (kinds.includes(uniform.kind) && uniform.channel === undefined) return renderUniform(uniform);
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
  }
  throw new InvalidArgumentError(hint);
}

function written(text: string): string {
  const isPlace = text.startsWith('@');
  const [name = '', domain = '', ...more] = text.slice(isPlace ? 1 : 0).split('@');
  checkNick(name);
  checkDomain(domain);
  if (more.length > 0) throw new PsycError('_invalid_identification', 0, 'two domains');
  return `psyc://${domain}/${isPlace ? '@' : '~'}${name}`;
}

/** An option that takes a whole number. */
export const between =
  (least: number, most: number) =>
  (typed: string): number => {
    const number = Number(typed);
    if (/^[0-9]{1,3}$/.test(typed) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It takes ${least} to ${most}.`);
  };
