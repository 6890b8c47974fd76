/** A server's part in the flood of cells: a listener whose links are circuits of its node. docs/spec/listener-bots.md#in-a-server */
import { hexOf } from '../../crypto/bytes.ts';
import type { Exit } from '../../listener-bots/anonymous.ts';
import type { ListenerEffect, ListenerEvent } from '../../listener-bots/events.ts';
import { readFrame, renderFrame } from '../../listener-bots/frame.ts';
import { Counts } from '../../listener-bots/counts.ts';
import { Listener, type ListenerStatus } from '../../listener-bots/listener.ts';
import { onionOf } from '../../onion/cell.ts';
import { sizes } from '../../onion/sizes.ts';
import { copyBytes } from '../../psyc/bytes.ts';
import type { Value } from '../../psyc/render.ts';
import { SEALED_METHOD } from '../../publication/private.ts';
import { Budget } from '../budget.ts';
import type { Desk } from '../desk.ts';
import type { NodeEffect } from '../events.ts';
import type { FoundKeys } from '../keys/key-search.ts';
import { domainOf, entityIn, entityOf, isPerson, keepLetter, type Letter, newLetter, readdress } from '../letter.ts';
import { MorCopies } from './mor-copies.ts';
import type { MorEvent, MorOptions, MorServer } from './mor-events.ts';
import { MorRequests } from './mor-requests.ts';
import { readRecords } from '../records.ts';
import { trustIn } from '../trust/trust-record.ts';
import type { Ways } from '../trust/trust-owner.ts';
import { nodeUniform } from '../waking.ts';

/** What it needs of its node. */
export interface MorOwner {
  readonly desk: Desk & { readonly ways: Ways; effect(effect: NodeEffect): void };
  /** The circuit to a domain that is used; null: none stands. */
  circuitTo(domain: string): string | null;
  /** Puts a packet on a circuit. */
  send(circuit: string, bytes: Uint8Array): void;
  /** Whether the admin lets this domain do whatever all others may. */
  isFree(domain: string): boolean;
  /** Looks for somebody's keys, in this server's name alone. */
  find(person: string, found: (keys: FoundKeys | null) => void): void;
  /** Gives a letter from nobody to a person who lives here. */
  deliver(letter: Letter, person: string): void;
}

/** Says that a domain's server is a member of this server's context. */
const NOTICE = '_notice_mor';
/** Shows a linked server our key, with what others say of it. */
const KEY_NOTICE = '_notice_mor_key';
/** Onions that were handed in and are known again, and by how many bytes of their hash. */
const HANDED_MAX = 1024;
const HANDED_BYTES = 16;
/** Services that answer nobody as they answer anybody. */
const SERVICES = ['keys', 'pigeonhole', 'mailbox', 'mail'];
/** How often it is looked who may be a member. */
const LOOK_MS = 5_000;
/** Keys of servers that one answer holds: pages of those that there are. */
const SERVERS_MAX = 32;
const SERVERS_BYTES_MAX = 131_072;
const KEY_BYTES_MAX = 32_768;
/** So often one server may show its key at once, and again after so long; nobody has more to show, and each is read as OpenPGP. */
const SHOWN_MAX = 32;
const SHOWN_MS = 3_000;

/** One node's. */
export class Mor {
  readonly #owner: MorOwner;
  readonly #desk: MorOwner['desk'];
  readonly #options: MorOptions;
  readonly #uniform: string;
  #listener: Listener | null = null;
  #isLoaded = false;
  /** Domains that were told that they are members, and on which circuit. */
  readonly #told = new Map<string, string>();
  /** Domains that have said the same to us. */
  readonly #hears = new Set<string>();
  readonly #linked = new Set<string>();
  #servers: readonly MorServer[] = [];
  #ownKey: Uint8Array;
  /** Letters of clients that the step under way answers. */
  readonly #asked = new Map<number, { readonly letter: Letter; readonly name: string }>();
  /** Onions that were taken lately, the oldest first. */
  readonly #handed = new Set<string>();
  readonly #copies: MorCopies;
  readonly #asks: MorRequests;
  readonly #counts = new Counts();
  readonly #shown: Budget;
  #requests = 0;
  #closedExits = 0;

