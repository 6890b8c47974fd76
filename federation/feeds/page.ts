/** What is shown to whoever asks without a client: what somebody has published, as a server that carries it has it. docs/spec/pages.md */
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf, readUint64 } from '../../crypto/bytes.ts';
import { inherits } from '../../psyc/keyword.ts';
import type { Packet } from '../../psyc/packet.ts';
import { authorOfFeed } from '../../publication/feed.ts';
import { type Attachment, readAttachment } from '../../publication/attachment.ts';
import { type Publication, publicationId } from '../../publication/fields.ts';
import { MEMBERS_METHOD } from '../../publication/members-only.ts';
import { readPublication } from '../../publication/packet.ts';
import { DELETED_METHOD, type Reference, readReference } from '../../publication/reference.ts';
import { verifyPublication } from '../../publication/sign.ts';
import { PublicationError } from '../../publication/error.ts';
import { textIn } from '../../publication/text.ts';
import type { Row } from '../../store/store.ts';
import type { Authors, Found } from '../keys/authors.ts';
import type { Desk } from '../desk.ts';
import { idInRow } from './feed-log.ts';
import { entityOf, parseLetter } from '../letter.ts';
import type { Page, Shown, Signature } from './page-shown.ts';

/** Rows of one read: as many of the largest have room in a page of the store. */
const CHUNK_ROWS = 16;
/** Of what is said to everybody. */
const PUBLIC = '_message_public';

/** A row that says something, read. */
interface Read {
  readonly id: string | null;
  readonly row: number;
  readonly author: string;
  readonly timeMs: number;
  /** null: it is not signed. */
  readonly publication: Publication | null;
  readonly reference: Reference | null;
  readonly text: string;
  readonly isAction: boolean;
  readonly attachment: Attachment | null;
}

/** A row as it is shown, its words judged later. */
type Line = Read | Extract<Shown, { kind: 'deleted' }>;

const isRead = (line: Line): line is Read => !('kind' in line);

/** A log of which pages are shown. */
export interface Source {
  readonly context: string;
  readonly of: string;
  readonly topic: string | null;
  /** Nothing up to this row is shown. */
  readonly hidden: number;
  readonly lineOf: (desk: Desk, context: string, row: Row) => Line | null;
}

/** What somebody has published. */
export const feedSource = (context: string): Source => ({
  context,
  of: authorOfFeed(context),
  topic: null,
  hidden: 0,
  lineOf: publishedLine,
});

/** Reads the newest page of a log, or that of the rows before `before`; null: the store does not answer, or there is nothing. */
export function readPage(
  desk: Desk,
  authors: Pick<Authors, 'find'>,
  source: Source,
  before: number | null,
  found: (page: Page | null) => void,
): void {
  const { context, of, topic, hidden } = source;
  rowsBefore(desk, source, before, (rows) => {
    if (rows === null || rows.length === 0) {
      found(null);
      return;
    }
    const lines = rows.flatMap((row) => source.lineOf(desk, context, row) ?? []);
    const said = lines.filter(isRead);
    findAll(desk, authors, of, said, (byDevice) => {
      const newest = said.reduce<Read | null>(
        (one, other) => (one === null || isNewer(other, one) ? other : one),
        null,
      );
      const isPlace = topic !== null;
      const key = newest?.publication?.fingerprint;
      found({
        of,
        topic,
        fingerprint: isPlace || key === undefined ? null : hexOf(key),
        shown: shownOf(lines, (read) => signatureOf(desk, context, read, byDevice)),
        before: rows[0]!.sequence > hidden + 1 ? rows[0]!.sequence : null,
      });
    });
  });
}

/** The rows of a page, the oldest first; from the end on, so that what is too much is the oldest. */
function rowsBefore(
  desk: Desk,
  { context, hidden }: Source,
  before: number | null,
  found: (rows: Row[] | null) => void,
): void {
  const { pageRowsMax, pageBytesMax } = desk.options.federationLimits;
  const rows: Row[] = [];
  let bytes = 0;
  const goOn = (end: number): void => {
    const rowsMax = Math.min(CHUNK_ROWS, end - 1 - hidden, pageRowsMax - rows.length);
    if (rowsMax <= 0 || bytes > pageBytesMax) {
      found(rows);
      return;
    }
    desk.ask({ kind: 'read', context, after: end - 1 - rowsMax, rowsMax }, (outcome) => {
      if (outcome.kind !== 'rows') {
        found(null);
        return;
      }
      rows.unshift(...outcome.rows);
      for (const { packet } of outcome.rows) bytes += packet.length;
      const [first] = outcome.rows;
      if (first === undefined) found(rows);
      else goOn(first.sequence);
    });
  };
  desk.ask({ kind: 'read', context, after: 0, rowsMax: 1 }, (outcome) => {
    if (outcome.kind !== 'rows') found(null);
    else goOn(Math.min(before ?? Number.MAX_SAFE_INTEGER, outcome.last + 1));
  });
}

/** What stands in a row of a person's publications; null: nothing that is shown. */
function publishedLine(_: Desk, context: string, { packet: bytes, id, sequence: row }: Row): Line | null {
  const packet = parseOne(bytes);
  const timeMs = readUint64(id, 0) ?? 0;
  if (packet.method === DELETED_METHOD) {
    const deletion = readPublication(parseOne(new Uint8Array(packet.data ?? [])), routeIn(context));
    return { kind: 'deleted', id: hexOf(idInRow({ id })), row, timeMs, deletedMs: deletion?.timeMs ?? timeMs };
  }
  const publication = readPublication(packet, routeIn(context));
  if (publication === null || !inherits(packet.method ?? '', PUBLIC)) return null;
  const reference = readReference(packet, publication);
  if (reference?.kind === 'deletion') return null;
  const author = authorOfFeed(context);
  const attachment = readAttachment(packet);
  return { id: hexOf(idInRow({ id })), row, author, timeMs, publication, reference, attachment, ...wordsIn(packet) };
}

