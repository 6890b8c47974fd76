/** What a node has to do with publications: whose are kept here, what comes of them over circuits, and what is passed on. docs/spec/feeds.md#relay */
import type { Proved } from '../../circuit/server-handshake.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { inherits } from '../../psyc/keyword.ts';
import { authorOfFeed, feedOf, isFeed } from '../../publication/feed.ts';
import { publicationId } from '../../publication/fields.ts';
import { readPublication } from '../../publication/packet.ts';
import { mayBeMulticast } from '../../publication/sign.ts';
import { isPublished } from '../border.ts';
import { Budget } from '../budget.ts';
import type { BudgetShown } from '../admin-questions.ts';
import type { Desk } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { CHUNK } from './attachment-fetching.ts';
import type { Feed } from './feed.ts';
import type { FeedHub } from './feed-hub.ts';
import { MISSING, RECONCILE, UNKNOWN } from './feed-exchange.ts';
import { domainOf, entityIn, isNumbered, keepLetter, type Letter, newLetter, readdress } from '../letter.ts';
import type { Peers } from '../peers.ts';
import { readRecords } from '../records.ts';
import { nodeUniform } from '../waking.ts';

/** What it needs of its node. */
export interface PublicationsOwner extends Desk {
  refuse(letter: Letter, code: FederationCode): void;
}

/** Whose publications are awake. */
interface Feeds {
  feedAwake(context: string): Feed | undefined;
  /** Woken if need be; null: there is no room. */
  feed(context: string): Feed | null;
  feeds(): Iterable<Feed>;
}

/** One node's. */
export class Publications implements FeedHub {
  readonly #node: PublicationsOwner;
  readonly #entities: Feeds;
  readonly #peers: Pick<Peers, 'up'>;
  /** Ids that were passed on already, of this and the last while. */
  #seen = new Set<string>();
  #seenBefore = new Set<string>();
  /** What each domain may ask, and have passed on; what each author may have passed on. */
  readonly #questions: Budget;
  readonly #links: Budget;
  readonly #authors: Budget;
  /** What each visitor may publish here. */
  readonly #visitors: Budget;
  /** What all visitors from one domain may. */
  readonly #homes: Budget;
  /** The same of chunks of their files. */
  readonly #visitorChunks: Budget;
  readonly #homeChunks: Budget;

  constructor(node: PublicationsOwner, entities: Feeds, peers: Pick<Peers, 'up'>) {
    this.#node = node;
    this.#entities = entities;
    this.#peers = peers;
    const limits = node.options.federationLimits;
    const { peersMax, authorsKnownMax, visitorsMax } = limits;
    this.#questions = new Budget(limits.feedQuestionsMax, limits.feedQuestionMs, peersMax);
    this.#links = new Budget(limits.relayedOfLinkMax, limits.relayedOfLinkMs, peersMax);
    this.#authors = new Budget(limits.relayedOfAuthorMax, limits.relayedOfAuthorMs, authorsKnownMax);
    this.#visitors = new Budget(limits.visitorPublicationsMax, limits.visitorPublicationMs, visitorsMax);
    const { visitorPublicationsOfDomainMax, visitorPublicationOfDomainMs } = limits;
    this.#homes = new Budget(visitorPublicationsOfDomainMax, visitorPublicationOfDomainMs, visitorsMax);
    const { visitorChunksMax, visitorChunkMs, visitorChunksOfDomainMax, visitorChunkOfDomainMs } = limits;
    this.#visitorChunks = new Budget(visitorChunksMax, visitorChunkMs, visitorsMax);
    this.#homeChunks = new Budget(visitorChunksOfDomainMax, visitorChunkOfDomainMs, visitorsMax);
  }

