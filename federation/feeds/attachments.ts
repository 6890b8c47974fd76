/** Files of one person's publications at this server: taken from their author, fetched from other servers, and given. docs/spec/attachments.md */
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf, readUint64 } from '../../crypto/bytes.ts';
import { type Attachment, isChunk, readAttachment } from '../../publication/attachment.ts';
import type { Operation, Row } from '../../store/store.ts';
import { AttachmentFiles } from './attachment-files.ts';
import { AttachmentFetching, CHUNK_GIVEN, CHUNK_MISSING, type FetchingOwner } from './attachment-fetching.ts';
import type { AttachmentCode } from './attachment-errors.ts';
import { type Desk, lease } from '../desk.ts';
import type { FeedHub } from './feed-hub.ts';
import { type Entry, type FeedLog, idInRow } from './feed-log.ts';
import { type Letter, newLetter } from '../letter.ts';
import { nodeUniform } from '../waking.ts';

/** Marks of the feed: a file that is not here yet, and one whose publication was deleted. */
const WANTED = 'file ';
const DROPPED = 'drop ';
const ID = /^[0-9a-f]{64}$/;
const INDEX = /^(?:0|[1-9][0-9]?)$/;
/** Bytes of a mark's name. */
const MARK_BYTES_MAX = 256;

/** A file that is not here, or not wholly. */
interface Wanted {
  /** Of its publication. */
  readonly row: number;
  readonly mark: string;
  readonly from: string | null;
}

/** What is known of a file by the row of its publication. */
interface Described {
  readonly attachment: Attachment;
  readonly timeMs: number;
}

/** What it needs of its feed. */
export interface AttachmentsOwner {
  readonly context: string;
  readonly author: string;
  readonly home: string;
  readonly desk: Desk;
  readonly hub: FeedHub;
  readonly log: Pick<FeedLog, 'rows'>;
  /** The marks of the feed, as they were read. */
  readonly marks: () => ReadonlyMap<string, number>;
  /** Whether what is published is kept here. */
  readonly carries: () => boolean;
  readonly refuse: (letter: Letter, code: AttachmentCode) => void;
}

/** One feed's. */
export class Attachments {
  readonly #owner: AttachmentsOwner;
  readonly #desk: Desk;
  readonly #files: AttachmentFiles;
  readonly #fetching: AttachmentFetching;
  /** By the publication's id in hexadecimal. */
  readonly #wanted = new Map<string, Wanted>();
  /** Chunks being read for somebody. */
  #reading = 0;

