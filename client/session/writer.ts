/** The bytes of what is said: sealed to a person, signed by the device, under routing variables. docs/spec/people.md#said */
import { channelOf } from '../../circuit/channel.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';
import { PsycError } from '../../psyc/error.ts';
import { type Draft, render, renderRouted } from '../../psyc/render.ts';
import { type Act, actMethod, actVariables } from '../../publication/act.ts';
import { type Attachment, attachmentVariables } from '../../publication/attachment.ts';
import { PublicationError } from '../../publication/error.ts';
import { publicationId } from '../../publication/fields.ts';
import { renderPublication } from '../../publication/packet.ts';
import { MEMBERS_METHOD, sealToMembers } from '../../publication/members-only.ts';
import { type PrivateMessage, SEALED_METHOD, sealPrivate } from '../../publication/private.ts';
import { KEY_METHOD, type Reader, renderKey } from '../../publication/sender-key.ts';
import { referenceDraft, type Wanted } from '../../publication/reference.ts';
import { signPublication } from '../../publication/sign.ts';
import { publicationIn } from './carried.ts';
import type { PersonKeys, Statement } from './events.ts';
import type { Head, OwnKey, Pending } from './kept.ts';

/** What somebody wants to say. */
export type Wish =
  | {
      readonly kind: 'say';
      readonly text: string;
      readonly isAction?: boolean;
      readonly about?: Wanted;
      readonly attachment?: Attachment;
    }
  | { readonly kind: 'act'; readonly act: Act }
  /** Our key for the members of a place. */
  | { readonly kind: 'key'; readonly epoch: number; readonly parted: number; readonly readers: readonly Reader[] }
  /** What was said through another server, the very same. */
  | { readonly kind: 'again'; readonly pending: Pending }
  | { readonly kind: 'enter' | 'leave' | 'befriend' | 'unfriend' };

/** What is said in a place. */
export const PUBLIC = '_message_public';

/** It cannot be said. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Who says it. */
export interface WriterOptions {
  readonly suite: Suite;
  /** `psyc://domain/~nick`, and the nick alone. */
  readonly person: string;
  readonly nick: string;
  readonly fingerprint: Uint8Array;
  /** The device's id of 16 bytes, and its Ed25519 seed. */
  readonly device: Uint8Array;
  readonly seed: Uint8Array;
  /** The domain whose server is spoken through; null: the home's. */
  readonly at: string | null;
}

/** Where it goes. */
export interface Heading {
  readonly target: string;
  readonly tag: string;
  readonly counter: number;
  /** Of the side channel. */
  readonly generation: number;
}

/** A packet, and the end of the chain with it; null where nothing is signed. */
export interface Written {
  readonly method: string;
  readonly bytes: Uint8Array;
  readonly head: Head | null;
  /** The key in it. */
  readonly key?: OwnKey;
}

const NOTHING_BEFORE = new Uint8Array(32);