/** The same of a place: who said it is the word of its server where it is not signed. */
export function placeLine(
  { options: { suite } }: Desk,
  context: string,
  { packet: bytes, sequence: row }: Row,
): Line | null {
  const { routing, packet } = parseLetter(bytes);
  if (!inherits(packet.method ?? '', PUBLIC) || packet.method === MEMBERS_METHOD) return null;
  const publication = readPublication(packet, routeIn(context));
  const author = entityOf(routing.get('_source') ?? '');
  const timeMs = publication?.timeMs ?? Number(routing.get('_time') ?? 0);
  const id = publication === null ? null : hexOf(publicationId(suite, publication));
  return { id, row, author, timeMs, publication, reference: null, attachment: null, ...wordsIn(packet) };
}

const routeIn =
  (context: string) =>
  (name: string): string | undefined =>
    name === '_context' ? context : undefined;

function wordsIn(packet: Packet): { readonly text: string; readonly isAction: boolean } {
  const { text, isAction } = textIn(packet);
  return { text: text ?? '', isAction };
}

/** Finds the authors by all devices, those that are not found within `pageWaitMs` not at all. */
function findAll(
  desk: Desk,
  authors: Pick<Authors, 'find'>,
  of: string,
  said: readonly Read[],
  found: (byDevice: ReadonlyMap<string, Found>) => void,
): void {
  const devices = new Map<string, { readonly author: string; readonly device: Uint8Array }>();
  for (const { author, publication } of said)
    if (publication !== null) devices.set(deviceName(author, publication), { author, device: publication.device });
  const byDevice = new Map<string, Found>();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    found(byDevice);
  };
  for (const [name, { author: person, device }] of devices) {
    authors.find(person, device, (author) => {
      byDevice.set(name, author);
      if (byDevice.size === devices.size) end();
    });
  }
  if (devices.size === 0) end();
  if (!isOver)
    desk.timer(`page of ${of} ${hexOf(desk.options.suite.random(8))}`, desk.options.federationLimits.pageWaitMs, end);
}

function signatureOf(
  { options: { suite }, unixMs }: Desk,
  context: string,
  { author: person, publication }: Read,
  byDevice: ReadonlyMap<string, Found>,
): Signature {
  if (publication === null) return 'none';
  const author = byDevice.get(deviceName(person, publication)) ?? 'later';
  if (author === 'later') return 'unchecked';
  if (author === 'nobody') return 'unlisted';
  try {
    verifyPublication(suite, publication, author, routeIn(context), unixMs);
    return 'good';
  } catch (error) {
    if (!(error instanceof PublicationError)) throw error;
    return 'unlisted';
  }
}

const deviceName = (person: string, { device }: Publication): string => `${person} ${hexOf(device)}`;

/** What is shown of it, by time; edits stand where the first words stood. */
function shownOf(lines: readonly Line[], signature: (read: Read) => Signature): Shown[] {
  const edits = new Map<string, Read>();
  for (const line of lines) {
    if (!isRead(line) || line.reference?.kind !== 'edit') continue;
    const of = hexOf(line.reference.id);
    const other = edits.get(of);
    if (other === undefined || isNewer(line, other)) edits.set(of, line);
  }
  const shown = lines.flatMap((line): Shown[] => {
    if (!isRead(line)) return [line];
    const { reference, id, row, author, timeMs } = line;
    if (reference?.kind === 'edit') return [];
    const answers = reference?.kind === 'reply' ? { author: reference.author, id: hexOf(reference.id) } : null;
    const edit = id === null ? undefined : edits.get(id);
    const words = edit !== undefined && isByOneKey(edit, line) ? edit : line;
    const { text, isAction } = words;
    const editedMs = words === line ? null : words.timeMs;
    const rest = { isAction, editedMs, answers, file: fileOf(words), signature: signature(words) };
    return [{ kind: 'said', id, row, author, timeMs, ...cut(text), ...rest }];
  });
  return shown.sort((one, other) => other.timeMs - one.timeMs || compared(one.id, other.id) || other.row - one.row);
}

function fileOf({ id, attachment }: Read): Extract<Shown, { kind: 'said' }>['file'] {
  if (id === null || attachment === null) return null;
  const { name, type, bytes } = attachment;
  return { id, name, type, bytes };
}

const compared = (one: string | null, other: string | null): number =>
  one === null || other === null || one === other ? 0 : one < other ? 1 : -1;

/** Characters of one text that are shown. */
const TEXT_MAX = 32_768;

const cut = (text: string): { readonly text: string; readonly isCut: boolean } =>
  text.length <= TEXT_MAX ? { text, isCut: false } : { text: text.slice(0, TEXT_MAX), isCut: true };

/** By time, then by id. */
const isNewer = (one: Read, other: Read): boolean =>
  one.timeMs !== other.timeMs ? one.timeMs > other.timeMs : compared(one.id, other.id) < 0;

const isByOneKey = ({ publication: one }: Read, { publication: other }: Read): boolean =>
  one !== null && other !== null && hexOf(one.fingerprint) === hexOf(other.fingerprint);
