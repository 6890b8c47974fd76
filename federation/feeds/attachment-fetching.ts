/** Files that are missing here, asked of other servers chunk by chunk: whoever gives what is not signed is asked no further. docs/spec/attachments.md#fetched */
import { backoffMs } from '../../circuit/backoff.ts';
import { type Attachment, isChunk } from '../../publication/attachment.ts';
import type { Added } from './attachment-files.ts';
import type { Desk } from '../desk.ts';
import type { FeedHub } from './feed-hub.ts';
import { type Letter, newLetter } from '../letter.ts';
import { nodeUniform } from '../waking.ts';

/** Asks another server for a chunk, gives one, and says that it is not there. */
export const CHUNK = '_request_publications_attachment';
export const CHUNK_GIVEN = '_status_publications_attachment';
export const CHUNK_MISSING = '_status_publications_attachment_missing';

/** How often one server is asked for one chunk. */
const TRIES_MAX = 2;

/** A file that is missing. */
export interface Missing {
  readonly id: string;
  readonly attachment: Attachment;
  /** Who has brought its publication; null: nobody knows any more. */
  readonly from: string | null;
  /** How many chunks are here. */
  readonly amount: number;
}

/** What it needs of the attachments. */
export interface FetchingOwner {
  readonly context: string;
  readonly author: string;
  readonly home: string;
  readonly desk: Desk;
  readonly hub: Pick<FeedHub, 'send' | 'linked'>;
  /** The next that is missing, and not one of these; null: none is; 'later': nobody knows. */
  next(resting: ReadonlySet<string>, found: (missing: Missing | null | 'later') => void): void;
  keep(id: string, index: number, chunk: Uint8Array, kept: (added: Added) => void): void;
  /** No server that there is a circuit to has it. */
  failed(id: string): void;
}

interface Current extends Missing {
  /** Who is being asked, and who was. */
  readonly peer: string;
  readonly index: number;
  readonly tag: string;
}

/** One feed's. One chunk is asked for at a time. */
export class AttachmentFetching {
  readonly #owner: FetchingOwner;
  #current: Current | null = null;
  #isLooking = false;
  /** Who has not given the file that is being fetched. */
  readonly #tried = new Set<string>();
  /** Files that nobody gives now: they are asked for again when all others have been. */
  readonly #resting = new Set<string>();
  #failures = 0;
  #asked = 0;

  constructor(owner: FetchingOwner) {
    this.#owner = owner;
  }

  get isIdle(): boolean {
    return this.#current === null && !this.#isLooking;
  }

  /** There may be something to be fetched, or somebody to give it. */
  begin(): void {
    if (!this.isIdle) return;
    this.#isLooking = true;
    this.#owner.next(this.#resting, (missing) => {
      this.#isLooking = false;
      this.#tried.clear();
      if (missing === 'later' || (missing === null && this.#resting.size > 0)) this.#rest();
      else if (missing !== null) this.#turn(missing);
    });
  }

  /** It is not wanted any more. */
  forget(id: string): void {
    this.#resting.delete(id);
    if (this.#current?.id !== id) return;
    this.#current = null;
    this.begin();
  }

  /** The circuit to a domain is gone. */
  lost(domain: string): void {
    // What has come is being kept: that ends by itself.
    if (this.#current?.peer === domain && this.#current.tag !== '') this.#turn(this.#current);
  }

  /** An answer of this domain; others' count for nothing. */
  answered({ routing, packet }: Letter, from: string): void {
    const current = this.#current;
    if (current === null || current.peer !== from || routing.get('_tag_relay') !== current.tag) return;
    const { options } = this.#owner.desk;
    const chunk = new Uint8Array(packet.value('_chunk') ?? []);
    if (packet.method !== CHUNK_GIVEN || !isChunk(options.suite, current.attachment, current.index, chunk)) {
      this.#turn(current);
      return;
    }
    // No answer counts until it is known what became of this one.
    this.#current = { ...current, tag: '' };
    this.#owner.keep(current.id, current.index, chunk, (added) => {
      if (this.#current?.id !== current.id) return;
      this.#failures = 0;
      if (typeof added === 'number' && added < current.attachment.digests.length)
        this.#ask({ ...current, amount: added, index: added });
      else {
        this.#current = null;
        if (typeof added !== 'number') this.#resting.add(current.id);
        this.begin();
      }
    });
  }

  /** The next server is asked: whoever has brought it, the home, then the others. */
  #turn(missing: Missing): void {
    const { hub, home, desk } = this.#owner;
    const linked = new Set(hub.linked());
    const first = [missing.from, home].filter((domain) => domain !== null && linked.has(domain)) as string[];
    const peer = [...first, ...linked].find((domain) => domain !== desk.domain && !this.#tried.has(domain));
    this.#current = null;
    if (peer === undefined) {
      this.#resting.add(missing.id);
      this.#owner.failed(missing.id);
      this.begin();
      return;
    }
    this.#tried.add(peer);
    this.#ask({ ...missing, peer, index: missing.amount, tag: '' });
  }

  #ask(current: Current, tries = 0): void {
    const { desk, hub, author, context } = this.#owner;
    const tag = tries === 0 ? `${desk.options.life}.f${++this.#asked}` : current.tag;
    const now = { ...current, tag };
    this.#current = now;
    const routing = { _source: nodeUniform(desk.domain), _target: nodeUniform(current.peer), _tag: tag };
    const entity = { _uniform: author, _publication: current.id, _index: String(current.index) };
    hub.send(current.peer, newLetter({ routing, entity, method: CHUNK }));
    desk.timer(`attachment ${context}`, desk.options.deliveryLimits.resendMsMin, () => {
      if (this.#current?.tag !== tag) return;
      if (tries + 1 < TRIES_MAX) this.#ask(now, tries + 1);
      else this.#turn(now);
    });
  }

  #rest(): void {
    const { desk, context } = this.#owner;
    const { retryMsMin } = desk.options.deliveryLimits;
    const delayMs = backoffMs(this.#failures++, retryMsMin, desk.options.federationLimits.feedPullMs);
    desk.timer(`attachment rest ${context}`, delayMs, () => {
      this.#resting.clear();
      this.begin();
    });
  }
}
