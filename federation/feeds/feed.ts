/** One person's publications at this server: at his home, where somebody here follows him, or where he has published while his home was silent. docs/spec/feeds.md */
import { messageOf } from '../../circuit/message.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { decodeText } from '../../psyc/bytes.ts';
import { inherits } from '../../psyc/keyword.ts';
import type { Packet } from '../../psyc/packet.ts';
import { authorOfFeed } from '../../publication/feed.ts';
import { type Publication, publicationId } from '../../publication/fields.ts';
import { readPublication } from '../../publication/packet.ts';
import { answerFrame } from '../../publication/reconcile/reconcile.ts';
import { ReconciliationError } from '../../publication/reconcile/error.ts';
import { readAttachment } from '../../publication/attachment.ts';
import type { PublicationCode } from '../../publication/error.ts';
import { deletionOf } from '../../publication/reference.ts';
import type { Row } from '../../store/store.ts';
import type { Desk, Entity } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import type { FeedShown } from '../admin-questions.ts';
import { CHUNK_GIVEN } from './attachment-fetching.ts';
import { Attachments } from './attachments.ts';
import { GIVEN, idsIn, RECONCILED } from './feed-exchange.ts';
import { FeedGiving } from './feed-giving.ts';
import { FeedFollowing } from './feed-following.ts';
import type { FeedHub } from './feed-hub.ts';
import { type Entry, FeedLog, type Settled } from './feed-log.ts';
import { FeedOrder } from './feed-order.ts';
import { FeedUpkeep } from './feed-upkeep.ts';
import { readHistory } from '../places/history.ts';
import { answerLetter, domainOf, entityOf, type Letter, newLetter, readdress, refusalLetter } from '../letter.ts';
import { echoOf, placeRequestOf } from '../methods.ts';
import { remember } from '../remember.ts';
import { Roll } from '../places/roll.ts';
import { nodeUniform } from '../waking.ts';

/** Publications of which it is remembered which servers have them. */
const REACHED_MAX = 256;

/** One person's. */
export class Feed implements Entity {
  readonly #context: string;
  readonly #author: string;
  readonly #home: string;
  readonly #desk: Desk;
  readonly #hub: FeedHub;
  readonly #roll: Roll;
  readonly #log: FeedLog;
  /** Domains that hear what comes, as long as their circuits last. */
  readonly #subscribers = new Set<string>();
  #histories = 0;
  readonly #giving: FeedGiving;
  readonly #following: FeedFollowing;
  readonly #order: FeedOrder;
  readonly #upkeep: FeedUpkeep;
  /** Files of what is published. */
  readonly attachments: Attachments;
  /** Which servers have told that they keep a publication, by its id. */
  readonly #reached = new Map<string, Set<string>>();

