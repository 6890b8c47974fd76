/** Question and answer for a context's key, as they stand in a frame. docs/spec/listener-bots.md#context-keys */
import { joinBytes, uint32 } from '../crypto/bytes.ts';
import { sizes } from '../onion/sizes.ts';

const VERSION = 1;
const REACH = 1;
const SECONDS = 2;
const KEY = 6;
const END = KEY + sizes.alpha;

/** What a context says of itself. */
export interface ToldKey {
  readonly publicKey: Uint8Array;
  /** For how long it may be used. */
  readonly seconds: number;
  /** Whether what is put out on it reaches the whole network. */
  readonly isWide: boolean;
}

const padded = (...parts: Uint8Array[]): Uint8Array => {
  const data = new Uint8Array(sizes.cell);
  data.set(joinBytes(...parts));
  return data;
};

/** The data of a question, 4096 bytes. */
export const renderAsks = (): Uint8Array => padded(new Uint8Array([VERSION]));

/** Whether these are a question's. */
export const isAsks = (data: Uint8Array): boolean =>
  data[0] === VERSION && data.subarray(1).every((byte) => byte === 0);

/** The data of an answer, 4096 bytes. */
export const renderTell = ({ publicKey, seconds, isWide }: ToldKey): Uint8Array =>
  padded(new Uint8Array([VERSION, isWide ? 1 : 0]), uint32(seconds), publicKey);

/** What an answer says; null: it is none. */
export function readTell(data: Uint8Array): ToldKey | null {
  const isTell = data[0] === VERSION && data[REACH]! <= 1 && data.subarray(END).every((byte) => byte === 0);
  if (!isTell) return null;
  const seconds = new DataView(data.buffer, data.byteOffset).getUint32(SECONDS);
  return { publicKey: data.slice(KEY, END), seconds, isWide: data[REACH] === 1 };
}
