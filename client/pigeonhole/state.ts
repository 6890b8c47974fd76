/** What one device keeps of a box, as a file: its secret, how far it has read, what it has not shown yet. docs/spec/pigeonhole.md#files */
import { parseBase64, renderBase64 } from '../../crypto/base64.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { readerBytes } from '../../services/pigeonhole/request.ts';
import { emptyInbox, type Inbox } from './inbox.ts';

/** A message that has come. */
interface BoxMessage {
  readonly content: Uint8Array;
  /** When it was put together, by its author's word: Unix hours. */
  readonly hour: number;
}

/** One box on one device. */
export interface BoxState {
  /** Of the server that keeps it. */
  readonly domain: string;
  /** 32 bytes, of which all its keys are made. */
  readonly root: Uint8Array;
  /** How it is asked: as nobody only, or by way of one's home. */
  readonly way: 'anonymous' | 'direct';
  /** By which this device is known there: 16 bytes. */
  readonly reader: Uint8Array;
  /** Of its last order. */
  readonly number: number;
  /** Deposits up to here are in this state, or were shown. */
  readonly acknowledged: number;
  /** Until when it stays, Unix seconds, where nothing more is asked; 0: it is not made yet. */
  readonly untilSeconds: number;
  readonly inbox: Inbox;
  /** Not shown yet, in order. */
  readonly messages: readonly BoxMessage[];
}

const VERSION = 1;
const ROOT_BYTES = 32;

/** A box that is yet to be made, or is another device's: a reader of its own. */
export const newBoxState = (
  suite: Suite,
  domain: string,
  way: BoxState['way'],
  root: Uint8Array = suite.random(ROOT_BYTES),
): BoxState => ({
  domain,
  root,
  way,
  reader: suite.random(readerBytes),
  number: 0,
  acknowledged: 0,
  untilSeconds: 0,
  inbox: emptyInbox,
  messages: [],
});

/** As JSON. */
export function renderState({ root, reader, inbox, messages, ...rest }: BoxState): string {
  return JSON.stringify({
    version: VERSION,
    ...rest,
    root: hexOf(root),
    reader: hexOf(reader),
    partial: [...inbox.partial].map(([id, { hour, parts, data }]) => {
      return { id, hour, parts, data: [...data].map(([part, bytes]) => [part, renderBase64(bytes)]) };
    }),
    seen: [...inbox.seen],
    forgotten: inbox.forgotten,
    messages: messages.map(({ content, hour }) => ({ content: renderBase64(content), hour })),
  });
}

interface Read {
  readonly version: number;
  readonly domain: string;
  readonly way: BoxState['way'];
  readonly root: string;
  readonly reader: string;
  readonly number: number;
  readonly acknowledged: number;
  readonly untilSeconds: number;
  readonly partial: readonly {
    readonly id: string;
    readonly hour: number;
    readonly parts: number;
    readonly data: readonly (readonly [number, string])[];
  }[];
  readonly seen: readonly (readonly [string, number])[];
  readonly forgotten?: number;
  readonly messages: readonly { readonly content: string; readonly hour: number }[];
}

/** The state in such a text, which this program has written; null where it is none. */
export function parseState(text: string): BoxState | null {
  try {
    const read = JSON.parse(text) as Read;
    const [root, reader] = [bytesOfHex(read.root), bytesOfHex(read.reader)];
    if (read.version !== VERSION || root?.length !== ROOT_BYTES || reader?.length !== readerBytes) return null;
    const bytes = (letters: string): Uint8Array => {
      const read = parseBase64(letters);
      if (read === null) throw new Error('not base64');
      return read;
    };
    const { domain, way, number, acknowledged, untilSeconds, forgotten = 0 } = read;
    if (!Number.isSafeInteger(forgotten)) return null;
    const partial = read.partial.map(({ id, hour, parts, data }) => {
      return [id, { hour, parts, data: new Map(data.map(([part, letters]) => [part, bytes(letters)])) }] as const;
    });
    return {
      domain,
      root,
      way,
      reader,
      number,
      acknowledged,
      untilSeconds,
      inbox: { partial: new Map(partial), seen: new Map(read.seen), forgotten },
      messages: read.messages.map(({ content, hour }) => ({ content: bytes(content), hour })),
    };
  } catch {
    return null;
  }
}