  constructor(context: string, desk: Desk, hub: FeedHub) {
    this.#context = context;
    this.#author = authorOfFeed(context);
    this.#home = domainOf(context);
    this.#desk = desk;
    this.#hub = hub;
    this.#log = new FeedLog(context, desk, {
      beside: () => this.#upkeep.beside(),
      marks: (entry) => this.attachments.marks(entry),
      kept: (sequence, entry) => this.attachments.kept(sequence, entry),
      recorded: (...row) => this.#recorded(...row),
    });
    this.#giving = new FeedGiving(context, desk, hub, this.#log);
    this.attachments = new Attachments({
      context,
      author: this.#author,
      home: this.#home,
      desk,
      hub,
      log: this.#log,
      marks: () => this.#roll.marks,
      carries: () => this.carries,
      refuse: (letter, code) => this.#refuse(letter, code),
    });
    this.#following = new FeedFollowing({
      context,
      home: this.#home,
      desk,
      roll: () => this.#roll,
      upkeep: () => this.#upkeep,
      refuse: (letter, code) => this.#refuse(letter, code),
    });
    this.#upkeep = new FeedUpkeep({
      context,
      author: this.#author,
      home: this.#home,
      desk,
      hub,
      log: this.#log,
      followers: () => this.#roll.members.size,
      last: () => this.#roll.last,
      give: (to, ids) => this.#giving.give(to, ids),
      known: () => {
        this.#order.release();
        this.#following.joined();
      },
      unknown: () => this.#following.nobody(),
      owedMs: () => {
        const owed = this.#roll.records.get('owed');
        return owed === undefined ? null : Number(decodeText(owed));
      },
    });
    this.#order = new FeedOrder({
      context,
      desk,
      has: (id) => this.#log.has(id),
      hold: (then) => {
        if (this.#isBusy) return false;
        this.#log.hold(() => {
          then();
          this.#upkeep.forgetLater();
        });
        return true;
      },
      pass: (entry) => this.#log.add(entry),
      missed: (from) => this.#upkeep.exchangeSoon(from),
    });
    this.#roll = new Roll(
      context,
      desk,
      () => {
        this.#upkeep.loaded();
        this.attachments.loaded();
      },
      (letter) => this.take(letter),
      { isWhole: true },
    );
    this.#roll.load();
  }

  get #isHome(): boolean {
    return this.#home === this.#desk.domain;
  }

  /** Whether what is published is kept here. */
  get carries(): boolean {
    return this.#isHome || this.#roll.members.size > 0 || this.#upkeep.isOwed;
  }

  get isIdle(): boolean {
    const isQuiet =
      this.#log.count + this.#order.count === 0 &&
      this.#histories + this.#giving.count + this.#following.count === 0 &&
      this.#upkeep.isIdle;
    const isStill = isQuiet && this.attachments.isIdle;
    return this.#roll.isKnown && this.#roll.heldCount === 0 && isStill && this.#subscribers.size === 0;
  }

  queues(): [string, number][] {
    return [
      ...this.#log.queues(),
      ...this.attachments.queues(),
      ['followers', this.#roll.members.size],
      ['letters', this.#roll.heldCount],
      ['publications held', this.#order.count],
      ['subscribers', this.#subscribers.size],
      ['histories', this.#histories],
      ['publications read for others', this.#giving.count],
    ];
  }

  /** What is kept here, for the admin; null: nobody knows now. */
  shown(found: (shown: FeedShown | null) => void): void {
    this.#desk.ask({ kind: 'size', context: this.#context }, (outcome) => {
      if (outcome.kind !== 'size') {
        found(null);
        return;
      }
      const { rows: publications, bytes } = outcome;
      this.attachments.sizes((sizes) => {
        if (sizes === null) found(null);
        else {
          const { files, bytes: fileBytes, bytesMax: fileBytesMax } = sizes;
          const [followers, { isOwed }] = [this.#roll.members.size, this.#upkeep];
          found({ person: this.#author, followers, isOwed, publications, bytes, files, fileBytes, fileBytesMax });
        }
      });
    });
  }

  /** What a device here says to it: its author's own, or a follower's. */
  take(letter: Letter): void {
    if (!this.#roll.isKnown) {
      this.#roll.hold(letter);
      return;
    }
    const { routing, packet } = letter;
    const source = routing.get('_source') ?? '';
    switch (placeRequestOf(packet.method)) {
      case 'speech':
        this.#publish(letter, source);
        break;
      case 'enter':
      case 'leave':
        this.#following.follow(letter, entityOf(source), placeRequestOf(packet.method) === 'enter');
        break;
      case 'history':
        this.#history(letter, source);
        break;
      default:
        this.#other(letter, entityOf(source));
    }
  }

  #other(letter: Letter, person: string): void {
    const method = letter.packet.method ?? '';
    const isOwn = person === this.#author;
    if (inherits(method, '_request_reach') || inherits(method, '_request_attachment_store')) {
      if (!isOwn) this.#refuse(letter, '_publication_foreign_context');
      else if (inherits(method, '_request_reach')) this.#reach(letter);
      else this.attachments.store(letter);
    } else if (!inherits(method, '_request_attachment')) this.#refuse(letter, '_unsupported_method');
    else if (!isOwn && !this.#roll.members.has(person)) this.#refuse(letter, '_necessary_membership');
    else this.attachments.give(letter);
  }

  /** A publication that another server has sent, and whose author was checked. */
  heard(packet: Packet, publication: Publication, id: Uint8Array, from: string): void {
    const settled = (outcome: Settled): void => {
      if (outcome !== 'lost') this.#tell(from, '_echo_publication', id);
    };
    if (!this.#roll.isKnown || !this.carries) return;
    const attachment = readAttachment(packet);
    this.#order.take({ publication, id, deletes: deletionOf(packet, publication), attachment, from, settled });
  }

  /** Another server keeps a publication of ours. */
  kept(id: string, domain: string): void {
    this.#reached.get(id)?.add(domain);
  }

  /** A frame of another server, to be answered. */
  reconcile(letter: Letter, from: string): void {
    const { routing, packet } = letter;
    const frame = new Uint8Array(packet.value('_frame') ?? []);
    const tag = routing.get('_tag');
    const { feedSubscribersMax, feedFrameBytesMax } = this.#desk.options.federationLimits;
    const wants = packet.text('_follow') !== undefined && this.#isHome;
    if (wants && this.#subscribers.size < feedSubscribersMax) this.#subscribers.add(from);
    // Silence: it is asked again.
    if (this.#isBusy) return;
    this.#log.hold(({ ids }) => {
      try {
        const answer = answerFrame(this.#desk.options.suite, ids, frame, feedFrameBytesMax);
        this.#hub.send(from, this.#node(from, RECONCILED, { _tag_relay: tag }, { _frame: answer }));
      } catch (error) {
        if (!(error instanceof ReconciliationError)) throw error;
      }
      this.#upkeep.forgetLater();
    });
  }

  /** Publications that another server lacks, by their ids. */
  missing(letter: Letter, from: string): void {
    const tag = letter.routing.get('_tag');
    const ids = idsIn(letter, this.#desk.options.federationLimits.feedGivenMax);
    if (ids === null || this.#isBusy) return;
    this.#giving.give(from, ids, () => this.#hub.send(from, this.#node(from, GIVEN, { _tag_relay: tag }, {})));
  }

  /** Too much is being looked up for others. */
  get #isBusy(): boolean {
    return this.#log.asked + this.#giving.count >= this.#desk.options.federationLimits.lettersMax;
  }

  answered(letter: Letter, from: string): void {
    if (inherits(letter.packet.method ?? '', CHUNK_GIVEN)) this.attachments.answered(letter, from);
    else this.#upkeep.answered(letter, from);
  }

  /** The circuit to a domain is gone. */
  lost(domain: string): void {
    this.#subscribers.delete(domain);
    this.#upkeep.lost(domain);
    this.attachments.lost(domain);
  }

  #publish(letter: Letter, source: string): void {
    const { routing, packet } = letter;
    const message = messageOf(packet, (name) => routing.get(name));
    const publication = readPublication(packet, (name) => routing.get(name));
    if (publication === null || entityOf(source) !== this.#author) {
      this.#refuse(letter, publication === null ? '_necessary_signature' : '_publication_foreign_context');
      return;
    }
    if (message === null) {
      this.#refuse(letter, '_necessary_counter');
      return;
    }
    const id = publicationId(this.#desk.options.suite, publication);
    const method = packet.method!;
    // Silence: it is said again. What was taken before is answered in any case.
    if (!this.#isHome && !this.#reached.has(hexOf(id)) && !this.#hub.takes(this.#author)) return;
    remember(this.#reached, hexOf(id), this.#reached.get(hexOf(id)) ?? new Set(), REACHED_MAX);
    const settled = (outcome: Settled, sequence: number): void => {
      // Silence: it is said again.
      if (outcome === 'lost') return;
      const entity = { _sequence: String(sequence), _uniform_kept: nodeUniform(this.#desk.domain) };
      this.#desk.post(answerLetter(message, echoOf(method), entity));
    };
    const [deletes, attachment] = [deletionOf(packet, publication), readAttachment(packet)];
    this.#order.publish({ publication, id, deletes, attachment, from: null, settled });
  }

  #history(letter: Letter, source: string): void {
    const person = entityOf(source);
    if (person !== this.#author && !this.#roll.members.has(person)) {
      this.#refuse(letter, '_necessary_membership');
      return;
    }
    if (this.#histories >= this.#desk.options.federationLimits.historiesMax) {
      this.#refuse(letter, '_excessive_requests');
      return;
    }
    this.#histories++;
    const over = (): number => this.#histories--;
    const shown = (row: Row, to: string): Letter => this.#shown(row.packet, row.sequence, to);
    const code = readHistory(this.#context, letter, source, this.#roll.last, 0, this.#desk, over, shown);
    if (code === null) return;
    over();
    this.#refuse(letter, code);
  }

  /** How many servers have said that they keep a publication of the author's: the one that is named, or the last that was taken here. */
  #reach({ routing, packet }: Letter): void {
    const id = packet.text('_publication') ?? [...this.#reached.keys()].at(-1) ?? '';
    const tag = routing.get('_tag');
    const heading = { _source: this.#context, _target: routing.get('_source'), _tag_relay: tag, _tag_reply: tag };
    const entity = { _publication: id, _amount_servers: String(1 + (this.#reached.get(id)?.size ?? 0)) };
    this.#desk.post(newLetter({ routing: heading, entity, method: '_echo_reach' }));
  }

  /** A row as people here get it. */
  #shown(packet: Uint8Array, sequence: number, target?: string): Letter {
    const routing = {
      _target: target,
      _context: this.#context,
      _counter: String(sequence),
      _source_relay: this.#author,
    };
    return readdress(routing, parseOne(packet));
  }

  #recorded(sequence: number, entry: Entry, packet: Uint8Array): void {
    const { id, from, row } = entry;
    this.#roll.last = Math.max(this.#roll.last, sequence);
    this.#desk.postToAll(this.#shown(packet, sequence), this.#following.hearers);
    if (row !== undefined) return;
    const letter = readdress({ _context: this.#context }, parseOne(packet));
    for (const domain of this.#subscribers) if (domain !== from) this.#hub.send(domain, letter);
    this.#upkeep.recorded(from);
    // Its home is silent, or not trusted: everybody hears it from us.
    if (from === null && !this.#isHome) this.#hub.flood(letter, hexOf(id));
  }

  #tell(domain: string, method: string, id: Uint8Array): void {
    this.#hub.send(domain, this.#node(domain, method, {}, { _publication: hexOf(id) }));
  }

  #node(
    domain: string,
    method: string,
    routing: Readonly<Record<string, string | undefined>>,
    entity: Readonly<Record<string, string | Uint8Array>>,
  ): Letter {
    const heading = { _source: nodeUniform(this.#desk.domain), _target: nodeUniform(domain), ...routing };
    return newLetter({ routing: heading, entity: { _uniform: this.#author, ...entity }, method });
  }

  #refuse(letter: Letter, code: FederationCode | PublicationCode): void {
    const answer = refusalLetter(letter, code, nodeUniform(this.#desk.domain));
    if (answer !== null) this.#desk.post(answer);
  }
}
