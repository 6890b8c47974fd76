/** Everybody of a node who is awake: persons, visitors, places and audiences, woken when something is for them. docs/spec/federation.md#entities */
import type { AdminQuestion, BoxesShown, FeedShown, VisitorShown } from './admin-questions.ts';
import { Audience } from './places/audience.ts';
import type { Authors } from './keys/authors.ts';
import type { NodeCircuits } from './circuits.ts';
import type { Entity } from './desk.ts';
import { Feed } from './feeds/feed.ts';
import { Mail, type MailOwner } from './mail/mail.ts';
import type { MailEvent } from './mail/mail-events.ts';
import type { Founders } from './places/founders.ts';
import { KeysService } from './keys/keys-service.ts';
import { domainOf, entityOf, type Letter } from './letter.ts';
import type { Page } from './feeds/page-shown.ts';
import { findFeed, findPage } from './feeds/pages.ts';
import { Person } from './people/person.ts';
import { Mailbox } from './onions/mailbox.ts';
import { Pigeonhole } from './onions/pigeonhole.ts';
import { Place } from './places/place.ts';
import type { Peers } from './peers.ts';
import { Publications, type PublicationsOwner } from './feeds/publications.ts';
import { longestQueues } from './queues.ts';
import { sweep } from './sweep.ts';
import { Visitor } from './visitors/visitor.ts';
import type { Visiting } from './visitors/visiting.ts';

/** Feeds of one answer to an admin. */
const FEEDS_SHOWN_MAX = 1_000;

/** What they need of their node. */
export interface EntitiesOwner {
  readonly desk: PublicationsOwner;
  readonly circuits: NodeCircuits;
  readonly founders: Founders;
  readonly authors: Authors;
  readonly visiting: Visiting;
  readonly peers: Pick<Peers, 'up'>;
  readonly mail: Omit<MailOwner, 'desk'>;
}

/** One node's entities. What gives null finds no room: too many are awake, and none of them idle. */
export class Entities {
  readonly #owner: EntitiesOwner;
  /** What people publish, as far as it goes through here. */
  readonly publications: Publications;
  readonly #persons = new Map<string, Person>();
  /** People of other domains who have logged in here. */
  readonly #visitors = new Map<string, Visitor>();
  readonly #places = new Map<string, Place>();
  readonly #audiences = new Map<string, Audience>();
  readonly #feeds = new Map<string, Feed>();
  readonly #keys: KeysService;
  /** null: this domain keeps no boxes. */
  readonly #pigeonhole: Pigeonhole | null;
  /** null: it keeps no values for nobody. */
  readonly #mailbox: Mailbox | null;
  /** null: this domain sends no mail. */
  readonly #mail: Mail | null;

  constructor(owner: EntitiesOwner) {
    this.#owner = owner;
    const { desk } = owner;
    const { pigeonhole, mailbox, mail } = desk.options;
    this.publications = new Publications(desk, this, owner.peers);
    this.#keys = new KeysService(desk);
    this.#pigeonhole = pigeonhole === undefined ? null : new Pigeonhole(desk, pigeonhole);
    this.#mailbox = mailbox === undefined ? null : new Mailbox(desk, mailbox);
    this.#mail = mail === undefined ? null : new Mail({ desk, ...owner.mail }, mail);
  }

  get count(): number {
    return this.#tables.reduce((sum, { size }) => sum + size, 0);
  }

  /** Lengths of what they hold, by name: the longest of each kind. */
  queues(): (readonly [string, number])[] {
    return longestQueues(
      [['entities', this.count]],
      [
        this.publications,
        ...this.#tables.flatMap((table) => [...table.values()]),
        ...this.#services.filter((service) => service !== null),
      ],
    );
  }

  /** Gives a letter to the service that has this name; false: none has. */
  serve(letter: Letter, uniform: string): boolean {
    const service = [this.#keys, ...this.#services].find((one) => one?.uniform === uniform);
    service?.take(letter);
    return service !== undefined;
  }

  /** The life begins: services are awake from the beginning. */
  start(): void {
    this.#pigeonhole?.start();
    this.#mailbox?.start();
    this.#mail?.start();
  }

  /** What comes to the mail gateway from outside the node. */
  mailTold(event: MailEvent): void {
    this.#mail?.told(event);
  }

  /** How many boxes there are; null: this domain keeps none. */
  boxes(): BoxesShown | null {
    return this.#pigeonhole?.shown() ?? null;
  }

  /** A person who lives here, if he is awake. */
  personAwake(uniform: string): Person | undefined {
    return this.#persons.get(uniform);
  }

  person(uniform: string): Person | null {
    const { desk, circuits, authors } = this.#owner;
    return this.#awake(this.#persons, uniform, () => {
      return new Person(uniform, desk, circuits, authors, () => this.#persons.delete(uniform));
    });
  }

  /** Who lives here or is a visitor, if he is awake. */
  inhabitantAwake(uniform: string): Person | Visitor | undefined {
    return this.#persons.get(uniform) ?? this.#visitors.get(uniform);
  }

