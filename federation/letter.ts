/** A packet on its way inside a node: routing variables as they hold, and the content as it came. docs/spec/federation.md#entities */
import { visitedIn } from '../circuit/channel.ts';
import type { Message } from '../circuit/message.ts';
import { parseOne } from '../circuit/one-packet.ts';
import { decodeText } from '../psyc/bytes.ts';
import { PsycError } from '../psyc/error.ts';
import { inherits } from '../psyc/keyword.ts';
import type { Packet } from '../psyc/packet.ts';
import { render, renderRouted, type Value, type Variables } from '../psyc/render.ts';
import { parseEntity, parseUniform, renderUniform, type Uniform, withoutChannel } from '../psyc/uniform.ts';
import type { PublicationCode } from '../publication/error.ts';
import type { StoreCode } from '../store/errors.ts';
import type { FederationCode } from './error.ts';

/** What entities say to each other. The packet's own routing header counts for nothing; its bytes are valid during the step. */
export interface Letter {
  readonly routing: ReadonlyMap<string, string>;
  readonly packet: Packet;
  /** There was no room for it: whoever goes by the order of what he hears is told so, and it comes again. */
  readonly isLost?: true;
}

/** What a new letter is made of; variables that are undefined are left out. */
export interface LetterDraft {
  readonly routing: Readonly<Record<string, string | undefined>>;
  readonly entity?: Variables;
  readonly method: string;
  readonly data?: Value | undefined;
}

const variables = (routing: Readonly<Record<string, string | undefined>>): Map<string, string> =>
  new Map(Object.entries(routing).filter((entry): entry is [string, string] => entry[1] !== undefined));

/** A letter of our own. */
export function newLetter({ routing, entity = {}, method, data }: LetterDraft): Letter {
  return { routing: variables(routing), packet: parseOne(render({ entity, method, data: data ?? null })) };
}

/** The same content under other routing variables. */
export const readdress = (routing: Readonly<Record<string, string | undefined>>, packet: Packet): Letter => ({
  routing: variables(routing),
  packet,
});

/** A letter that outlives the step. */
export const keepLetter = ({ routing, packet }: Letter): Letter => ({
  routing: new Map(routing),
  packet: packet.copy(),
});

/** A letter as one packet, for a log. */
export const letterBytes = ({ routing, packet }: Letter): Uint8Array =>
  renderRouted(Object.fromEntries(routing), packet.content, packet.hasLength);

/** The letter in bytes made by `letterBytes`. */
export function parseLetter(bytes: Uint8Array): Letter {
  const packet = parseOne(bytes);
  return { routing: new Map(packet.routing.map(({ name, value }) => [name, decodeText(value)])), packet };
}

/** The uniform in its one form, or null when it is none. */
export function canonical(uniform: string): string | null {
  try {
    return renderUniform(parseUniform(uniform));
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return null;
  }
}

/** The domain of a uniform in its one form: found by looking for its end, since it is asked for several times a packet. */
export function domainOf(uniform: string): string {
  const start = 'psyc://'.length;
  // IPv6 addresses have colons of their own.
  let end = uniform[start] === '[' ? uniform.indexOf(']', start) + 1 : start;
  for (; end < uniform.length; end++) {
    const character = uniform[end];
    if (character === '/' || character === ':' || character === '#') break;
  }
  return uniform.slice(start, end);
}

/** The domain whose server carries what is for a uniform: that which its device visits, or its own. */
export const carrierOf = (uniform: string): string => visitedIn(uniform) ?? domainOf(uniform);

/** The entity a uniform names, without the device or channel. */
export const entityOf = withoutChannel;

/** Whether a person's own device says it, and at home: what another domain carries for him is not enough to be asked for what is his alone. */
export const isAtHome = (source: string, person: string): boolean =>
  entityOf(source) === person && visitedIn(source) === null;

/** The device or channel of a uniform, or null. */
export function deviceOf(uniform: string): string | null {
  const hash = uniform.indexOf('#');
  return hash === -1 ? null : uniform.slice(hash + 1);
}

