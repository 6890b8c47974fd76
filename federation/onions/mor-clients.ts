/** What people's devices ask of their home's listeners: to take cells, which servers there are, keys of others, copies. docs/spec/listener-bots.md#in-a-server */
import { hexOf } from '../../crypto/bytes.ts';
import type { ListenerEffect, ListenerEvent } from '../../listener-bots/events.ts';
import { onionOf } from '../../onion/cell.ts';
import { sizes } from '../../onion/sizes.ts';
import { copyBytes } from '../../psyc/bytes.ts';
import type { Value } from '../../psyc/render.ts';
import type { Desk } from '../desk.ts';
import type { FoundKeys } from '../keys/key-search.ts';
import { entityIn, isPerson, keepLetter, type Letter, newLetter } from '../letter.ts';
import { MorCopies } from './mor-copies.ts';
import type { MorServer } from './mor-events.ts';

/** What it needs of the node's listeners. */
export interface ClientsOwner {
  readonly desk: Desk;
  /** This domain's key with all that others say of it. */
  ownKey(): Uint8Array;
  /** In which contexts links stand to a domain, with blanks between; null: there is one context. */
  contextsOf(domain: string): string | null;
  /** Looks for somebody's keys, in this server's name alone. */
  find(person: string, found: (keys: FoundKeys | null) => void): void;
  /** Hands a cell in where whose it is is known. */
  hand(event: ListenerEvent & { readonly kind: 'handed' }): void;
  /** Tells the listeners of all contexts. */
  tellAll(event: ListenerEvent): void;
}

/** Onions that were handed in and are known again, and by how many bytes of their hash. */
const HANDED_MAX = 1024;
const HANDED_BYTES = 16;
/** Keys of servers that one answer holds: pages of those that there are. */
const SERVERS_MAX = 32;
const SERVERS_BYTES_MAX = 131_072;

type Outcome = ListenerEffect & { readonly kind: 'taken' | 'refused' };

/** One node's. */
export class MorClients {
  readonly #owner: ClientsOwner;
  readonly #uniform: string;
  readonly #copies: MorCopies;
  /** Those that routes go over, with their keys. */
  servers: readonly MorServer[] = [];
  /** Letters that the step under way answers. */
  readonly #asked = new Map<number, { readonly letter: Letter; readonly name: string }>();
  /** Onions that were taken lately, the oldest first. */
  readonly #handed = new Set<string>();
  #requests = 0;

  constructor(owner: ClientsOwner) {
    this.#owner = owner;
    this.#uniform = `psyc://${owner.desk.domain}/$mor`;
    this.#copies = new MorCopies({
      nowMs: () => owner.desk.nowMs,
      watch: (client, hint, request) => owner.tellAll({ kind: 'watch', client, request, tag: hint, isOn: true }),
      nextRequest: () => ++this.#requests,
      leave: (client) => owner.tellAll({ kind: 'gone', client }),
      answer: (letter, method, entity) => this.#answer(letter, method, entity),
    });
  }

  /** A device of somebody who lives here asks. */
  take(letter: Letter, by: string): void {
    switch (letter.packet.method) {
      case '_request_mor_cell':
        this.#hand(letter, by);
        break;
      case '_request_mor_copies':
        this.#copies.ask(letter);
        break;
      case '_request_mor_servers':
        this.#show(letter);
        break;
      case '_request_mor_keys':
        this.#find(keepLetter(letter));
        break;
      default:
        this.#answer(letter, '_error_unsupported_method', { _code: '_unsupported_method' });
    }
  }

  /** What a listener says to a cell that was handed in, or to a wish for copies. */
  told(effect: Outcome): void {
    const asked = this.#asked.get(effect.request);
    if (asked === undefined) {
      if (effect.kind === 'refused') this.#copies.refused(effect.client, effect.request);
    } else if (effect.kind === 'taken') {
      this.#handed.add(asked.name);
      if (this.#handed.size > HANDED_MAX) this.#handed.delete(this.#handed.values().next().value!);
      this.#answer(asked.letter, '_echo_mor_cell', {});
    } else this.#answer(asked.letter, `_failure${effect.code}`, { _code: effect.code });
  }

  copy(client: string, cell: Uint8Array): void {
    this.#copies.copy(client, cell);
  }

  /** What has waited long enough is answered. */
  look(): void {
    this.#copies.look();
  }

  #hand(letter: Letter, client: string): void {
    const cell = letter.packet.value('_cell');
    if (cell?.length !== sizes.cell) {
      this.#answer(letter, '_error_mor_invalid_cell', { _code: '_mor_invalid_cell' });
      return;
    }
    const kept = copyBytes(cell);
    const name = hexOf(this.#owner.desk.options.suite.blake2b(onionOf(kept), HANDED_BYTES));
    // Who has heard no answer asks again: twice on its way it would be known for no cover.
    if (this.#handed.has(name)) {
      this.#answer(letter, '_echo_mor_cell', {});
      return;
    }
    const request = ++this.#requests;
    this.#asked.set(request, { letter, name });
    this.#owner.hand({ kind: 'handed', client, request, cell: kept });
    this.#asked.delete(request);
  }

  /** A page of the servers behind `_after`, with their keys, so that whoever draws a route need not take ours for them. */
  #show(letter: Letter): void {
    const after = letter.packet.text('_after') ?? '';
    const own = { domain: this.#owner.desk.domain, key: this.#owner.ownKey() };
    const left = [own, ...this.servers]
      .filter(({ domain }) => domain > after)
      .sort((a, b) => (a.domain < b.domain ? -1 : 1));
    let [at, bytes] = [0, 0];
    for (; at < Math.min(left.length, SERVERS_MAX) && bytes < SERVERS_BYTES_MAX; at++) {
      const { domain, key } = left[at]!;
      bytes += key.length;
      const contexts = this.#owner.contextsOf(domain);
      const where = contexts === null ? {} : { _contexts: contexts };
      this.#answer(letter, '_status_mor_server', { _domain: domain, _key: key, ...where });
    }
    this.#answer(letter, '_echo_mor_servers', at < left.length ? { _next: left[at - 1]!.domain } : {});
  }

  /** Of somebody elsewhere: his home must not hear who asks. */
  #find(letter: Letter): void {
    const person = letter.packet.text('_person') ?? '';
    const unknown = (): void => this.#answer(letter, '_failure_mor_unknown_keys', { _code: '_mor_unknown_keys' });
    if (!isPerson(person) || entityIn(person) === null) unknown();
    else {
      this.#owner.find(person, (found) => {
        if (found === null) unknown();
        else {
          const { key, statement, authority } = found;
          this.#answer(letter, '_echo_mor_keys', { _key: key, _statement: statement, _key_domain: authority });
        }
      });
    }
  }

  #answer({ routing }: Letter, method: string, entity: Readonly<Record<string, Value>>): void {
    const tag = routing.get('_tag');
    const heading = { _source: this.#uniform, _target: routing.get('_source'), _tag_relay: tag, _tag_reply: tag };
    this.#owner.desk.post(newLetter({ routing: heading, entity, method }));
  }
}
