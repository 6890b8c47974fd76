/** What every store checks before it touches anything: a request within the limits. docs/spec/federation.md#store-limits */
import type { StoreCode } from './errors.ts';
import { type Operation, type StoreRequest, storeLimits } from './store.ts';

const whole = (number: number, least: number): boolean => Number.isSafeInteger(number) && number >= least;
const encoder = new TextEncoder();

/** Bytes of a name, counted only where its length does not settle the matter. */
function exceeds(text: string, bytesMax: number): boolean {
  if (text.length === 0 || text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && encoder.encode(text).length > bytesMax;
}

function checkOperation(operation: Operation): StoreCode | null {
  if (exceeds(operation.context, storeLimits.contextBytesMax)) return '_store_oversized_context';
  if (!whole(operation.lease, 1)) return '_store_lease';
  switch (operation.op) {
    case 'append':
      if (operation.author.length === 0 || operation.author.length > storeLimits.authorBytesMax)
        return '_store_oversized_author';
      if (operation.id.length === 0 || operation.id.length > storeLimits.idBytesMax) return '_store_oversized_id';
      return operation.packet.length > storeLimits.packetBytesMax ? '_store_oversized_packet' : null;
    case 'mark':
      if (exceeds(operation.name, storeLimits.markBytesMax)) return '_store_oversized_mark';
      return whole(operation.sequence, 0) ? null : '_store_invalid_sequence';
    case 'lease':
      return null;
  }
}

/** The code of the first limit that a request breaks, or null. Whether leases and marks fit is the store's to say. */
export function checkRequest(request: StoreRequest): StoreCode | null {
  if (request.kind !== 'write') {
    if (exceeds(request.context, storeLimits.contextBytesMax)) return '_store_oversized_context';
    if (request.kind === 'latest') {
      return request.author.length > storeLimits.authorBytesMax ? '_store_oversized_author' : null;
    }
    if (request.kind === 'marks') return null;
    if (!whole(request.after, 0)) return '_store_invalid_sequence';
    return whole(request.rowsMax, 1) && request.rowsMax <= storeLimits.pageRowsMax ? null : '_store_invalid_page';
  }
  const { operations } = request;
  if (operations.length === 0 || operations.length > storeLimits.operationsMax) return '_store_excessive_operations';
  let bytes = 0;
  for (const operation of operations) {
    const code = checkOperation(operation);
    if (code !== null) return code;
    if (operation.op === 'append') bytes += operation.packet.length;
  }
  return bytes > storeLimits.writeBytesMax ? '_store_oversized_write' : null;
}
