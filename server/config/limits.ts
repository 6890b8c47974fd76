/** What a configuration may ask for, and how long it may be. docs/operating.md#limits */

/** Counts, bytes and seconds; the table in docs/operating.md#limits holds the same numbers. */
export const configLimits = {
  /** Bytes of config.json. */
  configBytesMax: 1_048_576,
  /** Objects and lists within each other. */
  depthMax: 16,
  /** Addresses to listen on. */
  hostsMax: 64,
  /** Other domains that are named. */
  peersMax: 4_096,
  /** Websites whose pages may log in. */
  originsMax: 256,
  /** The most that `limits.connections` may say. */
  connectionsMax: 1_000_000,
  portMax: 65_535,
  /** The most that `policy.timeScale` may say. */
  timeScaleMax: 1_000_000,
  /** The most that `mor.framesPerSecond` may say. */
  framesMax: 1_000,
  /** Domains that `mail.to` may name, and addresses and domains that `mail.never` may. */
  mailDomainsMax: 1_024,
  mailNeverMax: 4_096,
} as const;
