/** How it is with friends, as it is told: of each the newest, once its signature is judged. docs/spec/friends.md#presence */
import type { Packet } from '../../psyc/packet.ts';
import type { Moment, Output, Presence } from './events.ts';
import { sessionLimits } from './limits.ts';
import { isPerson, type Reader } from './reader.ts';

const CHANNEL = '#_presence';

interface Waiting {
  readonly packet: Packet;
  readonly routing: ReadonlyMap<string, string>;
  readonly sinceMs: number;
}

/** How available, in what mood, and why; null where the packet says nothing of it. */
export function presenceIn(packet: Packet): Pick<Presence, 'availability' | 'mood' | 'description'> {
  const degree = (name: string): number | null => {
    const text = packet.text(name) ?? '';
    return /^[1-9]$/.test(text) ? Number(text) : null;
  };
  const description = packet.text('_description_presence') ?? '';
  return { availability: degree('_degree_availability'), mood: degree('_degree_mood'), description };
}

/** One session's friends. */
export class Presences {
  readonly #reader: Reader;
  readonly #output: (output: Output) => void;
  /** Those that wait for the keys of who has signed them, by person. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(reader: Reader, output: (output: Output) => void) {
    this.#reader = reader;
    this.#output = output;
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Whether it is somebody's presence. */
  take(packet: Packet, routing: ReadonlyMap<string, string>, now: Moment): boolean {
    const context = routing.get('_context') ?? '';
    const person = context.endsWith(CHANNEL) ? context.slice(0, -CHANNEL.length) : '';
    if (!isPerson(person)) return false;
    if (packet.method !== '_notice_presence') return true;
    if (this.#waiting.size >= sessionLimits.presencesMax && !this.#waiting.has(person)) return true;
    this.#waiting.set(person, { packet: packet.copy(), routing: new Map(routing), sinceMs: now.monotoneMs });
    return true;
  }

  /** Tells what can be told by now. */
  advance(now: Moment): void {
    for (const [person, { packet, routing, sinceMs }] of this.#waiting) {
      const reading = this.#reader.read(packet, routing, sinceMs, now);
      if (reading === null) continue;
      this.#waiting.delete(person);
      const word = 'violation' in reading ? ({ kind: 'bad', code: reading.violation } as const) : reading.word;
      this.#output({ kind: 'presence', person, word, ...presenceIn(packet) });
    }
  }
}
