/** Author-signed packets: a signature in front of a content that travels as it is. docs/spec/publication.md#packet */
import { joinBytes } from '../crypto/bytes.ts';
import { PsycError } from '../psyc/error.ts';
import { inherits } from '../psyc/keyword.ts';
import type { Packet } from '../psyc/packet.ts';
import { Parser } from '../psyc/parse.ts';
import { renderRouted, type Variables } from '../psyc/render.ts';
import type { Route } from '../psyc/reply.ts';
import { checkRouting } from '../psyc/routing.ts';
import { PublicationError } from './error.ts';
import { checkStatement, lineEnd, parseLine, type Publication, renderLine, SIGNATURE_NAME } from './fields.ts';

const NOTHING = new Uint8Array(0);

/** The content of the packet that carries a publication: what every carrier passes on byte for byte. */
export const signedContent = (publication: Publication): Uint8Array =>
  joinBytes(renderLine(publication), publication.content);

/**
 * The packet. `routing` must name the publication's address: as `_context`, or as `_target` where there is no context.
 * Throws PsycError where the routing variables are none.
 */
export const renderPublication = (publication: Publication, routing: Variables): Uint8Array =>
  renderRouted(routing, signedContent(publication));

/** Whether a packet has an author's signature, checked or not. */
export const isSigned = (packet: Packet): boolean =>
  packet.modifierCount > packet.routingCount && packet.nameOf(packet.routingCount) === SIGNATURE_NAME;

/**
 * The publication that a packet carries, its bytes its own, signature and author not checked yet; null when the packet is not author-signed.
 * `route` gives its routing variables. Throws PublicationError: `_publication_invalid_line`, `_publication_invalid_fields`,
 * `_publication_invalid_address`, `_publication_invalid_content`, `_publication_invalid_usage`, `_publication_oversized`.
 */
export function readPublication(packet: Packet, route: Route): Publication | null {
  const count = namedLines(packet);
  if (count === 0) return null;
  const content = packet.content ?? NOTHING;
  const start = lineEnd(content);
  if (start === null || count > 1) {
    throw new PublicationError(
      '_publication_invalid_line',
      'the signature is the first line of the content, and only there',
    );
  }
  const context = route('_context') ?? '';
  const method = packet.method;
  if (method === null) throw new PublicationError('_publication_invalid_content', 'nothing is said: no method');
  if (context !== '' && inherits(method, '_message_private')) {
    throw new PublicationError('_publication_invalid_usage', 'what is private is said to one, in no context');
  }
  const publication = {
    address: context === '' ? (route('_target') ?? '') : context,
    ...parseLine(packet.value(SIGNATURE_NAME)!),
    content: new Uint8Array(content.subarray(start)),
  };
  checkStatement(publication);
  return publication;
}

/**
 * Checks that a content can be signed: that it says something, and that behind the line of the signature it still is the same
 * PSYC. Throws PublicationError `_publication_invalid_content`.
 */
export function checkContent(content: Uint8Array): void {
  const refuse = (detail: string): never => {
    throw new PublicationError('_publication_invalid_content', detail);
  };
  try {
    const parser = new Parser();
    parser.feed(renderRouted([], content));
    const packet = parser.next();
    if (packet === null || packet.method === null) return refuse('nothing is said: no method');
    // As in a context, where state may change.
    checkRouting(packet, (name) => (name === '_context' ? 'any' : undefined));
    if (packet.sync !== '') refuse('a sync line goes before the signature, and is not signed');
    if (namedLines(packet) > 0) refuse('it is signed already');
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    refuse(error.message);
  }
}

/** How many lines of the entity header carry a signature. */
function namedLines(packet: Packet): number {
  let count = 0;
  for (let index = packet.routingCount; index < packet.modifierCount; index++) {
    if (packet.nameOf(index) === SIGNATURE_NAME) count++;
  }
  return count;
}