  constructor(owner: MorOwner, options: MorOptions) {
    this.#owner = owner;
    this.#desk = owner.desk;
    this.#options = options;
    this.#asks = new MorRequests({
      desk: owner.desk,
      counts: this.#counts,
      release: (onion) => this.release(onion),
    });
    this.#ownKey = owner.desk.options.identity.certificate;
    this.#shown = new Budget(SHOWN_MAX, SHOWN_MS, owner.desk.options.federationLimits.peersMax);
    this.#uniform = `psyc://${owner.desk.domain}/$mor`;
    this.#copies = new MorCopies({
      nowMs: () => this.#desk.nowMs,
      watch: (client, hint, request) => this.#tell({ kind: 'watch', client, request, tag: hint, isOn: true }),
      nextRequest: () => ++this.#requests,
      leave: (client) => this.#tell({ kind: 'gone', client }),
      answer: (letter, method, entity) => this.#answer(letter, method, entity),
    });
  }

  /** The life begins: circuits are opened and held. */
  start(): void {
    const { domain, options, nowMs, unixMs } = this.#desk;
    const takes = (target: string): boolean => {
      const uniform = entityIn(target);
      if (uniform?.host !== domain || uniform.channel !== undefined) return false;
      return uniform.kind === 'person' || (uniform.kind === 'service' && SERVICES.includes(uniform.name));
    };
    const { limits, unsafe = false } = this.#options;
    const listening = { domain, suite: options.suite, limits, isWide: true, unsafe, takes };
    this.#listener = new Listener(listening, nowMs, unixMs);
    this.#asks.start();
    for (const other of this.#options.links) this.#desk.linkTo(other)?.watch(() => {});
    this.#look();
  }

  /** What comes from outside the node. */
  told(event: MorEvent): void {
    if (event.kind === 'servers') this.#servers = event.servers;
    else if (event.kind === 'own key') this.#ownKeyIs(event.key);
    else this.#tell(event);
    if (event.kind !== 'loaded') return;
    this.#isLoaded = true;
    for (const domain of this.#linked) this.#linkTold(domain);
  }

  /** Puts out an onion of 4000 bytes that somebody's ticket has made of an answer. */
  release(onion: Uint8Array): void {
    this.#tell({ kind: 'answer', onion });
  }

  /** A circuit to a domain is ready. */
  ready(domain: string): void {
    this.#judge(domain);
  }

  /** No circuit to it stands any more. */
  lost(domain: string): void {
    this.#told.delete(domain);
    this.#hears.delete(domain);
    this.#unlink(domain);
  }

  /** Whether a packet in a context is a frame of a linked server's; what else comes in such a context is nobody's. */
  heard({ routing, packet }: Letter, domain: string): boolean {
    if (routing.get('_context') !== `psyc://${domain}/$mor`) return false;
    const frame = this.#linked.has(domain) ? readFrame(domain, packet, (variable) => routing.get(variable)) : null;
    if (frame !== null) this.#tell({ kind: 'frame', peer: domain, frame });
    return true;
  }

  /** Whether a letter of another node to this one is about membership. */
  take({ routing, packet }: Letter): boolean {
    if (packet.method !== NOTICE && packet.method !== KEY_NOTICE) return false;
    const source = routing.get('_source') ?? '';
    const domain = domainOf(source);
    if (source !== nodeUniform(domain) || domain === this.#desk.domain) return true;
    if (packet.method === KEY_NOTICE) {
      const key = packet.value('_key');
      const isTaken = key !== undefined && key.length <= KEY_BYTES_MAX && this.#linked.has(domain);
      if (isTaken && this.#shown.spend(domain, this.#desk.nowMs))
        this.#desk.effect({ kind: 'mor', effect: { kind: 'key shown', domain, key: copyBytes(key) } });
      return true;
    }
    // Who says it again has begun a new life, and does not know what the last was told.
    this.#unlink(domain);
    this.#hears.add(domain);
    this.#link(domain);
    return true;
  }

  /** Whether a letter is for the listener; `by`: the person who lives here and whose device asks, or null. */
  asked(letter: Letter, by: string | null): boolean {
    if (entityOf(letter.routing.get('_target') ?? '') !== this.#uniform) return false;
    const { method } = letter.packet;
    if (by === null && this.#asks.answered(letter)) return true;
    if (by === null || domainOf(by) !== this.#desk.domain) return true;
    if (method === '_request_mor_cell') this.#hand(letter, by);
    else if (method === '_request_mor_copies') this.#copies.ask(letter);
    else if (method === '_request_mor_servers') this.#show(letter);
    else if (method === '_request_mor_keys') this.#find(keepLetter(letter));
    else this.#answer(letter, '_error_unsupported_method', { _code: '_unsupported_method' });
    return true;
  }

  /** Counts and rates, never routes; null before it has begun. */
  status(): (ListenerStatus & { readonly closedExits: number }) | null {
    const status = this.#listener?.status() ?? null;
    if (status === null) return null;
    return { ...status, counts: [...status.counts, ...this.#counts.entries()], closedExits: this.#closedExits };
  }

  queues(): (readonly [string, number])[] {
    return [...(this.#listener?.queues() ?? []), ...this.#asks.queues()];
  }

  /** Looks at all that are here, and again in a while: what the admin or time has changed shows. */
  #look(): void {
    for (const domain of this.#desk.ways.linked()) this.#judge(domain);
    this.#copies.look();
    this.#asks.look();
    this.#desk.timer('mor look', LOOK_MS, () => this.#look());
  }

  /** Whoever is a member is told so, once on each circuit; who is none any more is not heard. */
  #judge(domain: string): void {
    readRecords(this.#desk, nodeUniform(domain), (records) => {
      const circuit = this.#owner.circuitTo(domain);
      if (records === null || circuit === null) return;
      const isTrusted = trustIn(records, this.#desk.unixMs).standing === 'normal' && records.has('key');
      const isMember = isTrusted && this.#owner.isFree(domain);
      if (!isMember) {
        this.#told.delete(domain);
        this.#unlink(domain);
      } else if (this.#told.get(domain) !== circuit) {
        this.#told.set(domain, circuit);
        const routing = { _source: nodeUniform(this.#desk.domain), _target: nodeUniform(domain) };
        this.#desk.post(newLetter({ routing, method: NOTICE }));
        this.#link(domain);
      }
    });
  }

  /** Each has taken the other as a member: cells go both ways. */
  #link(domain: string): void {
    if (this.#linked.has(domain) || !this.#told.has(domain) || !this.#hears.has(domain)) return;
    this.#linked.add(domain);
    this.#tellLinked();
    this.#showKey(domain);
    if (this.#isLoaded) this.#linkTold(domain);
  }

  #ownKeyIs(key: Uint8Array): void {
    if (key.length > KEY_BYTES_MAX) return;
    this.#ownKey = key;
    for (const domain of this.#linked) this.#showKey(domain);
  }

  #showKey(domain: string): void {
    const routing = { _source: nodeUniform(this.#desk.domain), _target: nodeUniform(domain) };
    this.#desk.post(newLetter({ routing, entity: { _key: this.#ownKey }, method: KEY_NOTICE }));
  }

  #linkTold(domain: string): void {
    this.#tell({ kind: 'linked', peer: domain, membership: { isMember: true, isMemberThere: true } });
  }

  #unlink(domain: string): void {
    if (!this.#linked.delete(domain)) return;
    this.#tell({ kind: 'unlinked', peer: domain });
    this.#tellLinked();
  }

  #tellLinked(): void {
    this.#desk.effect({ kind: 'mor', effect: { kind: 'linked to', domains: [...this.#linked] } });
  }

  #hand(letter: Letter, client: string): void {
    const cell = letter.packet.value('_cell');
    if (cell?.length !== sizes.cell) {
      this.#answer(letter, '_error_mor_invalid_cell', { _code: '_mor_invalid_cell' });
      return;
    }
    const kept = copyBytes(cell);
    const name = hexOf(this.#desk.options.suite.blake2b(onionOf(kept), HANDED_BYTES));
    // Who has heard no answer asks again: twice on its way it would be known for no cover.
    if (this.#handed.has(name)) {
      this.#answer(letter, '_echo_mor_cell', {});
      return;
    }
    const request = ++this.#requests;
    this.#asked.set(request, { letter, name });
    this.#tell({ kind: 'handed', client, request, cell: kept });
    this.#asked.delete(request);
  }

  /** A page of the servers behind `_after`, with their keys, so that whoever draws a route need not take ours for them. */
  #show(letter: Letter): void {
    const after = letter.packet.text('_after') ?? '';
    const { domain: home } = this.#desk;
    const own = { domain: home, key: this.#ownKey };
    const left = [own, ...this.#servers]
      .filter(({ domain }) => domain > after)
      .sort((a, b) => (a.domain < b.domain ? -1 : 1));
    let [at, bytes] = [0, 0];
    for (; at < Math.min(left.length, SERVERS_MAX) && bytes < SERVERS_BYTES_MAX; at++) {
      const { domain, key } = left[at]!;
      bytes += key.length;
      this.#answer(letter, '_status_mor_server', { _domain: domain, _key: key });
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
    this.#desk.post(newLetter({ routing: heading, entity, method }));
  }

  #tell(event: ListenerEvent): void {
    for (const effect of this.#listener?.step(event, this.#desk.nowMs, this.#desk.unixMs) ?? []) this.#perform(effect);
  }

  #perform(effect: ListenerEffect): void {
    switch (effect.kind) {
      case 'send': {
        const circuit = this.#owner.circuitTo(effect.peer);
        if (circuit === null) break;
        // Alone in its record: what was written before goes first, and nothing joins it.
        this.#desk.effect({ kind: 'flush', circuit });
        this.#owner.send(circuit, renderFrame(this.#desk.domain, effect.frame));
        this.#desk.effect({ kind: 'flush', circuit });
        break;
      }
      case 'open':
      case 'remember':
      case 'forget':
      case 'forget key':
      case 'renew':
        this.#desk.effect({ kind: 'mor', effect });
        break;
      case 'exit':
        this.#exit(effect.exit);
        break;
      case 'taken':
      case 'refused': {
        const asked = this.#asked.get(effect.request);
        if (asked === undefined) {
          if (effect.kind === 'refused') this.#copies.refused(effect.client, effect.request);
          break;
        }
        const { letter, name } = asked;
        if (effect.kind === 'taken') {
          this.#handed.add(name);
          if (this.#handed.size > HANDED_MAX) this.#handed.delete(this.#handed.values().next().value!);
          this.#answer(letter, '_echo_mor_cell', {});
        } else this.#answer(letter, `_failure${effect.code}`, { _code: effect.code });
        break;
      }
      case 'wake':
        this.#desk.timer('mor', Math.max(0, effect.atMs - this.#desk.nowMs), () => this.#tell({ kind: 'wake' }));
        break;
      case 'copy':
        this.#copies.copy(effect.client, effect.cell);
        break;
      case 'reply':
        // Nobody here has made a ticket.
        break;
    }
  }

  /** A packet from nobody: what is public and asked for over a ticket; and what is sealed to a person who lives here, under the limits of strangers. */
  #exit(exit: Exit): void {
    const { packet, target, isSigned } = exit;
    const isPublic = !isPerson(target) || packet.method === '_request_keys';
    if (!isSigned && isPublic && this.#asks.take(exit)) return;
    if (isSigned || !isPerson(target) || packet.method !== SEALED_METHOD) {
      this.#closedExits++;
      return;
    }
    // Each has a source of its own, so that none has to wait for another's number.
    const tag = hexOf(this.#desk.options.suite.random(16));
    const routing = { _source: `${this.#uniform}#${tag}`, _target: target, _tag: tag, _counter: '1' };
    this.#owner.deliver(readdress(routing, packet), target);
  }
}
