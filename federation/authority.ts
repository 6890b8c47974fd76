/** What a circuit may speak for, in and out. docs/spec/federation.md#authority */
import type { FederationCode } from './error.ts';
import { domainOf } from './letter.ts';

/** What the other end of a circuit has proved. */
export type Authority =
  | { readonly kind: 'server'; readonly domain: string }
  /** A person of this node's domain, on one device; `person` without the device. */
  | { readonly kind: 'client'; readonly person: string; readonly device: string };

/** Judges a packet by its routing variables, uniforms in their one form: a code, or null when it may pass. */
export type Judge = (
  authority: Authority,
  routing: ReadonlyMap<string, string>,
  domain: string,
) => FederationCode | null;

/** Uniform of a client's device. */
const deviceUniform = ({ person, device }: { readonly person: string; readonly device: string }): string =>
  `${person}#${device}`;

/** What may come in: a server speaks for its own domain, a device for itself; nobody else is spoken for. */
export const mayCome: Judge = (authority, routing) => {
  const source = routing.get('_source');
  const context = routing.get('_context');
  // Only a context says who spoke in it; a server's is believed about its own contexts.
  if (routing.has('_target_relay') || (routing.has('_source_relay') && context === undefined)) return '_unproved_relay';
  if (authority.kind === 'client') {
    if (context !== undefined) return '_unproved_context';
    if (source === undefined) return routing.has('_target') ? '_unproved_source' : null;
    return source === deviceUniform(authority) ? null : '_unproved_source';
  }
  if (source !== undefined && domainOf(source) !== authority.domain) return '_unproved_source';
  if (context !== undefined && domainOf(context) !== authority.domain) return '_unproved_context';
  return null;
};

/** What may go out: a server is told only what this domain says, and only about itself. */
export const mayGo: Judge = (authority, routing, domain) => {
  if (authority.kind === 'client') return null;
  const source = routing.get('_source');
  const context = routing.get('_context');
  const target = routing.get('_target');
  if (source !== undefined && domainOf(source) !== domain) return '_unproved_source';
  if (context !== undefined && domainOf(context) !== domain) return '_unproved_context';
  if (target !== undefined && domainOf(target) !== authority.domain) return '_invalid_target';
  return null;
};
