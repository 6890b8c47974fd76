/** What leaves on a link: cells, idle packets, questions and answers in one framing of identical length. docs/spec/listener-bots.md#frames */
import { sizes } from '../onion/sizes.ts';
import type { Packet } from '../psyc/packet.ts';
import { render } from '../psyc/render.ts';
import type { Route } from '../psyc/reply.ts';

/** A cell, new or forwarded; nothing; a question for a context's key; the answer. */
type FrameKind = 'cell' | 'idle' | 'asks' | 'tell';

/** One frame: 4096 bytes of data, whatever they are. */
export interface Frame {
  readonly kind: FrameKind;
  readonly data: Uint8Array;
}

const PREFIX = '_mor_';
const kinds: readonly string[] = ['cell', 'idle', 'asks', 'tell'] satisfies FrameKind[];

/** The uniform of one of a server's MOR contexts: of its first, which has no name, or of another. */
export const contextOf = (domain: string, name = ''): string => `psyc://${domain}/$${serviceOf(name)}`;

/** The service in it. */
export const serviceOf = (name: string): string => (name === '' ? 'mor' : `mor-${name}`);

/** A frame as the packet of one of a server's own MOR contexts. */
export const renderFrame = (domain: string, { kind, data }: Frame, name = ''): Uint8Array =>
  render({ routing: { _context: contextOf(domain, name) }, method: `${PREFIX}${kind}`, data });

/** The frame in a packet that came from `domain`, in its context of this name; null: it is none, whatever else it is. Its data are a view. */
export function readFrame(domain: string, packet: Packet, route: Route, name = ''): Frame | null {
  const { method, data } = packet;
  if (method?.startsWith(PREFIX) !== true || data?.length !== sizes.cell) return null;
  const kind = method.slice(PREFIX.length);
  const isFrame =
    kinds.includes(kind) && route('_context') === contextOf(domain, name) && (route('_target') ?? '') === '';
  return isFrame && packet.entity.length === 0 ? { kind: kind as FrameKind, data } : null;
}