  /** What is spent of what servers, authors and visitors may do, for the admin. */
  budgets(): BudgetShown[] {
    const kinds = [
      ['questions of a server', this.#questions],
      ['passed on for a server', this.#links],
      ['passed on of an author', this.#authors],
      ['publications of a visitor', this.#visitors],
      ['publications of a domain’s visitors', this.#homes],
      ['chunks of a visitor', this.#visitorChunks],
      ['chunks of a domain’s visitors', this.#homeChunks],
    ] as const;
    const { nowMs } = this.#node;
    return kinds.flatMap(([of, budget]) => budget.spent(nowMs).map((spent) => ({ of, ...spent })));
  }

  queues(): [string, number][] {
    return [['publications seen', this.#seen.size]];
  }

  /** Takes a letter that has to do with publications; false: it has not. */
  route(letter: Letter, from: Proved | null): boolean {
    const { routing, packet } = letter;
    const [target, context] = [routing.get('_target') ?? '', routing.get('_context') ?? ''];
    const own = nodeUniform(this.#node.domain);
    if (isFeed(context)) {
      // Only servers pass them on, to everybody or to us; whatever else names its author was not checked.
      const isChecked = from?.kind === 'server' && isPublished(routing);
      if (isChecked && (target === '' || target === own)) this.#heard(letter, context, from.domain);
      // What a feed here shows somebody goes on its way.
      return from !== null;
    }
    if (isFeed(target)) {
      if (from?.kind !== 'client') this.#node.refuse(letter, '_unsupported_method');
      else this.#take(letter, target);
      return true;
    }
    const isAbout = ['_request_publications', '_status_publications', '_echo_publication'].some((family) =>
      inherits(packet.method ?? '', family),
    );
    if (from?.kind !== 'server' || target !== own || isNumbered(letter) || !isAbout) return false;
    this.#asked(letter, from.domain);
    return true;
  }

  /** The circuit to a domain is gone. */
  lost(domain: string): void {
    for (const feed of this.#entities.feeds()) feed.lost(domain);
  }

  send(domain: string, letter: Letter): boolean {
    return this.#node.linkTo(domain)?.send(letter) === true;
  }

  linked(): readonly string[] {
    return this.#peers.up();
  }

  takes(author: string): boolean {
    return Budget.spendAll(this.#node.nowMs, [
      [this.#visitors, author],
      [this.#homes, domainOf(author)],
    ]);
  }

  takesChunk(author: string): boolean {
    return Budget.spendAll(this.#node.nowMs, [
      [this.#visitorChunks, author],
      [this.#homeChunks, domainOf(author)],
    ]);
  }

  flood(letter: Letter, id: string): void {
    if (this.#isSeen(id)) return;
    this.#see(id);
    this.#passOn(letter, null);
  }

  /** What a device says to a feed; where nobody lives whose it would be there is none. */
  #take(letter: Letter, context: string): void {
    const give = (kept: Letter): void => {
      const feed = this.#entities.feed(context);
      if (feed === null) this.#node.refuse(kept, '_excessive_entities');
      else feed.take(kept);
    };
    const isOwn = domainOf(context) === this.#node.domain;
    if (!isOwn || this.#entities.feedAwake(context) !== undefined) {
      give(letter);
      return;
    }
    const kept = keepLetter(letter);
    readRecords(this.#node, authorOfFeed(context), (records) => {
      // Silence: it is said again.
      if (records === null) return;
      if (records.has('fingerprint')) give(kept);
      else this.#node.refuse(kept, '_unknown_target');
    });
  }

  #heard(letter: Letter, context: string, from: string): void {
    const { options, unixMs } = this.#node;
    const publication = readPublication(letter.packet, (name) => letter.routing.get(name));
    // Nobody could check whose word it is.
    if (publication === null) return;
    const isGiven = letter.routing.has('_target');
    // Whoever has forgotten that it saw it must not flood it again.
    if (!isGiven && !mayBeMulticast(publication, unixMs)) return;
    const id = publicationId(options.suite, publication);
    const isRelayed = !isGiven && from !== domainOf(context);
    // What is over somebody's budget stays unseen: another server may bring it, and be within his.
    if (isRelayed && !this.#isSeen(hexOf(id)) && this.#mayRelay(from, context)) {
      this.#see(hexOf(id));
      this.#passOn(readdress({ _context: context }, letter.packet), from);
    }
    const kept = keepLetter(letter);
    this.#withFeed(context, (feed) => feed?.heard(kept.packet, publication, id, from));
  }

  #asked(letter: Letter, from: string): void {
    const { packet } = letter;
    const person = packet.text('_uniform') ?? '';
    if (entityIn(person)?.kind !== 'person' || !isFeed(feedOf(person))) return;
    const { method } = packet;
    if (inherits(method ?? '', '_status_publications')) {
      this.#entities.feedAwake(feedOf(person))?.answered(letter, from);
    } else if (method === '_echo_publication') {
      this.#entities.feedAwake(feedOf(person))?.kept(packet.text('_publication') ?? '', from);
    } else if (method === RECONCILE || method === MISSING || method === CHUNK) {
      // It costs more to answer than to ask: whoever asks too much is answered later.
      if (!this.#questions.spend(from, this.#node.nowMs)) return;
      const kept = keepLetter(letter);
      this.#withFeed(feedOf(person), (feed) => {
        if (feed === null || !feed.carries) this.#unknown(kept, from);
        else if (method === RECONCILE) feed.reconcile(kept, from);
        else if (method === CHUNK) feed.attachments.giveTo(from, kept);
        else feed.missing(kept, from);
      });
    }
  }

  #unknown({ routing, packet }: Letter, from: string): void {
    const heading = {
      _source: nodeUniform(this.#node.domain),
      _target: nodeUniform(from),
      _tag_relay: routing.get('_tag'),
    };
    const entity = { _uniform: packet.text('_uniform') };
    this.send(from, newLetter({ routing: heading, entity, method: UNKNOWN }));
  }

  /** The feed where it is awake; one of a person who lives here is woken, and null is given where nobody lives. */
  #withFeed(context: string, use: (feed: Feed | null) => void): void {
    const awake = this.#entities.feedAwake(context);
    if (awake !== undefined || domainOf(context) !== this.#node.domain) {
      use(awake ?? null);
      return;
    }
    readRecords(this.#node, authorOfFeed(context), (records) => {
      // Silence: that nobody knows, or that there is no room, is no word that nobody lives here. It is asked again.
      if (records === null) return;
      // Whoever does not live here has none, and the name costs nothing.
      const isThere = records.has('fingerprint');
      const feed = isThere ? this.#entities.feed(context) : null;
      if (feed !== null || !isThere) use(feed);
    });
  }

  /** To all servers that there are circuits to, but that which brought it. */
  #passOn(letter: Letter, from: string | null): void {
    for (const domain of this.linked()) if (domain !== from) this.send(domain, letter);
  }

  /** Whether the server that brings it and its author both have budget, which is spent; where one has none neither spends. */
  #mayRelay(from: string, context: string): boolean {
    return Budget.spendAll(this.#node.nowMs, [
      [this.#authors, context],
      [this.#links, from],
    ]);
  }

  #isSeen(id: string): boolean {
    return this.#seen.has(id) || this.#seenBefore.has(id);
  }

  #see(id: string): void {
    this.#seen.add(id);
    if (this.#seen.size < this.#node.options.federationLimits.relayedSeenMax) return;
    this.#seenBefore = this.#seen;
    this.#seen = new Set();
  }
}
