/** The border of a node: what comes in over a circuit must be said by whom it may be said, and what is signed must be signed. docs/spec/people.md#what-must-be-signed-and-sealed */
import { type Authority, judge, type Signed } from '../circuit/authority.ts';
import { isVisitorsDevice, visitedIn } from '../circuit/channel.ts';
import type { ProofCode } from '../circuit/proof-errors.ts';
import type { Proved } from '../circuit/server-handshake.ts';
import { equalBytes } from '../psyc/bytes.ts';
import { inherits } from '../psyc/keyword.ts';
import type { Packet } from '../psyc/packet.ts';
import { readAttachment } from '../publication/attachment.ts';
import { PublicationError, type PublicationCode } from '../publication/error.ts';
import type { Publication } from '../publication/fields.ts';
import { isFeed } from '../publication/feed.ts';
import { isSigned, readPublication } from '../publication/packet.ts';
import { SEALED_METHOD } from '../publication/private.ts';
import { readReference } from '../publication/reference.ts';
import { type Author, verifyPublication } from '../publication/sign.ts';
import type { Absent, Found } from './keys/authors.ts';
import type { FederationCode } from './error.ts';
import type { NodeOptions } from './events.ts';
import { domainOf, entityOf, isInOneName, isPerson, isRefusal, keepLetter, type Letter } from './letter.ts';
import { visitorOf } from './visitors/visits.ts';

/** What a check needs of its node. */
export interface Border {
  readonly options: NodeOptions;
  readonly unixMs: number;
  /** Finds an author's device, now or later. */
  findAuthor(person: string, device: Uint8Array, found: (author: Found) => void): void;
  /** The same of who has published what another domain has brought. */
  findPublisher(person: string, device: Uint8Array, carrier: string, found: (author: Found) => void): void;
  /** Why the admin wants nothing to do with a domain; null: he does. */
  blocked(domain: string): FederationCode | null;
  /** Finds until when a visitor of another domain speaks through it, now or later. */
  findVisit(visitor: string, found: (untilMs: number | Absent) => void): void;
  /** Tells whoever said it that it is not taken. */
  refuse(letter: Letter, code: FederationCode | PublicationCode): void;
}

const isMessage = ({ method }: Packet): boolean => method !== null && inherits(method, '_message');

/** Whoever is said to say it; in his own context that is the context; '' is nobody. */
const speakerOf = ({ routing }: Letter): string =>
  entityOf(routing.get('_source_relay') ?? routing.get('_source') ?? routing.get('_context') ?? '');

/**
 * What asks for keys, tells them or refuses them is numbered by nobody and overtakes what waits for keys: two servers may wait
 * for each other's. A node itself asks for nothing else.
 */
function isAboutKeys({ routing, packet }: Letter, node: string): boolean {
  const { method } = packet;
  // Of somebody's keys the node has asked others, too.
  const isAnswer = isRefusal(method) || method === '_status_key' || method === '_echo_keys';
  const isTold = isAnswer && routing.get('_target') === node;
  return (isTold || method === '_status_keys' || method === '_request_keys') && !isSigned(packet);
}

/**
 * Presence is not said again: it overtakes as well, whoever has signed it, since only its readers check that. In another's
 * name than that of whose presence it is, it waits like anything else.
 */
function isPresence({ routing, packet }: Letter): boolean {
  const { method } = packet;
  if (method === '_request_presence') return !isSigned(packet);
  const context = routing.get('_context');
  const relay = routing.get('_source_relay');
  return method === '_notice_presence' && context !== undefined && (relay ?? entityOf(context)) === entityOf(context);
}

/** Frames of cells leave at the strikes of a clock and are said once: if they waited they would push everything else out of the queue. */
function isFrame({ routing, packet }: Letter): boolean {
  const context = routing.get('_context') ?? '';
  return context.endsWith('/$mor') && !routing.has('_target') && !isSigned(packet);
}

/**
 * A signature proves words, and nothing of the numbers and tags that they travel under: whoever copies them under the next
 * number would have the author's own next word taken for one said before. So what reaches a log or an audience comes from
 * its own domain, and in one name: outside of a context nobody passes on what another has said.
 */
function faultOfCarrier(speaker: Authority, letter: Letter): ProofCode | null {
  const { routing } = letter;
  const [context, source, relay] = [routing.get('_context'), routing.get('_source'), routing.get('_source_relay')];
  // No visitor has a context of his own where he visits.
  const isCovered = context !== undefined && visitedIn(context) === null && speaker.covers(context);
  // What somebody publishes is known by its id, whoever carries it, and has no number but its author's.
  if (isPublished(routing)) return null;
  if (context !== undefined) return isCovered ? null : '_authority_unproved_context';
  // It would be signed by one, and done in the name of another.
  if (!isInOneName(letter) || (relay !== undefined && !speaker.covers(relay)))
    return '_authority_unproved_source_relay';
  return source === undefined || speaker.covers(source) ? null : '_authority_unproved_source';
}

/** Whether it is in a person's publications, and in nobody's name but his. */
export const isPublished = (routing: Letter['routing']): boolean =>
  isFeed(routing.get('_context') ?? '') && !routing.has('_source') && !routing.has('_source_relay');

