/** Signing as an author, and checking all of a publication that needs no store. docs/spec/publication.md#checking */
import type { Suite } from '../crypto/suite.ts';
import type { Route } from '../psyc/reply.ts';
import { withoutChannel } from '../psyc/uniform.ts';
import { PublicationError } from './error.ts';
import { checkStatement, type Publication, publicationId, type Statement, signedBytes } from './fields.ts';
import { publicationLimits } from './limits.ts';
import { checkContent } from './packet.ts';

/** Whom a fingerprint and a device belong to: as certified by his home domain, and not revoked. */
export interface Author {
  /** `psyc://domain/~nick`. */
  readonly uniform: string;
  /** Of his identity key. */
  readonly fingerprint: Uint8Array;
  /** Ed25519 public key of the device that the publication names. */
  readonly deviceKey: Uint8Array;
}

/** The statement signed by a device, whose Ed25519 seed is given. Throws PublicationError where nobody would take it. */
export function signPublication(suite: Suite, statement: Statement, seed: Uint8Array): Publication {
  checkStatement(statement);
  checkContent(statement.content);
  return { ...statement, signature: suite.ed25519Sign(signedBytes(statement), seed) };
}

/**
 * Checks what `readPublication` gave against its author, and gives its id (32 bytes). `route` gives the routing variables it came with;
 * `nowMs` is our clock. Throws PublicationError: `_publication_foreign_key`, `_publication_foreign_source`,
 * `_publication_foreign_context`, `_publication_future`, `_publication_invalid_signature`.
 */
export function verifyPublication(
  suite: Suite,
  publication: Publication,
  author: Author,
  route: Route,
  nowMs: number,
): Uint8Array {
  if (!suite.equal(publication.fingerprint, author.fingerprint)) {
    throw new PublicationError('_publication_foreign_key', 'it names another key than this author’s');
  }
  const source = route('_source_relay') || route('_source') || '';
  if (source !== '' && withoutChannel(source) !== author.uniform) {
    throw new PublicationError('_publication_foreign_source', `it came as said by ${source}`);
  }
  const context = withoutChannel(route('_context') ?? '');
  if (isPerson(context) && context !== author.uniform) {
    throw new PublicationError('_publication_foreign_context', 'in a person’s context only that person speaks');
  }
  if (publication.timeMs > nowMs + publicationLimits.skewMsMax) {
    throw new PublicationError('_publication_future', 'it comes from the future');
  }
  if (!suite.ed25519Verify(publication.signature, signedBytes(publication), author.deviceKey)) {
    throw new PublicationError('_publication_invalid_signature', 'the signature is not this device’s');
  }
  return publicationId(suite, publication);
}

/** Whether it may be multicast still: an id that was forgotten meanwhile must not flood again. */
export const mayBeMulticast = ({ timeMs }: Statement, nowMs: number): boolean =>
  nowMs - timeMs <= publicationLimits.multicastAgeMsMax;

const isPerson = (uniform: string): boolean => /^psyc:\/\/[^/]*\/~/.test(uniform);
