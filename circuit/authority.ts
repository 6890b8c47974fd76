/** Whom a circuit may speak for: what its ends have proved, and what authors have signed themselves. docs/spec/circuit-proof.md#authority */
import { PsycError } from '../psyc/error.ts';
import type { Route } from '../psyc/reply.ts';
import { SparseMap, SparseSet } from '../psyc/sparse.ts';
import { parseEntity, renderUniform, withoutChannel } from '../psyc/uniform.ts';
import { visitorIn, visitedIn } from './channel.ts';
import { type ProofCode, ProofError } from './proof-errors.ts';
import { proofLimits } from './proof-limits.ts';

/** What one end of a circuit has proved; it grows by checked proofs only, and dies with the circuit. */
export class Authority {
  /** Whether this end passes on what others say, and the other takes its word: a server that a client logged in at. */
  readonly carries: boolean;
  private readonly hosts = new SparseSet<string>();
  private readonly persons = new SparseSet<string>();
  /** Visitors of the proved hosts, and until when (Unix milliseconds) they are: the longest known first. */
  private readonly visitors = new SparseMap<string, number>();
  /** What was asked last, and the answer, while nothing more is proved. */
  private last: { readonly uniform: string; readonly isCovered: boolean } | null = null;

  constructor(carries = false) {
    this.carries = carries;
  }

  /** A domain whose key was proved. Throws ProofError `_authority_excessive`. */
  proveHost(domain: string): void {
    this.makeRoom(this.hosts, domain);
    this.hosts.add(domain);
  }

  /** A person one of whose devices logged in. Throws ProofError `_authority_excessive`. */
  provePerson(uniform: string): void {
    this.makeRoom(this.persons, uniform);
    this.persons.add(uniform);
  }

  /** A visitor of a proved host, as `visitorIn` names him, has said that it carries what he says until then, Unix milliseconds. */
  welcome(visitor: string, untilMs: number): void {
    this.last = null;
    this.visitors.delete(visitor);
    this.visitors.set(visitor, untilMs);
    if (this.visitors.size <= proofLimits.visitorsMax) return;
    const [oldest] = this.visitors.keys();
    this.visitors.delete(oldest!);
  }

  /** Until when somebody is a visitor, Unix milliseconds; 0: he is none that is known. */
  visitorUntilMs(visitor: string): number {
    return this.visitors.get(visitor) ?? 0;
  }

  /** Whether any host was proved. */
  get hasHost(): boolean {
    return this.hosts.size > 0;
  }

  /** Whether a uniform is one of a proved host, or a proved person or a channel of his, or a channel of a visitor. It counts in its one form only, in lower case. */
  covers(uniform: string): boolean {
    // A peer says most things in one name.
    if (this.last?.uniform !== uniform) this.last = { uniform, isCovered: this.looksUp(uniform) };
    return this.last.isCovered;
  }

  private looksUp(uniform: string): boolean {
    let host: string;
    try {
      const parsed = parseEntity(uniform);
      if (renderUniform(parsed) !== uniform) return false;
      ({ host } = parsed);
    } catch (error) {
      if (error instanceof PsycError) return false;
      throw error;
    }
    return this.hosts.has(host) || this.persons.has(withoutChannel(uniform)) || this.isVisitor(uniform);
  }

  private isVisitor(uniform: string): boolean {
    const visitor = this.visitors.size === 0 ? null : visitorIn(uniform);
    return visitor !== null && this.visitors.has(visitor) && this.hosts.has(visitedIn(uniform)!);
  }

  private makeRoom(proved: SparseSet<string>, name: string): void {
    this.last = null;
    if (proved.has(name) || this.hosts.size + this.persons.size < proofLimits.provedMax) return;
    throw new ProofError('_authority_excessive', `one circuit proves up to ${proofLimits.provedMax} hosts and persons`);
  }
}

/** Who signed a packet as its author, once signature, key and author were checked. */
export interface Signed {
  /** `psyc://domain/~nick`. */
  readonly author: string;
  /** The context or target that is signed. */
  readonly address: string;
}

/** Whose word it is that a packet is from whom it says: the circuit's proof, the author's own signature, or hearsay of the peer. */
type Basis = 'circuit' | 'author' | 'hearsay';

/** What is to be done with a packet: let it pass, and on whose word; or refuse it, and close the circuit with the code. */
export type Judgement =
  | { readonly allowed: true; readonly basis: Basis }
  | { readonly allowed: false; readonly code: ProofCode };

/**
 * Whether one end of a circuit may send a packet. `speaker` is that end's authority, `hearer` the other's, so that the same
 * function judges what comes in and what goes out. `route` gives its routing variables; `signed` is null unless it was
 * checked to be author-signed. Whatever it says, nobody is spoken for unproved but by himself or as hearsay, and nobody
 * hears hearsay of himself.
 */
export function judge(speaker: Authority, hearer: Authority, route: Route, signed: Signed | null): Judgement {
  const context = route('_context') || null;
  const source = route('_source') || null;
  const relay = route('_source_relay') || null;
  const target = route('_target') || null;
  let basis: Basis = 'circuit';

  // The one address that its author can have signed; a signature for another was copied here.
  const isHere = signed !== null && signed.address === (context ?? target);
  const isSigned = (uniform: string): boolean => isHere && withoutChannel(uniform) === signed.author;
  const isHearsay = (uniform: string): boolean => {
    if (!speaker.carries || hearer.covers(uniform)) return false;
    basis = 'hearsay';
    return true;
  };

  // A signature makes its author's own context his everywhere; a place's stays the place's, whoever signs in it.
  if (context !== null && !speaker.covers(context) && !isSigned(context) && !isHearsay(context)) {
    return refused('_authority_unproved_context');
  }
  if (source !== null && !speaker.covers(source) && !isSigned(source) && !isHearsay(source)) {
    return refused('_authority_unproved_source');
  }
  if (relay !== null && !speaker.covers(relay) && !isSigned(relay)) {
    // A proved place tells who spoke in it; but those whom the hearer knows himself sign what they say.
    const isTold = context !== null && speaker.covers(context) && !hearer.covers(relay);
    if (!isTold && !isHearsay(relay)) return refused('_authority_unproved_source_relay');
    basis = 'hearsay';
  }
  // With neither, it is from the root of the speaker's node.
  if (context === null && source === null && target !== null && !speaker.hasHost) {
    return refused('_authority_unproved_source');
  }
  const speaks = relay ?? source ?? context;
  return { allowed: true, basis: speaks !== null && isSigned(speaks) ? 'author' : basis };
}

const refused = (code: ProofCode): Judgement => ({ allowed: false, code });