/** Whether who has signed it, if anybody has, is who says it: a signature counts for the relayed source where there is one. */
export function isInOneName({ routing }: Letter): boolean {
  const relay = routing.get('_source_relay');
  return relay === undefined || entityOf(relay) === entityOf(routing.get('_source') ?? '');
}

/** The parts of a uniform that an entity of ours may have, or null. */
export function entityIn(text: string): Uniform | null {
  try {
    return parseEntity(text);
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return null;
  }
}

/** Whether a uniform names what this domain could have. */
const isEntityAt = (uniform: string, domain: string): boolean => entityIn(uniform)?.host === domain;

/** Whether a uniform is a person's, or a channel of one. */
export const isPerson = (uniform: string): boolean => uniform.includes('/~', 'psyc://'.length);

const answers = ['_echo', '_status', '_info', '_notice', '_error', '_failure', '_warning'];

/** Whether the letter says that its sender took or did what carried the tag. */
export const isEcho = (method: string | null): boolean => method !== null && inherits(method, '_echo');

/** Whether the letter says that its sender will not. */
export const isRefusal = (method: string | null): boolean =>
  method !== null && (inherits(method, '_error') || inherits(method, '_failure'));

/** Whether it is said once and waits for an answer: what a place shows one member is numbered by the place. */
export const isNumbered = ({ routing }: Letter): boolean => routing.has('_counter') && !routing.has('_context');

/** Whether it may be answered at all: errors about errors would never end, but none of those is numbered. */
const mayBeAnswered = (letter: Letter): boolean => {
  const { method } = letter.packet;
  return method !== null && (isNumbered(letter) || !answers.some((family) => inherits(method, family)));
};

/** The answer to a message: under its tag, both names, and its counter. */
export function answerLetter(
  message: Message,
  method: string,
  entity: Readonly<Record<string, Value | undefined>> = {},
): Letter {
  const { author, target, tag, counter } = message;
  return newLetter({
    routing: { _source: target, _target: author, _tag_relay: tag, _tag_reply: tag },
    entity: { _counter_relay: String(counter), ...entity },
    method,
  });
}

/** A message once more as far as answers go by it: without its content. */
export const headingOf = ({ author, target, tag, counter }: Message, method: string): Letter =>
  newLetter({ routing: { _source: author, _target: target, _tag: tag, _counter: String(counter) }, method });

/** What is full may have room later, who is away may come back: failures. What is wrong stays wrong: an error. */
const isFailure = (code: string): boolean =>
  ['_excessive', '_unavailable', '_delivery_timeout', '_filter', '_attachment_incomplete'].some((family) =>
    inherits(code, family),
  );

/** What others may know of a code: nothing of how the store is made. */
function sayable(code: FederationCode | PublicationCode | StoreCode): FederationCode | PublicationCode {
  if (!code.startsWith('_store_')) return code as FederationCode | PublicationCode;
  if (inherits(code, '_store_oversized')) return '_oversized_message';
  return inherits(code, '_store_excessive') ? '_excessive_entries' : '_unavailable_store';
}

/** The answer that something is not done, with the tag under both names; null when there is nobody to tell. */
export function refusalLetter(
  letter: Letter,
  reason: FederationCode | PublicationCode | StoreCode,
  own: string,
): Letter | null {
  const { routing, packet } = letter;
  const code = sayable(reason);
  const to = routing.get('_source');
  const tag = routing.get('_tag');
  if (to === undefined || !mayBeAnswered(letter)) return null;
  // In the name of whom it was for, where we may speak for him.
  const target = routing.get('_target') ?? own;
  const from = isEntityAt(target, domainOf(own)) ? target : own;
  return newLetter({
    routing: { _source: from, _target: to, _tag_relay: tag, _tag_reply: tag },
    entity: { _counter_relay: routing.get('_counter'), _code: code, _method: packet.method ?? undefined },
    method: `${isFailure(code) ? '_failure' : '_error'}${code}`,
    data: 'This was not done: [_code].',
  });
}
