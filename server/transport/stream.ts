/** What a circuit is carried by: bytes in order, both ways, and what the layer below knows of the peer. docs/spec/transport.md#streams */
import type { TransportError } from './errors.ts';

/** What is known of the channel that the bytes come through. */
export interface Channel {
  readonly kind: 'tls' | 'websocket' | 'plain';
  /** Whether the peer opened it. */
  readonly accepted: boolean;
  /** The server's name as the dialling side gave it in TLS (SNI, RFC 6066); null when it gave none. Proves nothing. */
  readonly domain: string | null;
  /** What the browser says of the page (RFC 6454); null without one. */
  readonly origin: string | null;
  /**
   * 32 bytes that only the two ends of this TLS connection know (RFC 8446 section 7.5, RFC 9266), equal on both for equal
   * label and context. null: the connection is gone.
   */
  exportKey(label: string, context: Uint8Array): Uint8Array | null;
}

/** Who hears of a stream. Nothing comes after `ended` or `failed`. */
export interface StreamOwner {
  /** The bytes are valid during the call. */
  bytes(bytes: Uint8Array): void;
  /** The transport has taken so many of the bytes written. */
  drained(bytes: number): void;
  /** The peer closed in order. */
  ended(): void;
  /** `why` is for whoever logs it: the stack of an error takes longer than all else that we do for a circuit that is gone. */
  failed(why: () => TransportError): void;
}

/** One stream; it stands already. */
export interface ByteStream {
  readonly channel: Channel;
  /** Of the machine at the other end; null where something stands between, or it is gone. */
  readonly address: string | null;
  /** Tells `owner` what comes from now on. To be called once, in the tick in which the stream was given. */
  carry(owner: StreamOwner): void;
  /** Sends the bytes, soon, together with others of this turn of the event loop. They must not be changed any more. */
  write(bytes: Uint8Array): void;
  /** Hands over what was written until now, so that nothing joins it. */
  flush(): void;
  /** When the write began that the peer has not taken yet, by `Timers`; null when everything is taken. */
  readonly writingSinceMs: number | null;
  /** Bytes written that the system's socket has not taken. What many streams share counts for each of them. */
  readonly unsentBytes: number;
  /** Sends what was written, closes, and tells the owner nothing more. */
  end(): void;
  /** Breaks it off, and tells the owner nothing more. */
  destroy(): void;
}
