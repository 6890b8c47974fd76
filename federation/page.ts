/** What is shown to whoever asks without a client: what somebody has published, as a server that carries it has it. docs/spec/pages.md */
import { parseOne } from '../circuit/one-packet.ts';
import { hexOf, readUint64 } from '../crypto/bytes.ts';
import { inherits } from '../psyc/keyword.ts';
import { authorOfFeed } from '../publication/feed.ts';
import type { Publication } from '../publication/fields.ts';
import { readPublication } from '../publication/packet.ts';
import { DELETED_METHOD, type Reference, readReference } from '../publication/reference.ts';
import { verifyPublication } from '../publication/sign.ts';
import { PublicationError } from '../publication/error.ts';
import { textIn } from '../publication/text.ts';
import type { Row } from '../store/store.ts';
import type { Authors, Found } from './authors.ts';
import type { Desk } from './desk.ts';
import { idInRow } from './feed-log.ts';
import type { Page, Shown, Signature } from './page-shown.ts';

/** Rows of one read: as many of the largest have room in a page of the store. */
const CHUNK_ROWS = 16;

/** A row that says something, read. */
interface Read {
  readonly id: string;
  readonly publication: Publication;
  readonly reference: Reference | null;
  readonly text: string;
  readonly isAction: boolean;
}

type Line = Read | Extract<Shown, { kind: 'deleted' }>;

/** Reads the newest page of somebody's publications, or that of the rows before `before`; null: the store does not answer, or there is nothing. */
export function readPage(
  desk: Desk,
  authors: Pick<Authors, 'find'>,
  context: string,
  before: number | null,
  found: (page: Page | null) => void,
): void {
  rowsBefore(desk, context, before, (rows) => {
    if (rows === null || rows.length === 0) {
      found(null);
      return;
    }
    const lines = rows.flatMap((row) => lineOf(context, row) ?? []);
    const said = lines.filter((line): line is Read => 'publication' in line);
    findAll(desk, authors, authorOfFeed(context), said, (byDevice) => {
      const newest = said.reduce<Read | null>(
        (one, other) => (one === null || isNewer(other, one) ? other : one),
        null,
      );
      found({
        person: authorOfFeed(context),
        fingerprint: newest === null ? null : hexOf(newest.publication.fingerprint),
        shown: shownOf(lines, (read) => signatureOf(desk, context, read, byDevice)),
        before: rows[0]!.sequence > 1 ? rows[0]!.sequence : null,
      });
    });
  });
}

/** The rows of a page, the oldest first; from the end on, so that what is too much is the oldest. */
function rowsBefore(desk: Desk, context: string, before: number | null, found: (rows: Row[] | null) => void): void {
  const { pageRowsMax, pageBytesMax } = desk.options.federationLimits;
  const rows: Row[] = [];
  let bytes = 0;
  const goOn = (end: number): void => {
    const rowsMax = Math.min(CHUNK_ROWS, end - 1, pageRowsMax - rows.length);
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

/** What stands in a row; null: nothing that is shown. */
function lineOf(context: string, row: Row): Line | null {
  const packet = parseOne(row.packet);
  const timeMs = readUint64(row.id, 0) ?? 0;
  const id = hexOf(idInRow(row));
  const route = (name: string): string | undefined => (name === '_context' ? context : undefined);
  if (packet.method === DELETED_METHOD) {
    const deletion = readPublication(parseOne(new Uint8Array(packet.data ?? [])), route);
    return { kind: 'deleted', id, timeMs, deletedMs: deletion?.timeMs ?? timeMs };
  }
  const publication = readPublication(packet, route);
  if (publication === null || !inherits(packet.method ?? '', '_message_public')) return null;
  const reference = readReference(packet, publication);
  const { text, isAction } = textIn(packet);
  return reference?.kind === 'deletion' ? null : { id, publication, reference, text: text ?? '', isAction };
}

/** Finds the authors by all devices, those that are not found within `pageWaitMs` not at all. */
function findAll(
  desk: Desk,
  authors: Pick<Authors, 'find'>,
  person: string,
  said: readonly Read[],
  found: (byDevice: ReadonlyMap<string, Found>) => void,
): void {
  const devices = new Map(said.map(({ publication: { device } }) => [hexOf(device), device]));
  const byDevice = new Map<string, Found>();
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    found(byDevice);
  };
  for (const [name, device] of devices) {
    authors.find(person, device, (author) => {
      byDevice.set(name, author);
      if (byDevice.size === devices.size) end();
    });
  }
  if (devices.size === 0) end();
  if (!isOver)
    desk.timer(
      `page of ${person} ${hexOf(desk.options.suite.random(8))}`,
      desk.options.federationLimits.pageWaitMs,
      end,
    );
}

function signatureOf(
  { options: { suite }, unixMs }: Desk,
  context: string,
  { publication }: Read,
  byDevice: ReadonlyMap<string, Found>,
): Signature {
  const author = byDevice.get(hexOf(publication.device)) ?? 'later';
  if (author === 'later') return 'unchecked';
  if (author === 'nobody') return 'unlisted';
  try {
    verifyPublication(suite, publication, author, (name) => (name === '_context' ? context : undefined), unixMs);
    return 'good';
  } catch (error) {
    if (!(error instanceof PublicationError)) throw error;
    return 'unlisted';
  }
}

/** What is shown of it, by time; edits stand where the first words stood. */
function shownOf(lines: readonly Line[], signature: (read: Read) => Signature): Shown[] {
  const edits = new Map<string, Read>();
  for (const line of lines) {
    if (!('publication' in line) || line.reference?.kind !== 'edit') continue;
    const of = hexOf(line.reference.id);
    const other = edits.get(of);
    if (other === undefined || isNewer(line, other)) edits.set(of, line);
  }
  const shown = lines.flatMap((line): Shown[] => {
    if (!('publication' in line)) return [line];
    const { reference, id, publication } = line;
    if (reference?.kind === 'edit') return [];
    const answers = reference?.kind === 'reply' ? { author: reference.author, id: hexOf(reference.id) } : null;
    const edit = edits.get(id);
    const words = edit !== undefined && isByOneKey(edit, line) ? edit : line;
    const { text, isAction } = words;
    const editedMs = words === line ? null : words.publication.timeMs;
    const rest = { isAction, editedMs, answers, signature: signature(words) };
    return [{ kind: 'said', id, timeMs: publication.timeMs, ...cut(text), ...rest }];
  });
  return shown.sort((one, other) => other.timeMs - one.timeMs || (one.id < other.id ? 1 : -1));
}

/** Characters of one text that are shown. */
const TEXT_MAX = 32_768;

const cut = (text: string): { readonly text: string; readonly isCut: boolean } =>
  text.length <= TEXT_MAX ? { text, isCut: false } : { text: text.slice(0, TEXT_MAX), isCut: true };

/** By time, then by id. */
const isNewer = (one: Read, other: Read): boolean =>
  one.publication.timeMs !== other.publication.timeMs
    ? one.publication.timeMs > other.publication.timeMs
    : one.id > other.id;

const isByOneKey = (one: Read, other: Read): boolean =>
  hexOf(one.publication.fingerprint) === hexOf(other.publication.fingerprint);