/** Who signed a letter of ours, which was checked when it came in; null: nobody. */
export function signedBy(letter: Letter): Signed | null {
  if (!isSigned(letter.packet)) return null;
  const { routing } = letter;
  return { author: speakerOf(letter), address: routing.get('_context') ?? entityOf(routing.get('_target') ?? '') };
}

/** The checks of one circuit: in order, however long an author's keys take to come. */
export class BorderCheck {
  readonly #border: Border;
  readonly #close: (code: string) => void;
  /** What came behind a packet whose author is being asked for; null: nobody is. */
  #queue: (() => void)[] | null = null;
  /** Publications whose authors are being asked for. */
  #published = 0;
  #isOver = false;

  /** `close`: closes the circuit for cause. */
  constructor(border: Border, close: (code: string) => void) {
    this.#border = border;
    this.#close = close;
  }

  /** Packets that wait for an author's keys, with publications, of which there may be as many again. */
  get waiting(): number {
    return (this.#queue?.length ?? 0) + this.#published;
  }

  /** The circuit is over: what waits is not judged, and whoever said it says it again on the next. */
  stop(): void {
    this.#isOver = true;
    this.#queue = null;
  }

  /** Hands the letter to `pass`, now or later; or refuses it, or closes the circuit. */
  take(letter: Letter, peer: Proved, speaker: Authority, own: Authority, pass: (letter: Letter) => void): void {
    // The answer that the others wait for may come on this very circuit; and the peer may wait for ours.
    const node = `psyc://${this.#border.options.identity.domain}`;
    const overtakes = isFrame(letter) || isAboutKeys(letter, node) || isPresence(letter) || isPublished(letter.routing);
    if (this.#queue === null || overtakes) {
      this.#check(letter, peer, speaker, own, pass);
      return;
    }
    if (this.#queue.length >= this.#border.options.federationLimits.uncheckedMax) {
      this.#lose(letter, speaker, pass);
      return;
    }
    const kept = keepLetter(letter);
    this.#queue.push(() => this.#check(kept, peer, speaker, own, pass));
  }

  /** Nothing may be heard of a place before what was lost of it: that may put its hearer out. */
  #lose({ routing, packet }: Letter, speaker: Authority, pass: (letter: Letter) => void): void {
    const context = routing.get('_context');
    if (context === undefined || routing.has('_target') || isPerson(context) || !speaker.covers(context)) return;
    pass({ routing, packet, isLost: true });
  }

