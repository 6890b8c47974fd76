/** The keys under which others speak in members-only places, as far as they were sealed to us. docs/spec/places.md#sender-keys */
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Publication } from '../../publication/fields.ts';
import { keyNamed, openAsMember } from '../../publication/members-only.ts';
import type { Recipient } from '../../publication/seal.ts';
import { type KeyHeading, openKey, readKey } from '../../publication/sender-key.ts';
import type { HeardKey } from './kept.ts';
import type { Sought } from './key-search.ts';
import { sessionLimits } from './limits.ts';

/** Whose keys they are to be opened with. */
export interface SenderKeysOptions {
  readonly suite: Suite;
  readonly own: Recipient;
  /** X25519, the oldest first. */
  readonly secrets: readonly Uint8Array[];
  /** Somebody's key came in a row, sealed to these: he holds them for the members of that epoch; or, with null, what he says under one. */
  readonly sealed: (
    place: string,
    author: string,
    epoch: number,
    sequence: number,
    readers: readonly string[] | null,
  ) => void;
}

/** One session's keys. */
export class SenderKeys {
  readonly #options: SenderKeysOptions;
  /** By place, device and number of the publication that carried it; the oldest first. */
  readonly #keys: Map<string, HeardKey>;
  /** Names of keys that came in this session, for us or not. */
  readonly #seen = new Set<string>();

  constructor(options: SenderKeysOptions, kept: ReadonlyMap<string, HeardKey>) {
    this.#options = options;
    this.#keys = new Map(kept);
  }

  /** What is to be kept. */
  all(): ReadonlyMap<string, HeardKey> {
    return new Map(this.#keys);
  }

  /** Whether a key has come. */
  isSeen(name: string): boolean {
    return this.#seen.has(name) || this.#keys.has(name);
  }

  /** The key under which this was said, where it has not come; null: it has. */
  lacking(packet: Packet, { address: place, device }: Publication): Sought | null {
    const named = keyNamed(packet);
    const name = named === null ? null : nameOf(place, device, named.counter);
    if (named === null || name === null || this.isSeen(name)) return null;
    return { place, epoch: named.epoch, row: rowOf(packet), name };
  }

  /** Takes the key in a packet whose signature is its author's. `isOld`: it was looked for, and says nothing of who is a member by now. */
  take(packet: Packet, author: string, { address: place, device, counter }: Publication, isOld = false): void {
    const { suite, own, secrets, sealed } = this.#options;
    const boxes = readKey(packet);
    if (boxes === null) return;
    const { epoch } = boxes;
    if (this.#seen.size >= sessionLimits.senderKeysMax) this.#seen.clear();
    this.#seen.add(nameOf(place, device, counter));
    if (!isOld)
      sealed(
        place,
        author,
        epoch,
        rowOf(packet),
        boxes.boxes.map(({ uniform }) => uniform),
      );
    for (const secret of secrets.toReversed()) {
      const key = openKey(suite, { place, author, device, epoch }, boxes, own, secret);
      if (key === null) continue;
      this.#keys.set(nameOf(place, device, counter), { epoch, key });
      break;
    }
    this.#makeRoom(prefixOf(place, device));
  }

  /** Whoever makes many keys loses his own oldest; and where all are too many, whoever has most does. */
  #makeRoom(latest: string): void {
    const { senderKeysMax, senderKeysOfOneMax } = sessionLimits;
    const of = (prefix: string): string[] => [...this.#keys.keys()].filter((name) => name.startsWith(prefix));
    const own = of(latest);
    for (const name of own.slice(0, Math.max(0, own.length - senderKeysOfOneMax))) this.#keys.delete(name);
    if (this.#keys.size <= senderKeysMax) return;
    const counts = new Map<string, number>();
    for (const name of this.#keys.keys()) {
      const prefix = name.slice(0, name.lastIndexOf(' ') + 1);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
    const [most] = [...counts].reduce((greatest, one) => (one[1] > greatest[1] ? one : greatest));
    this.#keys.delete(of(most)[0]!);
  }

  /** What was said, in a packet whose signature is its author's; null where his key was not sealed to us, or does not open it. */
  open(packet: Packet, author: string, { address: place, device }: Publication): Packet | null {
    const named = keyNamed(packet);
    if (named !== null) this.#options.sealed(place, author, named.epoch, rowOf(packet), null);
    const found = named === null ? undefined : this.#keys.get(nameOf(place, device, named.counter));
    if (named === null || found?.epoch !== named.epoch) return null;
    const heading: KeyHeading = { place, author, device, epoch: found.epoch };
    return openAsMember(this.#options.suite, heading, { key: found.key, counter: named.counter }, packet);
  }
}

const prefixOf = (place: string, device: Uint8Array): string => `${place} ${hexOf(device)} `;

const nameOf = (place: string, device: Uint8Array, counter: number): string => `${prefixOf(place, device)}${counter}`;

/** The row that it came in. */
const rowOf = (packet: Packet): number => Number(packet.ownRoute('_counter') ?? 0);
