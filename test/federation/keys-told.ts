/** What domains of a fixture tell of keys when they are asked: of their own people, and of what is on their rings, which is what is published. */
import type { Draft } from '../../psyc/render.ts';
import type { ToldMove } from '../../federation/keys/pki.ts';
import type { IdealKeys, IdealPerson } from '../../simulator/ideal.ts';

/** Which domain is asked for what it has on its ring; null: the packet asks nobody for that. */
export function ringAsked(method: string | null, routing: ReadonlyMap<string, string>): string | null {
  const [, domain = null] = /^psyc:\/\/([^/]+)\/\$keys$/.exec(routing.get('_target') ?? '') ?? [];
  return method === '_request_keys' ? domain : null;
}

/** The packets of its answer. */
export function ringTold(keys: IdealKeys, routing: ReadonlyMap<string, string>, address: string): Draft[] {
  const answer = keys.answer({ kind: 'ring', search: { address } }, keys.domain('ring.example'), 0);
  const found = answer.kind === 'ring' ? answer : { keys: [], statement: null };
  const heading = { _source: routing.get('_target'), _target: routing.get('_source'), _tag_relay: routing.get('_tag') };
  const say = (method: string, entity: Readonly<Record<string, Uint8Array>>): Draft => {
    return { routing: heading, entity, method };
  };
  if (found.keys.length === 0) return [say('_failure_keys_unknown', {})];
  const { statement } = found;
  return [
    ...found.keys.map((key) => say('_status_key', { _key: key })),
    say('_echo_keys', statement === null ? {} : { _statement: statement }),
  ];
}

/** What a fixture has of homes. */
interface Homes {
  readonly keys: IdealKeys;
  readonly moves: ReadonlyMap<string, ToldMove>;
  identityOf(nick: string, domain: string): IdealPerson;
}

/** A home's answer to who asks for the keys of somebody who lives there, or has come from elsewhere. */
export function homeTold(homes: Homes, routing: ReadonlyMap<string, string>): Draft {
  const { keys, moves } = homes;
  const target = routing.get('_target') ?? '';
  const [, domain = '', nick = ''] = /^psyc:\/\/([^/]+)\/~([^#]+)/.exec(target) ?? [];
  const { key, statement } = homes.identityOf(nick, domain);
  const move = moves.get(target);
  const told = move === undefined ? {} : { _move: move.statement, _key_before: move.before };
  return {
    routing: { _source: target, _target: routing.get('_source'), _tag_relay: routing.get('_tag') },
    entity: { _key: keys.certified(key, keys.domain(domain)), _statement: statement, ...told },
    method: '_status_keys',
  };
}