  #check(letter: Letter, peer: Proved, speaker: Authority, own: Authority, pass: (letter: Letter) => void): void {
    const { routing, packet } = letter;
    const visitor = peer.kind === 'server' ? visitorOf(letter, peer.domain) : null;
    const blocked = visitor === null ? null : this.#border.blocked(domainOf(visitor));
    if (blocked !== null) {
      this.#border.refuse(letter, blocked);
      return;
    }
    if (visitor !== null && speaker.visitorUntilMs(visitor) <= this.#border.unixMs) {
      this.#welcome(visitor, letter, peer, speaker, own, pass);
      return;
    }
    const route = (name: string): string | undefined => routing.get(name);
    let publication: Publication | null = null;
    let broken: PublicationCode | null = null;
    try {
      publication = readPublication(packet, route);
      // What cannot be read in the same way everywhere would not be kept in the same way.
      if (publication !== null && isFeed(publication.address)) {
        readReference(packet, publication);
        readAttachment(packet);
      }
    } catch (error) {
      if (!(error instanceof PublicationError)) throw error;
      broken = error.code;
    }
    const author = speakerOf(letter);
    const signed = publication === null ? null : { author, address: publication.address };
    const judgement = judge(speaker, own, route, signed);
    const code = judgement.allowed ? faultOfCarrier(speaker, letter) : judgement.code;
    if (code !== null) {
      this.#close(code);
      return;
    }
    // Only now is it known that an answer goes to whoever really said it.
    if (broken !== null) {
      this.#border.refuse(letter, broken);
      return;
    }
    if (peer.kind === 'client') this.#checkClient(letter, peer, publication, pass);
    // Her home could say it, and be named for it; of who carries it nobody would know.
    else if (visitor !== null && publication === null && isMessage(packet)) {
      this.#border.refuse(letter, '_necessary_signature');
    } else if (visitor !== null && publication !== null && !isVisitorsDevice(visitor, publication.device)) {
      this.#border.refuse(letter, '_publication_foreign_device');
    } else if (publication === null || !this.#isOurs(letter, author)) pass(letter);
    else if (isPublished(routing)) this.#checkPublished(letter, peer.domain, author, publication, pass);
    // Nobody else has keys to be asked for.
    else if (!isPerson(author)) this.#border.refuse(letter, '_unknown_author');
    else {
      this.#checkAuthor(
        letter,
        author,
        publication,
        (found) => {
          // Of a visitor his home need not answer: who carries what he says is asked once more.
          if (found === 'later' && visitor !== null) speaker.welcome(visitor, 0);
        },
        pass,
      );
    }
  }

  /** Somebody speaks through the domain that he visits: whether he says so himself is asked there, once for as long as that holds. */
  #welcome(
    visitor: string,
    letter: Letter,
    peer: Proved,
    speaker: Authority,
    own: Authority,
    pass: (letter: Letter) => void,
  ): void {
    // It has overtaken others that wait: it is asked again.
    if (this.#queue !== null) return;
    const ask = (found: (untilMs: number | Absent) => void): void => this.#border.findVisit(visitor, found);
    this.#await(letter, ask, (kept, untilMs) => {
      if (untilMs === 'later') return;
      if (untilMs === 'nobody') this.#border.refuse(kept, '_necessary_visit');
      else {
        speaker.welcome(visitor, untilMs);
        this.#check(kept, peer, speaker, own, pass);
      }
    });
  }

  /** Whether we store it, or our own people are said to have said it; the rest is for its readers to check. */
  #isOurs({ routing }: Letter, author: string): boolean {
    const isKept = !routing.has('_context') || isPublished(routing);
    return isKept || domainOf(author) === this.#border.options.identity.domain;
  }

  #checkClient(
    letter: Letter,
    peer: Proved & { kind: 'client' },
    publication: Publication | null,
    pass: (letter: Letter) => void,
  ): void {
    const { routing, packet } = letter;
    const target = routing.get('_target');
    if (target !== undefined && routing.get('_source') !== peer.channel) {
      this.#close('_authority_unproved_source');
      return;
    }
    if (isMessage(packet) && target !== undefined) {
      if (publication === null) {
        this.#border.refuse(letter, '_necessary_signature');
        return;
      }
      if (isPerson(target) && !isFeed(target) && packet.method !== SEALED_METHOD) {
        this.#border.refuse(letter, '_necessary_seal');
        return;
      }
    }
    if (publication === null) {
      pass(letter);
      return;
    }
    const { person: uniform, fingerprint, deviceKey } = peer;
    if (!equalBytes(publication.device, peer.device)) this.#border.refuse(letter, '_publication_foreign_device');
    else if (this.#verify(letter, publication, { uniform, fingerprint, deviceKey })) pass(letter);
  }

  /** It has no order among others: nothing waits behind it, and what finds no room is reconciled later. */
  #checkPublished(
    letter: Letter,
    carrier: string,
    author: string,
    publication: Publication,
    pass: (letter: Letter) => void,
  ): void {
    if (this.#published >= this.#border.options.federationLimits.uncheckedMax) return;
    this.#published++;
    let isNow = true;
    let kept = letter;
    this.#border.findPublisher(author, publication.device, carrier, (found) => {
      isNow = false;
      this.#published--;
      if (!this.#isOver && typeof found !== 'string' && this.#verify(kept, publication, found)) pass(kept);
    });
    if (isNow) kept = keepLetter(letter);
  }

  #checkAuthor(
    letter: Letter,
    author: string,
    publication: Publication,
    told: (found: Found) => void,
    pass: (letter: Letter) => void,
  ): void {
    const ask = (found: (author: Found) => void): void => this.#border.findAuthor(author, publication.device, found);
    this.#await(letter, ask, (kept, found) => {
      told(found);
      // Without keys, what a place says that somebody said is hearsay, which its readers see; to be stored it is refused,
      // for good: as long as nobody knows, silence has it said again.
      if (typeof found !== 'string') {
        if (this.#verify(kept, publication, found)) pass(kept);
      } else if (letter.routing.has('_context')) pass(kept);
      else if (found === 'nobody') this.#border.refuse(kept, '_unknown_author');
    });
  }

  /** Asks for something that may take a while: what comes behind on this circuit waits until the letter is judged by it. */
  #await<Answer>(
    letter: Letter,
    ask: (found: (answer: Answer) => void) => void,
    judge: (letter: Letter, answer: Answer) => void,
  ): void {
    let isNow = true;
    let kept = letter;
    ask((answer) => {
      if (this.#isOver) return;
      if (isNow) {
        isNow = false;
        judge(letter, answer);
        return;
      }
      const queue = this.#queue ?? [];
      this.#queue = null;
      judge(kept, answer);
      this.#goOn(queue);
    });
    if (!isNow) return;
    isNow = false;
    kept = keepLetter(letter);
    this.#queue = [];
  }

  #goOn(queue: (() => void)[]): void {
    while (queue.length > 0 && this.#queue === null && !this.#isOver) queue.shift()!();
    // One of them waits in its turn: the rest goes behind it.
    if (this.#queue !== null) (this.#queue as (() => void)[]).push(...queue);
  }

  #verify(letter: Letter, publication: Publication, author: Author): boolean {
    const { options, unixMs } = this.#border;
    try {
      verifyPublication(options.suite, publication, author, (name) => letter.routing.get(name), unixMs);
      return true;
    } catch (error) {
      if (!(error instanceof PublicationError)) throw error;
      if (isPublished(letter.routing)) return false;
      // A place that puts words into our people's mouths is no place to listen to.
      if (letter.routing.has('_context')) this.#close('_authority_unproved_source_relay');
      else this.#border.refuse(letter, error.code);
      return false;
    }
  }
}
