/** Statements that keys of domains follow each other, told from node to node: passed on to all, told to a domain of its own key, and heard. docs/spec/trust.md#asking-others */
import { isDomain } from '../../psyc/names.ts';
import type { RotationTold } from '../events.ts';
import { domainOf, entityIn, type Letter, newLetter } from '../letter.ts';
import { remember } from '../remember.ts';
import { nodeUniform } from '../waking.ts';
import { Rate } from './rate.ts';
import type { TrustOwner } from './trust-owner.ts';

const NOTICE = '_notice_key_rotation';

/** A statement about a domain's key has come `from` another domain, or from that one. */
type Heard = (domain: string, told: RotationTold, from: string) => void;

/** What one node tells of statements, and is told. */
export class RotationNotices {
  readonly #node: TrustOwner;
  readonly #heard: Heard;
  /** Statements about a domain's own key that wait until its circuit is ready. */
  readonly #untold = new Map<string, readonly RotationTold[]>();
  /** How often each domain may tell of one: each is checked by OpenPGP, and has its domain looked at. */
  readonly #rate: Rate;

  /** `heard`: nothing is checked yet. */
  constructor(node: TrustOwner, heard: Heard) {
    const { noticesMax, noticesMs, peersMax } = node.options.federationLimits;
    this.#rate = new Rate(noticesMax, noticesMs, peersMax);
    this.#node = node;
    this.#heard = heard;
  }

  /** Tells another domain of a statement about `domain`'s key. */
  tell(peer: string, domain: string, { statement, key, recovery }: RotationTold): void {
    const routing = { _source: nodeUniform(this.#node.domain), _target: nodeUniform(peer) };
    const entity = { _domain: domain, _rotation: statement, _key: key, _key_recovery: recovery ?? undefined };
    this.#node.post(newLetter({ routing, entity, method: NOTICE }));
  }

  /** Tells all to whom there is a circuit, but for the domain itself: each that has it pinned checks the statement. */
  passOn(domain: string, told: RotationTold): void {
    for (const peer of this.#node.ways.linked()) if (peer !== domain) this.tell(peer, domain, told);
  }

  /** Tells a domain of these statements about its own key, in place of those that wait, as soon as `tellWaiting` says that its circuit is ready. */
  tellWhenReady(domain: string, statements: readonly RotationTold[]): void {
    remember(this.#untold, domain, statements, this.#node.options.federationLimits.peersMax);
  }

  /** The circuit to a domain is the one on which it was looked at last: tells it what waits, and whether anything did. */
  tellWaiting(domain: string): boolean {
    for (const one of this.#untold.get(domain) ?? []) this.tell(domain, domain, one);
    return this.#untold.delete(domain);
  }

  /** A letter of another node to this one; whether it is about a statement. */
  take({ routing, packet }: Letter): boolean {
    const source = routing.get('_source') ?? '';
    // Whoever has an account there does not speak for it.
    if (packet.method !== NOTICE || entityIn(source)?.kind !== 'node') return false;
    const from = domainOf(source);
    const domain = packet.text('_domain') ?? '';
    const [statement, key, recovery] = ['_rotation', '_key', '_key_recovery'].map((name) => packet.value(name));
    const { pinnedKeyBytesMax } = this.#node.options.federationLimits;
    const isAllowed = this.#rate.allows(from, this.#node.nowMs);
    const isShort = [key, recovery].every((one) => (one?.length ?? 0) <= pinnedKeyBytesMax);
    if (isAllowed && isShort && statement !== undefined && key !== undefined && isDomain(domain)) {
      const told = { statement: new Uint8Array(statement), key: new Uint8Array(key) };
      this.#heard(domain, { ...told, recovery: recovery === undefined ? null : new Uint8Array(recovery) }, from);
    }
    return true;
  }
}