  /** Who lives here, or is to be here as a visitor. */
  inhabitant(uniform: string): Person | Visitor | null {
    const { desk, circuits, authors, visiting } = this.#owner;
    if (domainOf(uniform) === desk.domain) return this.person(uniform);
    if (!this.#visitors.has(uniform) && !this.#hasRoomFor(domainOf(uniform))) sweep(this.#visitors);
    if (!this.#visitors.has(uniform) && !this.#hasRoomFor(domainOf(uniform))) return null;
    return this.#awake(this.#visitors, uniform, () => new Visitor({ uniform, desk, circuits, authors, ...visiting }));
  }

  /** Whether another visitor finds room: of one domain no more than a quarter of all. */
  #hasRoomFor(domain: string): boolean {
    const { visitorsMax, visitorsOfDomainMax } = this.#owner.desk.options.federationLimits;
    let ofDomain = 0;
    for (const uniform of this.#visitors.keys()) if (domainOf(uniform) === domain) ofDomain++;
    return this.#visitors.size < visitorsMax && ofDomain < visitorsOfDomainMax;
  }

  /** The admin wants nothing to do with some domains any more. */
  dismissVisitors(faultOf: (domain: string) => string | null): void {
    for (const [uniform, visitor] of [...this.#visitors]) {
      const code = faultOf(domainOf(uniform));
      if (code !== null) visitor.dismissDevices(code);
    }
  }

  /** Visitors who are here, in the order of their names. */
  visitors(): VisitorShown[] {
    const here = [...this.#visitors].map(([person, { devices }]) => ({ person, devices }));
    return here.filter(({ devices }) => devices > 0).sort((one, other) => (one.person < other.person ? -1 : 1));
  }

  place(uniform: string): Place | null {
    const { desk, founders, authors } = this.#owner;
    return this.#awake(this.#places, uniform, () => new Place(uniform, desk, founders, authors));
  }

  audience(context: string): Audience | null {
    return this.#awake(this.#audiences, context, () => {
      const pass = (letter: Letter): void =>
        this.#persons.get(entityOf(letter.routing.get('_target') ?? ''))?.take(letter);
      return new Audience(context, this.#owner.desk, pass, () => this.#audiences.delete(context));
    });
  }

  /** Somebody's publications, if they are awake. */
  feedAwake(context: string): Feed | undefined {
    return this.#feeds.get(context);
  }

  feed(context: string): Feed | null {
    return this.#awake(this.#feeds, context, () => new Feed(context, this.#owner.desk, this.publications));
  }

  /** What somebody has published, or is said in a place, for whoever asks; null: nothing of that is shown here. */
  page(asked: Extract<AdminQuestion, { kind: 'page' }>, found: (page: Page | null) => void): void {
    const isCarried = (feed: string): boolean => this.#feeds.get(feed)?.carries === true;
    findPage(this.#owner.desk, this.#owner.authors, asked, isCarried, found);
  }

  /** The file of somebody's publication, for whoever asks; null: it is not shown here, or not wholly here. */
  file(
    { of, id, scope }: Extract<AdminQuestion, { kind: 'file' }>,
    found: (file: { readonly name: string; readonly chunks: readonly Uint8Array[] } | null) => void,
  ): void {
    const isCarried = (feed: string): boolean => this.#feeds.get(feed)?.carries === true;
    findFeed(this.#owner.desk, { of, scope }, isCarried, (context) => {
      const feed = context === null ? null : this.feed(context);
      if (feed === null) found(null);
      else
        feed.attachments.whole(id, (file) =>
          found(file === null ? null : { name: file.attachment.name, chunks: file.chunks }),
        );
    });
  }

  /** The circuit to a domain is gone. */
  lost(domain: string): void {
    this.publications.lost(domain);
  }

  /** What is kept of whose publications, in the order of their names; of whom nobody knows now is left out. */
  feedsShown(found: (feeds: FeedShown[]) => void): void {
    const feeds = [...this.#feeds].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, feed]) => feed);
    const all: FeedShown[] = [];
    const goOn = (at: number): void => {
      const feed = feeds[at];
      if (feed === undefined || at >= FEEDS_SHOWN_MAX) found(all);
      else
        feed.shown((shown) => {
          if (shown !== null) all.push(shown);
          goOn(at + 1);
        });
    };
    goOn(0);
  }

  feeds(): Iterable<Feed> {
    return this.#feeds.values();
  }

  /** Those that this domain may have, or not. */
  get #services() {
    return [this.#pigeonhole, this.#mailbox, this.#mail];
  }

  get #tables(): readonly Map<string, Entity>[] {
    return [this.#persons, this.#visitors, this.#places, this.#audiences, this.#feeds];
  }

  /** The entity, woken if need be. */
  #awake<E extends Entity>(entities: Map<string, E>, uniform: string, wake: () => E): E | null {
    let entity = entities.get(uniform);
    if (entity === undefined) {
      const { entitiesMax } = this.#owner.desk.options.federationLimits;
      if (this.count >= entitiesMax) for (const table of this.#tables) sweep(table);
      if (this.count >= entitiesMax) return null;
      entity = wake();
      entities.set(uniform, entity);
    }
    return entity;
  }
}