  constructor(owner: AttachmentsOwner) {
    const { context, author, home, desk, hub } = owner;
    const { attachmentsOwnBytesMax, attachmentsOthersBytesMax } = desk.options.federationLimits;
    const isHome = home === desk.domain;
    this.#owner = owner;
    this.#desk = desk;
    const bytesMax = isHome ? attachmentsOwnBytesMax : attachmentsOthersBytesMax;
    this.#files = new AttachmentFiles(context, desk, { bytesMax, isRolling: !isHome });
    this.#fetching = new AttachmentFetching({
      context,
      author,
      home,
      desk,
      hub,
      next: (resting, found) => this.#next(resting, found),
      keep: (id, index, chunk, kept) => {
        this.#describe(id, (described) => {
          if (described === null || described === 'later') kept('later');
          else this.#keep(id, described, index, chunk, kept);
        });
      },
      failed: (id) => this.#failed(id),
    });
  }

  /** Nothing is lost when it is forgotten. */
  get isIdle(): boolean {
    return this.#wanted.size === 0 && this.#files.count + this.#reading === 0 && this.#fetching.isIdle;
  }

  queues(): [string, number][] {
    return [
      ['attachments wanted', this.#wanted.size],
      ['attachments being written', this.#files.count],
      ['attachments read', this.#reading],
    ];
  }

  /** The marks of the feed are known. */
  loaded(): void {
    for (const [mark, row] of this.#owner.marks()) {
      if (mark.startsWith(DROPPED)) this.#drop(mark.slice(DROPPED.length));
      if (!mark.startsWith(WANTED)) continue;
      const [id = '', from = null] = mark.slice(WANTED.length).split(' ');
      this.#wanted.set(id, { row, mark, from });
    }
    this.#fetching.begin();
  }

  /** Operations behind the append of a publication: what is to be fetched, and dropped, is known over a restart. */
  marks(entry: Entry): Operation[] {
    const { context } = this.#owner;
    const marks = [
      ...(entry.attachment === null || entry.row !== undefined ? [] : [markOf(entry)]),
      ...(entry.deletes === null || !this.#mayHave(hexOf(entry.deletes.id)) ? [] : [DROPPED + hexOf(entry.deletes.id)]),
    ];
    return marks.map((name) => ({ op: 'mark', context, lease, name, sequence: 'row' }));
  }

  /** A publication is durable: its file is wanted, and where it is there already it is found out by the way. */
  kept(row: number, entry: Entry): void {
    if (entry.deletes !== null) this.#drop(hexOf(entry.deletes.id));
    if (entry.attachment === null || entry.row !== undefined) return;
    const { attachmentsWantedMax } = this.#desk.options.federationLimits;
    this.#wanted.set(hexOf(entry.id), { row, mark: markOf(entry), from: entry.from });
    const [oldest] = this.#wanted.keys();
    if (this.#wanted.size > attachmentsWantedMax) this.#unwant(oldest!);
    if (entry.from !== null) this.#fetching.begin();
  }

  /** The author's device gives a chunk. */
  store(letter: Letter): void {
    const { refuse, hub, author, home } = this.#owner;
    const asked = askedIn(letter);
    const chunk = new Uint8Array(letter.packet.value('_chunk') ?? []);
    if (asked === null) {
      refuse(letter, '_attachment_invalid_request');
      return;
    }
    const kept = keepHeading(letter);
    this.#describe(asked.id, (described) => {
      // Silence: it is said again.
      if (described === 'later') return;
      const { suite } = this.#desk.options;
      if (described === null) refuse(kept, '_attachment_unknown');
      else if (!isChunk(suite, described.attachment, asked.index, chunk)) refuse(kept, '_attachment_invalid_chunk');
      else if (home === this.#desk.domain || hub.takesChunk(author))
        this.#keep(asked.id, described, asked.index, chunk, (added) => {
          if (added === 'full') refuse(kept, '_excessive_attachments');
          else if (added === 'missing') refuse(kept, '_attachment_missing_chunk');
          else if (added !== 'later') this.#answer(kept, '_echo_attachment_store', { _amount_chunks: String(added) });
        });
    });
  }

  /** Somebody here wants a chunk. */
  give(letter: Letter): void {
    const asked = askedIn(letter);
    if (asked === null) {
      this.#owner.refuse(letter, '_attachment_invalid_request');
      return;
    }
    const kept = keepHeading(letter);
    this.#read(asked.id, asked.index, (chunk) => {
      const isWanted = this.#wanted.has(asked.id);
      if (chunk === 'later') return;
      if (chunk === null) this.#owner.refuse(kept, isWanted ? '_attachment_incomplete' : '_attachment_unknown');
      else this.#answer(kept, '_echo_attachment', { _chunk: chunk });
    });
  }

  /** Another server wants one. */
  giveTo(from: string, letter: Letter): void {
    const asked = askedIn(letter);
    if (asked === null) return;
    const { author, hub } = this.#owner;
    const heading = {
      _source: nodeUniform(this.#desk.domain),
      _target: nodeUniform(from),
      _tag_relay: letter.routing.get('_tag'),
    };
    this.#read(asked.id, asked.index, (chunk) => {
      if (chunk === 'later') return;
      const about = { _uniform: author, _publication: asked.id, _index: String(asked.index) };
      const given = chunk === null ? {} : { _chunk: chunk };
      const method = chunk === null ? CHUNK_MISSING : CHUNK_GIVEN;
      hub.send(from, newLetter({ routing: heading, entity: { ...about, ...given }, method }));
    });
  }

  answered(letter: Letter, from: string): void {
    this.#fetching.answered(letter, from);
  }

  lost(domain: string): void {
    this.#fetching.lost(domain);
  }

  /** How many files are here, and what they take; null: nobody knows now. */
  sizes(found: Parameters<AttachmentFiles['sizes']>[0]): void {
    this.#files.sizes(found);
  }

  /** The whole file of a publication, each chunk checked once more; null: it is not here, or not wholly. */
  whole(
    id: string,
    found: (file: { readonly attachment: Attachment; readonly chunks: Uint8Array[] } | null) => void,
  ): void {
    this.#describe(id, (described) => {
      if (described === null || described === 'later') {
        found(null);
        return;
      }
      const { attachment } = described;
      const chunks: Uint8Array[] = [];
      const goOn = (): void => {
        if (chunks.length === attachment.digests.length) {
          found({ attachment, chunks });
          return;
        }
        this.#read(id, chunks.length, (chunk) => {
          const isGood =
            chunk instanceof Uint8Array && isChunk(this.#desk.options.suite, attachment, chunks.length, chunk);
          if (!isGood) found(null);
          else {
            chunks.push(chunk);
            goOn();
          }
        });
      };
      goOn();
    });
  }

  #read(id: string, index: number, found: (chunk: Uint8Array | null | 'later') => void): void {
    if (this.#reading >= this.#desk.options.federationLimits.lettersMax) {
      found('later');
      return;
    }
    this.#reading++;
    this.#files.read(id, index, (chunk) => {
      this.#reading--;
      found(chunk);
    });
  }

  #keep(
    id: string,
    { attachment, timeMs }: Described,
    index: number,
    chunk: Uint8Array,
    done: Parameters<AttachmentFiles['add']>[1],
  ): void {
    const wanted = this.#wanted.get(id);
    const row = wanted?.row ?? this.#files.rowOf(id) ?? 0;
    const beside = wanted === undefined ? [] : [this.#unmarked(wanted.mark)];
    this.#files.add({ id, row, timeMs, attachment, index, chunk, beside }, (added) => {
      if (added === attachment.digests.length) {
        this.#wanted.delete(id);
        this.#fetching.forget(id);
      }
      // Newer files have all the room: it is not asked for again.
      if (added === 'full' && this.#owner.home !== this.#desk.domain) this.#unwant(id);
      done(added);
    });
  }

  /** What the row of its publication says of a file; null: there is no such file, or it was deleted. */
  #describe(id: string, found: (described: Described | null | 'later') => void): void {
    const wanted = this.#wanted.get(id);
    const look = (row: number | null): void => {
      if (row === null) {
        found(null);
        return;
      }
      this.#owner.log.rows([row], 0, (rows) => found(rows === null ? 'later' : describedIn(rows[0], id)));
    };
    if (wanted !== undefined) look(wanted.row);
    else this.#files.amount(id, (amount) => (amount === null ? found('later') : look(this.#files.rowOf(id))));
  }

  /** The newest that is missing. */
  #next(resting: ReadonlySet<string>, found: Parameters<FetchingOwner['next']>[1]): void {
    const newest = [...this.#wanted]
      .filter(([id]) => !resting.has(id))
      .sort(([, one], [, other]) => other.row - one.row);
    const [id, wanted] = newest[0] ?? [];
    if (id === undefined || wanted === undefined || !this.#owner.carries()) {
      found(null);
      return;
    }
    this.#describe(id, (described) => {
      if (described === 'later') {
        found('later');
        return;
      }
      this.#files.amount(id, (amount) => {
        if (described === null || amount === described.attachment.digests.length) {
          // It was deleted meanwhile, or had come before.
          this.#unwant(id);
          this.#next(resting, found);
        } else found(amount === null ? 'later' : { id, attachment: described.attachment, from: wanted.from, amount });
      });
    });
  }

  /** Nobody has it: what is old by now is waited for no more. */
  #failed(id: string): void {
    this.#describe(id, (described) => {
      const { attachmentWaitMsMax } = this.#desk.options.federationLimits;
      const isOld =
        described !== null && described !== 'later' && this.#desk.unixMs - described.timeMs > attachmentWaitMsMax;
      if (isOld) this.#unwant(id);
    });
  }

  #unwant(id: string): void {
    const wanted = this.#wanted.get(id);
    if (wanted === undefined) return;
    this.#wanted.delete(id);
    this.#fetching.forget(id);
    // If that is lost it is looked at again in the next life.
    this.#desk.ask({ kind: 'write', operations: [this.#unmarked(wanted.mark)] }, () => {});
  }

  /** Its publication was deleted. */
  #drop(id: string): void {
    this.#unwant(id);
    if (!this.#mayHave(id)) return;
    this.#files.remove(id, (isGone) => {
      // The mark stays: the next life does it.
      if (isGone) this.#desk.ask({ kind: 'write', operations: [this.#unmarked(DROPPED + id)] }, () => {});
    });
  }

  #mayHave(id: string): boolean {
    return !this.#files.isKnown || this.#files.rowOf(id) !== null;
  }

  #unmarked(name: string): Operation {
    return { op: 'mark', context: this.#owner.context, lease, name, sequence: -1 };
  }

  #answer({ routing, packet }: Letter, method: string, entity: Readonly<Record<string, string | Uint8Array>>): void {
    const tag = routing.get('_tag');
    const heading = { _source: this.#owner.context, _target: routing.get('_source'), _tag_relay: tag, _tag_reply: tag };
    const about = { _publication: packet.text('_publication') ?? '', _index: packet.text('_index') ?? '' };
    this.#desk.post(newLetter({ routing: heading, entity: { ...about, ...entity }, method }));
  }
}

/** The mark of a file that is to come; who has brought its publication is left out where a name has no room. */
function markOf({ id, from }: Entry): string {
  const mark = `${WANTED}${hexOf(id)}`;
  return from === null || mark.length + 1 + from.length > MARK_BYTES_MAX ? mark : `${mark} ${from}`;
}

/** Which chunk of which publication a letter is about. */
function askedIn({ packet }: Letter): { readonly id: string; readonly index: number } | null {
  const [id = '', index = ''] = [packet.text('_publication'), packet.text('_index')];
  return ID.test(id) && INDEX.test(index) ? { id, index: Number(index) } : null;
}

/** The letter without its chunk, for the answer. */
const keepHeading = ({ routing, packet }: Letter): Letter =>
  newLetter({
    routing: Object.fromEntries(routing),
    entity: { _publication: packet.text('_publication'), _index: packet.text('_index') },
    method: packet.method!,
  });

/** What the row says of a file; null: it says nothing of one, or is another's. */
function describedIn(row: Row | undefined, id: string): Described | null {
  if (row === undefined || hexOf(idInRow(row)) !== id) return null;
  const attachment = readAttachment(parseOne(row.packet));
  return attachment === null ? null : { attachment, timeMs: readUint64(row.id, 0) ?? 0 };
}
