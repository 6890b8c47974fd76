/** What is delivered and what acknowledges it: two packets, read and made here alone. docs/spec/federation.md#delivery */
import { encodeText, ownText } from '../psyc/bytes.ts';
import { PsycError } from '../psyc/error.ts';
import { inherits } from '../psyc/keyword.ts';
import { limits } from '../psyc/limits.ts';
import type { Packet } from '../psyc/packet.ts';
import { render, renderRouted } from '../psyc/render.ts';
import { counterOf, packetId, parseCounter, type Route, tagAnswered } from '../psyc/reply.ts';

/** A packet that can be accepted into the log of its target. */
export interface Message {
  readonly author: string;
  readonly target: string;
  readonly tag: string;
  /** From 1. */
  readonly counter: number;
}

/** What a hop says of a message: it has it, or (in a refusal) will never take it. */
export interface Acknowledgement {
  readonly author: string;
  readonly target: string;
  readonly tag: string;
  /** null from software that says the tag only. */
  readonly counter: number | null;
}

// Nothing that two readers could spell differently: what is not UTF-8 would read as something else.
const PRINTABLE = /^[!-~]+$/;

/**
 * The message in a packet, or null when it is none: source, target, tag and counter must be there and within their limits,
 * since everything made of them later has to be sure to succeed.
 */
export function messageOf(packet: Packet, route: Route): Message | null {
  const author = route('_source') ?? '';
  const target = route('_target') ?? '';
  const tag = route('_tag') ?? '';
  if (!fits(author, limits.uniformBytesMax) || !fits(target, limits.uniformBytesMax)) return null;
  if (!fits(tag, limits.tagBytesMax) || packet.methodStart === -1) return null;
  const counter = counted(route);
  if (counter === null || counter === 0) return null;
  return { author: ownText(author), target: ownText(target), tag: ownText(tag), counter };
}

/** What makes a message the same one when it comes again: its packet id, to be hashed. */
export function messageId({ author, target, counter }: Message): Uint8Array {
  const named: Readonly<Record<string, string>> = { _source: author, _target: target, _counter: String(counter) };
  return encodeText(packetId((name) => named[name]));
}

/** The packet of the log: the message's four routing variables, the log's own, and the content as it came. The bytes share memory with others. */
export function rowOf(
  { author, target, tag, counter }: Message,
  packet: Packet,
  own: Readonly<Record<string, string>> = {},
): Uint8Array {
  const routing = { _source: author, _target: target, _tag: tag, _counter: String(counter), ...own };
  return renderRouted(routing, packet.content, packet.hasLength);
}

/** The message in a packet of a log. */
export function messageInRow(packet: Packet): Message {
  const own = (name: string): string => packet.ownRoute(name) ?? '';
  return { author: own('_source'), target: own('_target'), tag: own('_tag'), counter: parseCounter(own('_counter')) };
}

/** The packet that says: it is durable here. */
export const acknowledge = (message: Message): Uint8Array => answer(message, '_echo', {});

/** The packet that says: it will never be taken here, for this reason. */
export const refuse = (message: Message, code: string): Uint8Array =>
  answer(message, '_error_delivery', { _code: code });

function answer({ author, target, tag, counter }: Message, method: string, entity: Record<string, string>): Uint8Array {
  // The tag under both names: the specification's, and the one that psyced matches.
  const routing = { _source: target, _target: author, _tag_relay: tag, _tag_reply: tag };
  return render({ routing, entity: { _counter_relay: String(counter), ...entity }, method });
}

/** What a packet acknowledges or refuses, or null when it does neither. Whether its sender may say so is the reader's to know. */
export function acknowledgementIn(packet: Packet, route: Route): Acknowledgement | null {
  const { method } = packet;
  if (method === null || !(inherits(method, '_echo') || inherits(method, '_error_delivery'))) return null;
  return answeredIn(packet, route);
}

/** What a packet answers, or null when it answers nothing; its method says whether it acknowledges or refuses. */
export function answeredIn(packet: Packet, route: Route): Acknowledgement | null {
  const tag = tagAnswered(route);
  const author = route('_target');
  const target = route('_source');
  if (tag === undefined || author === undefined || target === undefined) return null;
  const text = packet.text('_counter_relay');
  const counter = text === undefined ? null : counted(() => text);
  // One that cannot be read must not pass for software that says none.
  return text !== undefined && counter === null ? null : { author, target, tag, counter };
}

const fits = (text: string, bytesMax: number): boolean => text.length <= bytesMax && PRINTABLE.test(text);

/** The counter, or null where there is none that can be read. */
function counted(route: Route): number | null {
  try {
    return counterOf(route) ?? null;
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return null;
  }
}