/** One device's pen. */
export class Writer {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** The id, in hex, of what was signed in these bytes; null: nothing was. */
  idOf(bytes: Uint8Array): string | null {
    const publication = publicationIn(bytes);
    return publication === null ? null : hexOf(publicationId(this.#options.suite, publication));
  }

  /** `head`: what was signed last for this target. `to`: whom to seal to, a person or members who have our key. Throws Refusal. */
  write(wish: Wish, heading: Heading, head: Head | null, to: PersonKeys | OwnKey | null, wallMs: number): Written {
    const { target, tag, counter, generation } = heading;
    const { person, device } = this.#options;
    const source = channelOf(person, device, { side: String(generation), at: this.#options.at });
    const routing = { _source: source, _target: target, _tag: tag, _counter: String(counter) };
    if (wish.kind === 'enter' || wish.kind === 'leave') {
      const method = `_request_context_${wish.kind}`;
      return { method, bytes: render({ routing, method }), head: null };
    }
    if (wish.kind === 'again') {
      const { method, bytes } = wish.pending;
      return { method, bytes: renderRouted(routing, parseOne(bytes).content), head: null };
    }
    try {
      if (wish.kind === 'act') {
        const content = this.#content({ entity: actVariables(wish.act), method: actMethod(wish.act), data: null });
        return this.#signed(content, routing, target, head, actMethod(wish.act), wallMs);
      }
      if (wish.kind === 'key') return this.#key(wish, routing, target, head, wallMs);
      if (wish.kind !== 'say') {
        const request = wish.kind === 'befriend' ? '_request_friendship' : '_request_unfriend';
        const content = this.#content({ entity: { _nick: this.#options.nick }, method: request });
        return this.#signed(content, routing, target, head, request, wallMs);
      }
      return this.#said(wish, routing, target, head, to, wallMs);
    } catch (error) {
      if (error instanceof PsycError) throw new Refusal('_session_oversized_message');
      if (error instanceof PublicationError) throw new Refusal(error.code);
      throw error;
    }
  }

  #said(
    wish: Wish & { kind: 'say' },
    routing: Readonly<Record<string, string>>,
    target: string,
    head: Head | null,
    to: PersonKeys | OwnKey | null,
    wallMs: number,
  ): Written {
    if (to === null) {
      const message = this.#message(PUBLIC, wish);
      return this.#signed(this.#content(message), routing, target, head, message.method, wallMs);
    }
    if (!('epoch' in to)) {
      return this.#signed(this.#sealed(wish, target, to), routing, target, head, SEALED_METHOD, wallMs);
    }
    const { suite, person, device } = this.#options;
    const message = this.#message(PUBLIC, wish);
    const content = sealToMembers(suite, { place: target, author: person, device, epoch: to.epoch }, to, message);
    return this.#signed(content, routing, target, head, MEMBERS_METHOD, wallMs);
  }

  #key(
    { epoch, parted, readers }: Wish & { kind: 'key' },
    routing: Readonly<Record<string, string>>,
    place: string,
    head: Head | null,
    wallMs: number,
  ): Written {
    const { suite, person, device } = this.#options;
    const key = suite.random(lengths.key);
    const content = renderKey(suite, { place, author: person, device, epoch }, key, readers);
    if (content === null) throw new Refusal('_publication_unsealable');
    const written = this.#signed(content, routing, place, head, KEY_METHOD, wallMs);
    return { ...written, key: { epoch, parted, counter: written.head!.counter, key, madeAtMs: wallMs } };
  }

  #signed(
    content: Uint8Array,
    routing: Readonly<Record<string, string>>,
    address: string,
    head: Head | null,
    method: string,
    timeMs: number,
  ): Written {
    const { suite, fingerprint, device, seed } = this.#options;
    const previous = head === null ? NOTHING_BEFORE : bytesOfHex(head.id)!;
    const counter = (head?.counter ?? 0) + 1;
    const statement = { address, fingerprint, device, counter, previous, timeMs, content };
    const publication = signPublication(suite, statement, seed);
    const id = hexOf(publicationId(suite, statement));
    return { method, bytes: renderPublication(publication, routing), head: { counter, id } };
  }

  /** A packet that states something; it is its own chain's first, since only the newest counts. Throws Refusal. */
  state({ channel, method, entity, text, isSealed }: Statement, ownKey: Uint8Array, wallMs: number): Uint8Array {
    const { suite, person, fingerprint, device } = this.#options;
    const address = `${person}#${channel}`;
    const routing = { _source: channelOf(person, device), _target: address };
    try {
      const content = isSealed
        ? sealPrivate(suite, fingerprint, { uniform: person, fingerprint }, ownKey, { entity, method, data: text })
        : this.#content({ entity, method, data: text });
      return this.#signed(content, routing, address, null, method, wallMs).bytes;
    } catch (error) {
      if (error instanceof PsycError) throw new Refusal('_session_oversized_message');
      if (error instanceof PublicationError) throw new Refusal(error.code);
      throw error;
    }
  }

  /** What somebody does stands in a variable, and the method says so. */
  #message(
    method: string,
    { text, isAction, about, attachment }: Wish & { kind: 'say' },
  ): Pick<PrivateMessage, 'entity' | 'method' | 'data'> {
    const { nick: _nick } = this.#options;
    const file = attachment === undefined ? {} : attachmentVariables(attachment);
    if (about !== undefined) {
      const said = referenceDraft(about, method);
      return {
        entity: { _nick, ...said.entity, ...file },
        method: said.method,
        data: about.kind === 'deletion' ? null : text,
      };
    }
    if (isAction !== true) return { entity: { _nick, ...file }, method, data: text };
    return { entity: { _nick, _action: text }, method: `${method}_action`, data: '' };
  }

  #content(draft: Draft): Uint8Array {
    return new Uint8Array(parseOne(render(draft)).content!);
  }

  #sealed(wish: Wish & { kind: 'say' }, target: string, { fingerprint, encryptionKey }: PersonKeys): Uint8Array {
    if (encryptionKey === null) throw new Refusal('_publication_unsealable');
    const { suite, fingerprint: own } = this.#options;
    const recipient = { uniform: target, fingerprint: bytesOfHex(fingerprint)! };
    return sealPrivate(suite, own, recipient, encryptionKey, this.#message('_message_private', wish));
  }
}
