/** What comes out of a cell comes from nobody: which packets are heard at all. docs/spec/listener-bots.md#exits */
import { PsycError } from '../psyc/error.ts';
import type { Packet } from '../psyc/packet.ts';
import { Parser } from '../psyc/parse.ts';
import { checkRouting } from '../psyc/routing.ts';
import { parseUniform } from '../psyc/uniform.ts';
import { PublicationError } from '../publication/error.ts';
import { readPublication } from '../publication/packet.ts';
import type { ListenerCode } from './error.ts';

/** Routing variables of a packet from nobody: whom it is for, and a tag for the answer. */
const allowed: ReadonlySet<string> = new Set(['_target', '_tag']);

/** A packet that may be given to the entity it names. */
export interface Exit {
  readonly packet: Packet;
  /** On this host; '' where an author-signed packet names a context instead. */
  readonly target: string;
  /** It carries an author's signature, which is yet to be checked; by that alone it speaks for anybody. */
  readonly isSigned: boolean;
}

/**
 * The packet in a whole content, or the code by which it is dropped. `takes`: whether an entity of this host, by its uniform,
 * declares that it takes packets from nobody.
 */
export function readExit(
  content: Uint8Array,
  domain: string,
  takes: (target: string) => boolean,
): Exit | { readonly code: ListenerCode } {
  try {
    return judge(parse(content), domain, takes);
  } catch (error) {
    if (error instanceof PsycError || error instanceof PublicationError) return { code: '_mor_invalid_packet' };
    throw error;
  }
}

/** Exactly one packet. Throws PsycError. */
function parse(content: Uint8Array): Packet {
  const parser = new Parser();
  parser.feed(content);
  const packet = parser.next();
  if (packet === null || packet.length !== content.length) {
    throw new PsycError('_invalid_terminator', content.length, 'not exactly one packet');
  }
  return packet;
}

function judge(packet: Packet, domain: string, takes: (target: string) => boolean): ReturnType<typeof readExit> {
  for (let index = 0; index < packet.modifierCount; index++) {
    if (packet.operatorOf(index) !== ':') return { code: '_mor_changed_state' };
  }
  if (packet.sync !== '') return { code: '_mor_changed_state' };
  const route = (name: string): string | undefined => packet.ownRoute(name);
  const delivery = checkRouting(packet, route);
  // To the circuit, or to the root: neither is an entity that could say that it takes this.
  if (delivery === 'circuit' || delivery === 'root') return { code: '_mor_claimed_authority' };
  const target = route('_target') ?? '';
  if (target !== '' && parseUniform(target).host !== domain) return { code: '_mor_foreign_target' };
  if (readPublication(packet, route) !== null) return { packet, target, isSigned: true };
  if (packet.routing.some(({ name }) => !allowed.has(name))) return { code: '_mor_claimed_authority' };
  return takes(target) ? { packet, target, isSigned: false } : { code: '_mor_closed_target' };
}
