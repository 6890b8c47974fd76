/** What every store checks before it touches anything: a request within the limits. docs/spec/federation.md#store-limits */
import type { StoreCode } from './errors.ts';
import { type Operation, type Position, type StoreRequest, storeLimits } from './store.ts';

const whole = (number: number, least: number): boolean => Number.isSafeInteger(number) && number >= least;
const isPage = (rowsMax: number): boolean => whole(rowsMax, 1) && rowsMax <= storeLimits.pageRowsMax;
const encoder = new TextEncoder();

/** What no database keeps as text: nothing at all, a NUL (PostgreSQL), half of a pair (UTF-8). */
const unfit = /^$|[\0\p{Surrogate}]/u;

/** Bytes of a name, counted only where its length does not settle the matter. */
function exceeds(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && encoder.encode(text).length > bytesMax;
}

function checkContext(context: string): StoreCode | null {
  if (exceeds(context, storeLimits.contextBytesMax)) return '_store_oversized_context';
  return unfit.test(context) ? '_store_invalid_context' : null;
}

function checkAuthor(author: Uint8Array): StoreCode | null {
  if (author.length === 0) return '_store_invalid_author';
  return author.length > storeLimits.authorBytesMax ? '_store_oversized_author' : null;
}

/** Whether there is such a sequence, as far as the write alone tells. */
function isPosition(
  { context, sequence }: { context: string; sequence: Position },
  least: number,
  rows: ReadonlySet<string>,
): boolean {
  return typeof sequence === 'number' ? whole(sequence, least) : rows.has(context);
}

/** `rows`: the contexts to which the write has appended before. */
function checkOperation(operation: Operation, rows: ReadonlySet<string>): StoreCode | null {
  const code = checkContext(operation.context);
  if (code !== null) return code;
  if (!whole(operation.lease, 1)) return '_store_lease';
  switch (operation.op) {
    case 'append': {
      const authorCode = checkAuthor(operation.author);
      if (authorCode !== null) return authorCode;
      if (operation.id.length === 0) return '_store_invalid_id';
      if (operation.id.length > storeLimits.idBytesMax) return '_store_oversized_id';
      return operation.packet.length > storeLimits.packetBytesMax ? '_store_oversized_packet' : null;
    }
    case 'mark':
      if (exceeds(operation.name, storeLimits.markBytesMax)) return '_store_oversized_mark';
      if (unfit.test(operation.name)) return '_store_invalid_mark';
      return isPosition(operation, -1, rows) ? null : '_store_invalid_sequence';
    case 'member':
      if (exceeds(operation.name, storeLimits.memberBytesMax)) return '_store_oversized_member';
      if (unfit.test(operation.name)) return '_store_invalid_member';
      return isPosition(operation, 0, rows) ? null : '_store_invalid_sequence';
    case 'record':
      if (exceeds(operation.name, storeLimits.recordNameBytesMax)) return '_store_oversized_record';
      if (unfit.test(operation.name)) return '_store_invalid_record';
      return operation.value.length > storeLimits.recordValueBytesMax ? '_store_oversized_value' : null;
    case 'trim':
      return whole(operation.sequence, 0) ? null : '_store_invalid_sequence';
    case 'replace':
      if (!whole(operation.sequence, 1)) return '_store_invalid_sequence';
      return operation.packet.length > storeLimits.packetBytesMax ? '_store_oversized_packet' : null;
  }
}

function checkErasure(contexts: readonly string[], lease: number): StoreCode | null {
  if (contexts.length === 0 || contexts.length > storeLimits.operationsMax) return '_store_excessive_operations';
  for (const context of contexts) {
    const code = checkContext(context);
    if (code !== null) return code;
  }
  return whole(lease, 1) ? null : '_store_lease';
}

/** The code of the first limit that a request breaks, or null. Whether leases and marks fit is the store's to say. */
export function checkRequest(request: StoreRequest): StoreCode | null {
  if (request.kind === 'erase') return checkErasure(request.contexts, request.lease);
  if (request.kind === 'memberships') {
    if (exceeds(request.member, storeLimits.memberBytesMax)) return '_store_oversized_member';
    if (unfit.test(request.member)) return '_store_invalid_member';
    const code = request.above === '' ? null : checkContext(request.above);
    return code ?? (isPage(request.rowsMax) ? null : '_store_invalid_page');
  }
  if (request.kind !== 'write') {
    const code = checkContext(request.context);
    if (code !== null) return code;
    if (request.kind === 'latest') return checkAuthor(request.author);
    if (request.kind === 'marks' || request.kind === 'records' || request.kind === 'size') return null;
    if (request.kind === 'members') {
      if (exceeds(request.above, storeLimits.memberBytesMax)) return '_store_oversized_member';
      if (request.above !== '' && unfit.test(request.above)) return '_store_invalid_member';
      return isPage(request.rowsMax) ? null : '_store_invalid_page';
    }
    if (!whole(request.after, 0)) return '_store_invalid_sequence';
    return isPage(request.rowsMax) ? null : '_store_invalid_page';
  }
  const { operations } = request;
  if (operations.length === 0 || operations.length > storeLimits.operationsMax) return '_store_excessive_operations';
  let bytes = 0;
  const rows = new Set<string>();
  for (const operation of operations) {
    const code = checkOperation(operation, rows);
    if (code !== null) return code;
    if (operation.op === 'append') {
      bytes += operation.packet.length;
      rows.add(operation.context);
    }
    if (operation.op === 'replace') bytes += operation.packet.length;
    if (operation.op === 'record') bytes += operation.value.length;
  }
  return bytes > storeLimits.writeBytesMax ? '_store_oversized_write' : null;
}
