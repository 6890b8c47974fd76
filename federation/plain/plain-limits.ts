/** What a plain peer may make a node hold, and how long is waited for it; by name. docs/spec/plain.md#plain-limits */

/** Counts, bytes and milliseconds; the table in docs/spec/plain.md#plain-limits holds the same numbers. */
export const plainLimits = {
  /** Hosts that are named. */
  plainPeersMax: 64,
  /** Addresses of one of them. */
  plainAddressesMax: 16,
  /** Circuits of one peer that are authorised; with one more the oldest goes. */
  plainCircuitsMax: 4,
  /** From the opened stream to the authorised circuit. */
  plainAuthorizingMsMax: 90_000,
  /** Without a whole packet; psyced says nothing for long. */
  plainIdleMsMax: 3_600_000,
  /** Packets of one circuit in a second, on average. */
  plainPacketsPerSecond: 50,
  /** Packets that may come at once after silence. */
  plainPacketsAtOnce: 500,
  /** Bytes of one packet's content. */
  plainContentBytesMax: 65_536,
  /** Ways, from one of its people to one place, that are remembered. */
  plainWaysMax: 1_024,
  /** Packets of one way that wait for those before. */
  plainWaitingMax: 16,
  /** Packets of all ways of one peer that wait. */
  plainWaitingAllMax: 256,
  /** How long a place may take to answer. */
  plainAnswerMsMax: 60_000,
  /** Places of one peer that our people are in, or that it names; with more, it is not asked for another. */
  plainMirrorsMax: 256,
  /** Of one of them, our people who ask to be let in. */
  plainAskingMax: 64,
  /** How long the peer may take to let somebody in. */
  plainEnterMsMax: 30_000,
  /** Rows that are kept of one of them. */
  plainMirrorRowsMax: 10_000,
  /** How long one of these is kept. */
  plainMirrorDaysMax: 30,
  /** Packets to a peer that wait for its circuit. */
  plainUnsentMax: 64,
} as const;
