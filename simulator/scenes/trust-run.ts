/** What everybody in one run of the scene `trust` has in common. docs/simulator.md#trust */
import { hexOf } from '../../crypto/bytes.ts';
import type { ServerIdentity } from '../../circuit/server-handshake.ts';
import type { Notice, RotationTold } from '../../federation/events.ts';
import type { Clock } from '../clock.ts';
import type { Host } from '../host.ts';
import type { Observer } from '../observation.ts';
import type { PeopledRun } from './federation-run.ts';
import type { Books } from './trust-books.ts';
import type { Zones } from './trust-dns.ts';

/** How long a restart takes. */
const restartUs = 100_000;

/** A domain as its admin runs it, over all lives of its server. */
export class Home {
  readonly domain: string;
  #identity: ServerIdentity;
  readonly #observe: Observer;
  /** The key that is to follow. */
  announced: RotationTold | null = null;
  /** Its server. */
  host: Host | null = null;
  /** The admin reads his log. */
  noticed: (notice: Notice) => void = () => {};

  constructor(identity: ServerIdentity, observe: Observer) {
    this.domain = identity.domain;
    this.#observe = observe;
    this.#identity = identity;
    this.name(identity);
  }

  /** What its next life proves itself with. */
  get identity(): ServerIdentity {
    return this.#identity;
  }

  /** Another life begins, a moment after this one. */
  restart(clock: Clock): void {
    this.host!.stop();
    clock.after(restartUs, () => this.host!.resume());
  }

  /** From now on this is the domain's key. */
  name(identity: ServerIdentity): void {
    this.#identity = identity;
    this.announced = null;
    this.#observe({ kind: 'named', domain: this.domain, fingerprint: hexOf(identity.fingerprint) });
  }
}

/** One run. */
export interface TrustRun extends PeopledRun {
  readonly zones: Zones;
  readonly homes: ReadonlyMap<string, Home>;
  readonly books: Books;
  /** Whom a stream from one server to a domain reaches. */
  readonly hostOf: (asker: string, domain: string) => string;
}
