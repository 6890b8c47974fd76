/** What a peer may make a circuit and its deliveries hold, and how long they wait; by name. docs/spec/federation.md#limits */

/** Milliseconds, bytes and counts; the table in docs/spec/federation.md#limits holds the same numbers. */
export const circuitLimits = {
  /** How long a stream that was asked for may take to stand. */
  openingMsMax: 30_000,
  /** How long an accepted circuit may take to greet. */
  greetingMsMax: 90_000,
  /** How long a circuit may go without a whole packet from the peer. */
  idleMsMax: 180_000,
  /** After this long without saying anything, an empty packet is sent; well below the peer's idleMsMax. */
  keepAliveMs: 60_000,
  /** Bytes written that the transport has not taken; a packet that would pass it is not sent. */
  unsentBytesMax: 1_048_576,
} as const;

/** The limits of one circuit. */
export type CircuitLimits = { readonly [K in keyof typeof circuitLimits]: number };

/** Milliseconds, bytes and counts of what comes in for one log and goes out from one. */
export const deliveryLimits = {
  /** Packets accepted into one log but not yet durable. */
  waitingMax: 256,
  /** Bytes of these packets. */
  waitingBytesMax: 8_388_608,
  /** Packets of one log that came before one they follow, or whose author is being looked up. */
  heldMax: 64,
  /** Bytes of these packets. */
  heldBytesMax: 2_097_152,
  /** Authors of one log whose last counter is remembered; others are looked up in the store. */
  authorsMax: 1024,
  /** Packets of one write to the store. */
  batchMax: 128,
  /**
   * Bytes of the packets of one write; what a store takes is more. A single packet may pass it. Well below `unsentBytesMax`:
   * what was written together is multicast together, and must find room on a circuit that keeps up.
   */
  batchBytesMax: 262_144,
  /** Packets sent to one target and not acknowledged; further ones wait in the log. */
  windowMax: 32,
  /** Bytes of these packets. A single packet may pass it. */
  windowBytesMax: 1_048_576,
  /** Of these packets, those whose target does not answer. */
  windowSilentMax: 8,
  /** Packets of one log on their way to a peer; when there are as many, nothing more is accepted for it. */
  backlogMax: 10_000,
  /** The same with what is answered behind the first that is not: what would be sent again after a restart. */
  resentMax: 40_000,
  /** First and greatest delay before something that failed is done again; it doubles in between. */
  retryMsMin: 250,
  retryMsMax: 30_000,
  /** First and greatest delay before a packet that was not acknowledged is sent again; it doubles in between. */
  resendMsMin: 2_000,
  resendMsMax: 60_000,
  /** After this long a packet that was never answered is given up. */
  giveUpMsMax: 259_200_000,
} as const;

/** The limits of deliveries. */
export type DeliveryLimits = { readonly [K in keyof typeof deliveryLimits]: number };
