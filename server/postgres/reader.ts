/** Pages, newest rows, marks, members and records, read from PostgreSQL: what is asked at once is sent at once. docs/spec/federation.md#store */
import { type Row, type StoreOutcome, type StoreRequest, storeLimits } from '../../store/store.ts';
import { codeOf, failureOf } from './failures.ts';
import type { Link } from './link.ts';

/** Questions on their way; more are refused. */
const READS_MAX = 65_536;

/** A row as it comes; everything but `last` is null where the log has no such row. */
interface Columns {
  readonly last: number;
  readonly sequence: number | null;
  readonly lease: number;
  readonly author: Buffer;
  readonly id: Buffer;
  readonly packet: Buffer;
}

// The lengths of packets are known without reading them, so a page stops before it is read.
const pageText = `
SELECT c.last, page.sequence, page.lease, page.author, page.id, page.packet
FROM p3do.contexts AS c
LEFT JOIN LATERAL (
  SELECT * FROM (
    SELECT r.*, sum(length(r.packet)) OVER (ORDER BY r.sequence) - length(r.packet) AS bytes_before
    FROM p3do.rows AS r WHERE r.context = c.id AND r.sequence > $2 ORDER BY r.sequence LIMIT $3
  ) AS r WHERE bytes_before <= ${storeLimits.pageBytesMax}
) AS page ON true
WHERE c.name = $1 ORDER BY page.sequence`;

const latestText = `
SELECT c.last, newest.sequence, newest.lease, newest.author, newest.id, newest.packet
FROM p3do.contexts AS c
LEFT JOIN LATERAL (
  SELECT * FROM p3do.rows AS r WHERE r.context = c.id AND r.author = $2 ORDER BY r.sequence DESC LIMIT 1
) AS newest ON true
WHERE c.name = $1`;

// Of what is stored beside its row the length is known without reading it.
const sizeText = `
SELECT count(*) AS rows, coalesce(sum(length(r.packet)), 0) AS bytes
FROM p3do.contexts AS c JOIN p3do.rows AS r ON r.context = c.id
WHERE c.name = $1`;

const marksText = `
SELECT c.last, m.name, m.sequence
FROM p3do.contexts AS c LEFT JOIN p3do.marks AS m ON m.context = c.id
WHERE c.name = $1`;

const membersText = `
SELECT c.last, m.name, m.sequence
FROM p3do.contexts AS c
LEFT JOIN LATERAL (
  SELECT * FROM p3do.members AS m WHERE m.context = c.id AND m.name > $2 ORDER BY m.name LIMIT $3
) AS m ON true
WHERE c.name = $1 ORDER BY m.name`;

const recordsText = `
SELECT c.last, r.name, r.value
FROM p3do.contexts AS c LEFT JOIN p3do.records AS r ON r.context = c.id
WHERE c.name = $1 ORDER BY r.name`;

const membershipsText = `
SELECT c.name FROM p3do.members AS m JOIN p3do.contexts AS c ON c.id = m.context
WHERE m.name = $1 AND c.name > $2 ORDER BY c.name LIMIT $3`;

/** What only reads. */
type Question = Exclude<StoreRequest, { kind: 'write' | 'erase' }>;

/** A Buffer as what everybody else takes it for. */
const plain = ({ buffer, byteOffset, length }: Buffer): Uint8Array => new Uint8Array(buffer, byteOffset, length);

function rowsOf(columns: readonly Columns[]): Row[] {
  return columns.flatMap(({ sequence, lease, author, id, packet }) =>
    sequence === null ? [] : [{ sequence, lease, author: plain(author), id: plain(id), packet: plain(packet) }],
  );
}

/** Answers questions that are within the limits. */
export class Reader {
  readonly #link: Link;
  #reads = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Never rejects. `_store_full` where more is asked than may be on its way. */
  async read(asked: Question): Promise<StoreOutcome> {
    const { request } = asked;
    if (this.#reads >= READS_MAX) return { kind: 'refused', request, code: '_store_full' };
    this.#reads++;
    try {
      return await this.#answer(asked);
    } catch (error) {
      return { kind: 'refused', request, code: codeOf(failureOf(error)) };
    } finally {
      this.#reads--;
    }
  }

  async #answer(asked: Question): Promise<StoreOutcome> {
    const { request } = asked;
    if (asked.kind === 'memberships') {
      const { member, above, rowsMax } = asked;
      const { rows } = await this.#link.query<{ name: Buffer }>({
        name: 'memberships',
        text: membershipsText,
        values: [Buffer.from(member), Buffer.from(above), rowsMax],
      });
      return { kind: 'memberships', request, contexts: rows.map(({ name: bytes }) => bytes.toString()) };
    }
    const name = Buffer.from(asked.context);
    if (asked.kind === 'size') {
      const { rows } = await this.#link.query<{ rows: number; bytes: number }>({
        name: 'size',
        text: sizeText,
        values: [name],
      });
      return { kind: 'size', request, ...rows[0]! };
    }
    if (asked.kind === 'records') {
      const { rows } = await this.#link.query<{ last: number; name: Buffer | null; value: Buffer }>({
        name: 'records',
        text: recordsText,
        values: [name],
      });
      const records = rows.flatMap(({ name: bytes, value }) =>
        bytes === null ? [] : [{ name: bytes.toString(), value: plain(value) }],
      );
      return { kind: 'records', request, records, last: rows[0]?.last ?? 0 };
    }
    if (asked.kind === 'marks' || asked.kind === 'members') {
      const { rows } = await this.#link.query<{ last: number; name: Buffer | null; sequence: number }>(
        asked.kind === 'marks'
          ? { name: 'marks', text: marksText, values: [name] }
          : { name: 'members', text: membersText, values: [name, Buffer.from(asked.above), asked.rowsMax] },
      );
      const named = rows.flatMap(({ name: bytes, sequence }) =>
        bytes === null ? [] : [{ name: bytes.toString(), sequence }],
      );
      const last = rows[0]?.last ?? 0;
      return asked.kind === 'marks'
        ? { kind: 'marks', request, marks: named, last }
        : { kind: 'members', request, members: named, last };
    }
    const { rows } = await this.#link.query<Columns>(
      asked.kind === 'read'
        ? { name: 'page', text: pageText, values: [name, asked.after, asked.rowsMax] }
        : { name: 'latest', text: latestText, values: [name, asked.author] },
    );
    return { kind: 'rows', request, rows: rowsOf(rows), last: rows[0]?.last ?? 0 };
  }
}
