/** What a peer may make the transport hold, and how long it waits; by name. docs/spec/transport.md#limits */

/** Milliseconds, bytes and counts; the table in docs/spec/transport.md#limits holds the same numbers. */
export const transportLimits = {
  /** Connections of one listener, whatever they have become. */
  connectionsMax: 10_000,
  /** Connections from one IPv4 address or one IPv6 /64. */
  connectionsPerAddressMax: 128,
  /** From the TCP connection to a circuit: TLS handshake, first byte, HTTP request. */
  acceptMsMax: 10_000,
  /** Bytes of an HTTP request's head. */
  httpHeadBytesMax: 8_192,
  /** Bytes of one WebSocket message, all its fragments together; any packet fits. */
  messageBytesMax: 524_288,
  /** Fragments of one WebSocket message. */
  messageFragmentsMax: 64,
  /** Pieces that one WebSocket frame came in and that are kept until it is whole. */
  messageChunksMax: 16_384,
  /** Pongs that wait to be sent. */
  pongsMax: 16,
  /** Bytes that are put together for one write; a longer packet goes alone. */
  batchBytesMax: 65_536,
  /** For each so many streams that a turn has written to, their writes wait a millisecond for company. */
  gatheredPerMs: 128,
  /** How long they do at most. */
  gatherMsMax: 4,
  /** How long a write may go without the peer taking it. */
  stalledMsMax: 60_000,
  /** How often it is looked what peers hold that take nothing; who has taken nothing for so long counts. */
  stalledLookMs: 1_000,
  /** Bytes that all of them together may hold: beyond, who holds most is broken off. */
  stalledBytesMax: 268_435_456,
  /** After our last byte, until the peer has closed too. */
  closingMsMax: 5_000,
  /** Hosts of one domain's SRV records that are tried. */
  hostsMax: 8,
  /** Addresses of one host that are tried. */
  addressesMax: 16,
  /** Before the next address is tried beside one that has not answered. */
  addressMsMax: 250,
} as const;

/** The limits of one listener or of dialling. */
export type TransportLimits = { readonly [K in keyof typeof transportLimits]: number };
