/** Tickets that are out: which attempt of which question each is of. docs/spec/round-trips.md#attempts */
import type { How } from './asker-events.ts';

/** A ticket that is out. */
export interface OutTicket {
  readonly trip: string;
  /** What its trip calls it: all tickets of one attempt are one to it. */
  readonly attempt: string;
  readonly how: Omit<How, 'attempts' | 'tookMs'>;
  readonly sentMs: number;
}

/** Those of one client, by the ticket's name. */
export class Outstanding {
  readonly #out = new Map<string, OutTicket>();

  set(ticket: string, out: OutTicket): void {
    this.#out.set(ticket, out);
  }

  /** Something has come on this one, and nothing more will; undefined: it is none that is out. */
  came(ticket: string): OutTicket | undefined {
    const out = this.#out.get(ticket);
    this.#out.delete(ticket);
    return out;
  }

  /** Those that are so, with their names: they are out no more. */
  take(is: (out: OutTicket) => boolean): readonly (readonly [string, OutTicket])[] {
    const taken = [...this.#out].filter(([, out]) => is(out));
    for (const [ticket] of taken) this.#out.delete(ticket);
    return taken;
  }
}
