/** Somebody who has the log of the members-only place and everybody's secrets, and finds out who could read what. docs/simulator.md#federation */
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import type { Packet } from '../../psyc/packet.ts';
import { keyNamed, openAsMember } from '../../publication/members-only.ts';
import { readPublication } from '../../publication/packet.ts';
import type { Recipient } from '../../publication/seal.ts';
import { openKey, readKey } from '../../publication/sender-key.ts';

/** Whose secrets he has. */
interface Spied extends Recipient {
  readonly secret: Uint8Array;
}

/** What he is told of the town. */
export interface EavesdropperOptions {
  readonly suite: Suite;
  readonly place: string;
  readonly spied: readonly Spied[];
  /** Whose device it is, by its id in hexadecimal. */
  readonly authorOf: (device: string) => string;
  readonly readable: (key: string, person: string) => void;
}

interface Row {
  readonly key: string;
  readonly packet: Packet;
}

/** He goes by no epoch: he tries each key on everything that its device ever said, before it and after. */
export class Eavesdropper {
  readonly #options: EavesdropperOptions;
  /** By device. */
  readonly #rows = new Map<string, Row[]>();
  /** By device: persons and keys that were sealed to them. */
  readonly #keys = new Map<string, { readonly person: string; readonly key: Uint8Array }[]>();

  constructor(options: EavesdropperOptions) {
    this.#options = options;
  }

  /** A row, as it is on the disk. */
  row(bytes: Uint8Array): void {
    const { suite, place, spied, authorOf } = this.#options;
    const packet = parseOne(bytes.slice());
    const said = readPublication(packet, (name) => packet.ownRoute(name));
    if (said === null) return;
    const device = hexOf(said.device);
    const [rows, keys] = [this.#rows.get(device) ?? [], this.#keys.get(device) ?? []];
    this.#rows.set(device, rows);
    this.#keys.set(device, keys);
    if (keyNamed(packet) !== null) {
      const row = { key: packet.ownRoute('_tag') ?? '', packet };
      rows.push(row);
      for (const { person, key } of keys) this.#try(said.device, row, person, key);
    }
    const boxes = readKey(packet);
    if (boxes === null) return;
    const heading = { place, author: authorOf(device), device: said.device, epoch: boxes.epoch };
    for (const person of spied) {
      const key = openKey(suite, heading, boxes, person, person.secret);
      if (key === null) continue;
      keys.push({ person: person.uniform, key });
      for (const row of rows) this.#try(said.device, row, person.uniform, key);
    }
  }

  #try(device: Uint8Array, { key: tag, packet }: Row, person: string, key: Uint8Array): void {
    const { suite, place, authorOf, readable } = this.#options;
    const { epoch, counter } = keyNamed(packet)!;
    const heading = { place, author: authorOf(hexOf(device)), device, epoch };
    if (openAsMember(suite, heading, { key, counter }, packet) !== null) readable(tag, person);
  }
}
