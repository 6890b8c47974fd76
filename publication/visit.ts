/** A device's signed word that another domain's server carries what it says for a while: what makes its person a visitor there. docs/spec/people.md#visitors */
import { joinBytes } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { decodeText, equalBytes } from '../psyc/bytes.ts';
import { PsycError } from '../psyc/error.ts';
import { Parser } from '../psyc/parse.ts';
import { render } from '../psyc/render.ts';
import { PublicationError } from './error.ts';
import type { Publication } from './fields.ts';
import { publicationLimits } from './limits.ts';
import { readPublication, renderPublication } from './packet.ts';
import { type Author, signPublication, verifyPublication } from './sign.ts';

const METHOD = '_notice_visit';

/** Whose device visits whom. */
export interface Visit {
  /** `psyc://domain/~nick`, and his identity key's fingerprint. */
  readonly person: string;
  readonly fingerprint: Uint8Array;
  /** Id of 16 bytes. */
  readonly device: Uint8Array;
  /** The domain that is visited. */
  readonly domain: string;
  /** When, milliseconds since 1970. */
  readonly timeMs: number;
}

/** The packet, signed with the device's Ed25519 seed; each stands for itself, in no chain. */
export function renderVisit(suite: Suite, visit: Visit, seed: Uint8Array): Uint8Array {
  const { person, domain, ...signer } = visit;
  const address = `psyc://${domain}`;
  const content = contentOf(render({ method: METHOD }));
  const statement = { address, ...signer, counter: 1, previous: new Uint8Array(32), content };
  return renderPublication(signPublication(suite, statement, seed), { _source: person, _target: address });
}

/**
 * Until when the visit of `domain` by a device of this author holds, Unix milliseconds. Throws PublicationError:
 * `_publication_invalid_visit` where it is none, or over, and as `verifyPublication`.
 */
export function readVisit(
  suite: Suite,
  bytes: Uint8Array,
  domain: string,
  device: Uint8Array,
  author: Author,
  nowMs: number,
): number {
  const publication = parse(bytes, domain);
  if (publication === null || !equalBytes(publication.device, device)) throw invalid('no visit of this device here');
  verifyPublication(suite, publication, author, (name) => (name === '_source' ? author.uniform : undefined), nowMs);
  const untilMs = publication.timeMs + publicationLimits.visitMsMax;
  if (untilMs <= nowMs) throw invalid('the visit is over');
  return untilMs;
}

/** The id of the device that says it visits, 16 bytes, not checked yet; null: it is no visit of that domain. */
export function visitingDevice(bytes: Uint8Array, domain: string): Uint8Array | null {
  return of(bytes, domain)?.device ?? null;
}

function of(bytes: Uint8Array, domain: string): Publication | null {
  try {
    return parse(bytes, domain);
  } catch (error) {
    if (error instanceof PublicationError) return null;
    throw error;
  }
}

function parse(bytes: Uint8Array, domain: string): Publication | null {
  try {
    const parser = new Parser();
    parser.feed(bytes);
    const packet = parser.next();
    const target = packet?.routing.find(({ name }) => name === '_target')?.value;
    if (packet?.method !== METHOD || target === undefined || decodeText(target) !== `psyc://${domain}`) return null;
    return readPublication(packet, (name) => (name === '_target' ? `psyc://${domain}` : undefined));
  } catch (error) {
    if (error instanceof PsycError) return null;
    throw error;
  }
}

function contentOf(packet: Uint8Array): Uint8Array {
  const parser = new Parser();
  parser.feed(packet);
  return joinBytes(parser.next()!.content!);
}

const invalid = (detail: string): PublicationError => new PublicationError('_publication_invalid_visit', detail);
