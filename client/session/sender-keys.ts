/** The keys under which others speak in members-only places, as far as they were sealed to us. docs/spec/places.md#sender-keys */
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Publication } from '../../publication/fields.ts';
import { keyNamed, openAsMember } from '../../publication/members-only.ts';
import type { Recipient } from '../../publication/seal.ts';
import { type KeyHeading, openKey, readKey } from '../../publication/sender-key.ts';
import type { HeardKey } from './kept.ts';
import { sessionLimits } from './limits.ts';

/** Whose keys they are to be opened with. */
export interface SenderKeysOptions {
  readonly suite: Suite;
  readonly own: Recipient;
  /** X25519, the oldest first. */
  readonly secrets: readonly Uint8Array[];
  /** Somebody's key came, sealed to these: he holds them for the members of that epoch. */
  readonly sealed: (place: string, author: string, epoch: number, readers: readonly string[]) => void;
}

/** One session's keys. */
export class SenderKeys {
  readonly #options: SenderKeysOptions;
  /** By place, device and number of the publication that carried it; the oldest first. */
  readonly #keys: Map<string, HeardKey>;

  constructor(options: SenderKeysOptions, kept: ReadonlyMap<string, HeardKey>) {
    this.#options = options;
    this.#keys = new Map(kept);
  }

  /** What is to be kept. */
  all(): ReadonlyMap<string, HeardKey> {
    return new Map(this.#keys);
  }

  /** Takes the key in a packet whose signature is its author's. */
  take(packet: Packet, author: string, { address: place, device, counter }: Publication): void {
    const { suite, own, secrets, sealed } = this.#options;
    const boxes = readKey(packet);
    if (boxes === null) return;
    const { epoch } = boxes;
    sealed(
      place,
      author,
      epoch,
      boxes.boxes.map(({ uniform }) => uniform),
    );
    for (const secret of secrets.toReversed()) {
      const key = openKey(suite, { place, author, device, epoch }, boxes, own, secret);
      if (key === null) continue;
      this.#keys.set(nameOf(place, device, counter), { epoch, key });
      break;
    }
    for (const name of this.#keys.keys()) {
      if (this.#keys.size <= sessionLimits.senderKeysMax) return;
      this.#keys.delete(name);
    }
  }

  /** What was said, in a packet whose signature is its author's; null where his key was not sealed to us, or does not open it. */
  open(packet: Packet, author: string, { address: place, device }: Publication): Packet | null {
    const named = keyNamed(packet);
    const found = named === null ? undefined : this.#keys.get(nameOf(place, device, named.counter));
    if (named === null || found?.epoch !== named.epoch) return null;
    const heading: KeyHeading = { place, author, device, epoch: found.epoch };
    return openAsMember(this.#options.suite, heading, { key: found.key, counter: named.counter }, packet);
  }
}

const nameOf = (place: string, device: Uint8Array, counter: number): string => `${place} ${hexOf(device)} ${counter}`;
