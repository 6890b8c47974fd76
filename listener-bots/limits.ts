/** Rates of a listener's clocks, and what peers and clients may make it hold; by name. docs/spec/listener-bots.md#limits */

/** Counts, milliseconds and percent; the table in docs/spec/listener-bots.md#limits holds the same numbers. */
export const listenerLimits = {
  /** Mean time between two frames that leave on one link: 40 a second. */
  linkMsMean: 25,
  /** All servers together put out one new cell in so many mean times of a link. */
  novelShare: 2,
  /** A clock that is later than this begins anew: what was missed is not made up for. */
  lateMsMax: 1_000,
  /** Frames that one link may bring in a second, for long; and at once, after a silence. */
  bucketFramesPerSecond: 80,
  bucketFramesMax: 2_400,
  /** Contexts of a server, each a flood of its own. */
  contextsMax: 4,
  /** Links to other servers, in one context. */
  linksMax: 64,
  /** Cells that wait for one link, and how long one may. */
  queueCellsMax: 2_000,
  queuedMsMax: 600_000,
  /** How long a generation of what was seen lasts, and how many cells it holds at most. */
  seenMs: 1_800_000,
  seenCellsMax: 4_194_304,
  /** Cells that are being opened, or wait for what they leave to be durable. */
  openingCellsMax: 1_024,
  /** Of what they leave, so much is made durable in one go. */
  batchCellsMax: 256,
  /** Replay tags of one key: all opened with it; when so many percent are used up a new key is asked for. */
  replayTagsMax: 4_000_000,
  replayWarnPercent: 80,
  /** One-time secrets, and those that are spent. */
  slotsMax: 100_000,
  spentMax: 1_000_000,
  /** Opened cells that wait as long as their senders wished. */
  delayedCellsMax: 4_096,
  /** Cells that wait for the origin clock; of these, opened and unwrapped here; of one client. */
  originCellsMax: 1_024,
  originOpenedMax: 512,
  originCellsOfOneMax: 64,
  /** Of strikes at which nothing waits one in so many puts out a loop, the others a drop. */
  loopShare: 32,
  /** Layers of a loop; how many are awaited; loops and drops that are ready. */
  loopLayers: 3,
  loopsMax: 1_024,
  coverReadyMax: 2,
  /** Servers whose keys are known; keys of each. */
  stationsMax: 4_096,
  stationKeysMax: 2,
  /** How long a context's key is given out, and how long after that its secret is kept. */
  contextKeyMs: 86_400_000,
  contextGraceMs: 1_200_000,
  /** Who knows a key for less than this asks again, so often. */
  contextRenewMs: 3_600_000,
  contextAskMs: 10_000,
  /** Tags that are watched for clients; of these, for one. */
  watchesMax: 10_000,
  watchesOfOneMax: 256,
  /** Clients that hear everything. */
  overhearersMax: 64,
  /** How often what is over is forgotten. */
  tidyMs: 10_000,
} as const;

/** The same names, with other numbers where somebody wants others. */
export type ListenerLimits = { readonly [name in keyof typeof listenerLimits]: number };
