/** How much fits, how long a hop may wait, how far clocks may be apart; by name. docs/spec/onion.md#limits */

/** Counts, bytes, milliseconds and seconds; the table in docs/spec/onion.md#limits holds the same numbers. */
export const onionLimits = {
  /** Layers of one route, the last one's included. */
  layersMax: 5,
  /** Bytes of a content in one cell. */
  contentBytesMax: 3422,
  /** What a sender may ask a hop to wait. */
  delayMsMax: 60_000,
  /** Fineness of that. */
  delayUnitMs: 10,
  /** Mean of what senders ask for. */
  delayMsMean: 200,
  /** A key younger than that is not used by senders yet: not all have heard of it. */
  freshKeyMsMin: 3_600_000,
  /** How far clocks may be apart. */
  skewSecondsMax: 300,
  /** A ticket stands at the head: so many characters of a text are looked at. */
  ticketTextMax: 16_384,
} as const;
