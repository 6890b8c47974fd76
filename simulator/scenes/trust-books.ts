/** What the disks of the scene `trust` say of other domains' keys, as it becomes durable. docs/simulator.md#trust */
import { decodeText } from '../../psyc/bytes.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { SetRecord, StoreOutcome, StoreRequest } from '../../store/store.ts';
import type { Observer } from '../observation.ts';

/** Until when a key of a domain is countersigned, Unix milliseconds; 0: not any more. */
interface Word {
  readonly fingerprint: string;
  readonly untilMs: number;
}

/** All of one run. */
export class Books {
  readonly #observe: Observer;
  readonly #nowUs: () => number;
  /** By host and domain. */
  readonly #pins = new Map<string, string>();
  readonly #given = new Map<string, readonly Word[]>();
  readonly #held = new Map<string, Word | null>();

  constructor(observe: Observer, nowUs: () => number) {
    this.#observe = observe;
    this.#nowUs = nowUs;
  }

  /** A record of another domain is durable. */
  wrote(host: string, { context, name, value }: SetRecord): void {
    const domain = /^psyc:\/\/([^/]+)$/.exec(context)?.[1];
    if (domain === undefined || value.length === 0) return;
    if (name === 'trust') {
      const { pin, standing } = JSON.parse(decodeText(value)) as {
        readonly pin: { readonly fingerprint: string } | null;
        readonly standing: string;
      };
      if (pin === null) return;
      this.#pins.set(`${host} ${domain}`, `${pin.fingerprint} ${standing}`);
      this.#observe({ kind: 'pinned', host, domain, fingerprint: pin.fingerprint, standing, atUs: this.#nowUs() });
    } else if (name === 'countersignatures') {
      const { given, held } = JSON.parse(decodeText(value)) as {
        readonly given: readonly Word[];
        readonly held: Word | null;
      };
      this.#given.set(`${host} ${domain}`, given);
      this.#held.set(`${host} ${domain}`, held);
      this.#observe({ kind: 'countersigned', host, domain, given, held, atUs: this.#nowUs() });
    }
  }

  /** Whether a server has this key of a domain pinned, and stands well with it. */
  isPinned(host: string, domain: string, fingerprint: string): boolean {
    return this.#pins.get(`${host} ${domain}`) === `${fingerprint} normal`;
  }

  /** Whether what one says of another's key is what the other has. */
  isHeard(host: string, domain: string, fingerprint: string): boolean {
    const given = this.#given.get(`${host} ${domain}`)?.find((one) => one.fingerprint === fingerprint);
    const held = this.#held.get(`${domain} ${host}`);
    const untilMs = held?.fingerprint === fingerprint ? held.untilMs : 0;
    return untilMs === (given?.untilMs ?? 0);
  }
}

/** A store whose records are looked at when they are durable. */
export class WatchedStore extends MemoryStore {
  readonly #wrote: (record: SetRecord) => void;

  constructor(wrote: (record: SetRecord) => void) {
    super();
    this.#wrote = wrote;
  }

  override perform(request: StoreRequest): StoreOutcome {
    const outcome = super.perform(request);
    if (request.kind === 'write' && outcome.kind === 'written') {
      for (const operation of request.operations) if (operation.op === 'record') this.#wrote(operation);
    }
    return outcome;
  }
}
