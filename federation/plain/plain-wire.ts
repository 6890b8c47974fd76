/** What goes to a plain peer, in words that psyced knows: without numbers and signatures, with nicks and psyced's notices. docs/spec/plain.md#what-a-plain-peer-hears */
import { parseOne } from '../../circuit/one-packet.ts';
import { PsycError } from '../../psyc/error.ts';
import { inherits } from '../../psyc/keyword.ts';
import { type Generation, parseList, renderList, textList } from '../../psyc/list.ts';
import { decodeText } from '../../psyc/bytes.ts';
import type { Packet } from '../../psyc/packet.ts';
import { type Assignment, render } from '../../psyc/render.ts';
import { actKindOf } from '../../publication/act.ts';
import { SIGNATURE_NAME } from '../../publication/fields.ts';
import { canonical, entityOf, isPerson, isRefusal, type Letter } from '../letter.ts';
import { membershipEcho, placeRequestOf } from '../methods.ts';

/** The name in a uniform, `ada` of `psyc://a.example/~ada`; without one the uniform itself. */
function nickOf(uniform: string): string {
  const [, name] = /^psyc:\/\/[^/]+\/[~@$]?([^#]+)/.exec(uniform) ?? [];
  return name ?? uniform;
}

/** Who asked what, as his own server knows it. */
export interface PlainAsker {
  /** `psyc://host/~nick`. */
  readonly person: string;
  readonly place: string;
  /** null: he gave none, and waits for no echo. */
  readonly tag: string | null;
}

/** Our content's variables but the signature, behind those that are given. */
function linesOf(packet: Packet, first: Readonly<Record<string, string>>): Assignment[] {
  const lines: Assignment[] = Object.entries(first).map(([name, value]) => ({ operator: ':', name, value }));
  for (let index = packet.routingCount; index < packet.modifierCount; index++) {
    const name = packet.nameOf(index);
    if (name === SIGNATURE_NAME || name in first) continue;
    lines.push({ operator: packet.operatorOf(index), name, value: packet.valueOf(index) });
  }
  return lines;
}

/** The packet of a place's multicast; null: it is nothing that a plain peer could use. */
export function plainMulticast({ routing, packet }: Letter): Uint8Array | null {
  const context = routing.get('_context');
  const { method } = packet;
  if (context === undefined || method === null) return null;
  const _nick_place = nickOf(context);
  const moved = inherits(method, '_notice_context_enter') ? 'enter' : 'leave';
  if (inherits(method, '_notice_context_enter') || inherits(method, '_notice_context_leave')) {
    const member = packet.text('_uniform_member');
    if (member === undefined) return null;
    return rendered({
      routing: { _context: context, _source_relay: member },
      entity: { _nick: nickOf(member), _nick_place },
      method: `_notice_place_${moved}`,
      data: `[_nick] ${moved}s [_nick_place].`,
    });
  }
  const relay = routing.get('_source_relay');
  const act = actKindOf(method);
  if (act !== null && relay !== undefined) {
    const member = packet.text('_uniform_member');
    const about = { _uniform_member: member, _nick_member: member && nickOf(member), _topic: packet.text('_topic') };
    return rendered({
      routing: { _context: context, _source_relay: relay },
      entity: { _nick: nickOf(relay), _nick_place, ...about, _mode: packet.text('_mode') },
      method: `_notice_place_${act}`,
      data: `[_nick] does in [_nick_place]: ${act}${member === undefined ? '' : ' [_nick_member]'}.`,
    });
  }
  const first = relay === undefined ? { _nick_place } : { _nick: nickOf(relay), _nick_place };
  return rendered({
    routing: { _context: context, _source_relay: relay },
    entity: linesOf(packet, first),
    method,
    data: packet.data,
  });
}

/** What one of ours asks of a place there, or says in it. */
export function plainRequest({ routing, packet }: Letter, tag: string | null): Uint8Array | null {
  const { method } = packet;
  const source = routing.get('_source');
  if (method === null || source === undefined) return null;
  const person = entityOf(source);
  const moved = placeRequestOf(method);
  const _nick = nickOf(person);
  const isMove = moved === 'enter' || moved === 'leave';
  return rendered({
    routing: { _source: person, _target: routing.get('_target'), _tag: tag ?? undefined },
    entity: isMove ? { _nick } : linesOf(packet, { _nick }),
    method: isMove ? `_request_${moved}` : method,
    data: packet.data,
  });
}

/** What was said in a place there, for our own log: without a signature, which could not be trusted to be over these bytes; null: it fits none. */
export function mirrored(packet: Packet): Letter | null {
  const entity = linesOf(packet, {}).filter(({ operator }) => operator === ':');
  const bytes = rendered({ entity, method: packet.method, data: packet.data });
  return bytes === null ? null : { routing: new Map(), packet: parseOne(bytes) };
}

/** The people in a list of members, in the form that the peer speaks; as many as can be members here. */
export function membersListed(packet: Packet, generation: Generation): string[] {
  const list = packet.value('_list_members');
  try {
    const elements = list === undefined ? [] : parseList(list, generation).elements;
    return elements.map(({ value }) => decodeText(value)).filter((text) => canonical(text) === text && isPerson(text));
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return [];
  }
}

/** The same with its list of members in the frozen form, whatever circuit it came on: it may be read when that is gone. */
export function withFrozenMembers(letter: Letter, generation: Generation): Letter {
  const { routing, packet } = letter;
  if (generation === 'frozen' || packet.value('_list_members') === undefined) return letter;
  const list = decodeText(renderList(textList(membersListed(packet, generation)), 'frozen'));
  const { method, data } = packet;
  const bytes = rendered({ entity: linesOf(packet, { _list_members: list }), method, data });
  return bytes === null ? letter : { routing, packet: parseOne(bytes) };
}

/** The packet of a place's answer to one of the peer's people; null: he waits for none. */
export function plainAnswer({ packet }: Letter, asker: PlainAsker, generation: Generation): Uint8Array | null {
  const { person, place, tag } = asker;
  const { method } = packet;
  if (method === null) return null;
  const moved = membershipEcho(method);
  if (tag === null && moved === null && !isRefusal(method)) return null;
  const routing = { _source: place, _target: person, _tag_relay: tag ?? undefined, _tag_reply: tag ?? undefined };
  const _nick_place = nickOf(place);
  if (moved !== 'enter') {
    const _code = packet.text('_code');
    const entity = { _nick: nickOf(person), _nick_place, _code, _method: packet.text('_method') };
    const data = isRefusal(method) ? packet.data : null;
    return rendered({ routing, entity, method, data });
  }
  const members = membersIn(packet);
  return rendered({
    routing,
    entity: {
      _nick: nickOf(person),
      _nick_place,
      _amount_members: packet.text('_amount_members'),
      _list_members: renderList(textList(members), generation),
      _list_members_nicks: renderList(textList(members.map(nickOf)), generation),
    },
    method,
  });
}

/** The members that our own place names. */
function membersIn(packet: Packet): string[] {
  const list = packet.value('_list_members');
  return list === undefined ? [] : parseList(list, 'frozen').elements.map(({ value }) => entityOf(decodeText(value)));
}

/** null: it fits no packet. */
function rendered(draft: Parameters<typeof render>[0]): Uint8Array | null {
  try {
    return render(draft);
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return null;
  }
}
