/** A conversation as bytes for its file: JSON, in which bytes and tables have forms of their own. docs/spec/conversations.md#files */
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import type { Conversation } from './conversation.ts';

const VERSION = 1;

const packed = (_: string, value: unknown): unknown => {
  if (value instanceof Uint8Array) return { bytes: hexOf(value) };
  return value instanceof Map ? { table: [...value] } : value;
};

const unpacked = (_: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if ('bytes' in value) return bytesOfHex(String(value.bytes));
  return 'table' in value ? new Map(value.table as [unknown, unknown][]) : value;
};

/** What `parseConversation` gives back. */
export const renderConversation = (conversation: Conversation): Uint8Array =>
  encodeText(JSON.stringify({ version: VERSION, ...conversation }, packed));

/** The conversation in bytes that this program has written and sealed; null where another version has. */
export function parseConversation(bytes: Uint8Array): Conversation | null {
  const { version, ...conversation } = JSON.parse(decodeText(bytes), unpacked) as Conversation & { version: number };
  return version === VERSION ? conversation : null;
}
