/** What anybody may make the key server hold or compute; by name. docs/spec/key-server.md#limits */

/** Bytes, counts and milliseconds; the table in docs/spec/key-server.md#limits holds the same numbers. */
export const keyServerLimits = {
  /** Bytes of a form that brings a key. */
  formBytesMax: 262_144,
  /** Forms that are being read or wait for the worker. */
  formsMax: 16,
  /** Milliseconds that one may take the worker, before another one begins and it is refused. */
  formMsMax: 10_000,
  /** Keys that one may bring, from one IPv4 address or one IPv6 /64, before they have to wait, and how often one more. */
  addsMax: 20,
  addMs: 6_000,
  /** The same of lookups. */
  lookupsMax: 600,
  lookupMs: 100,
  /** Addresses that are remembered to have asked; with more, those that asked longest ago are forgotten. */
  placesMax: 4096,
  /** Keys of other domains' people that are known to be on the ring, and not put there again. */
  learnedMax: 1024,
  /** Milliseconds that copies of one key are looked for at others, all of them together. */
  findMsMax: 15_000,
  /** Of which so many are asked at once. */
  askedAtOnceMax: 4,
  /** Keys of one answer, the newest. */
  answerKeysMax: 16,
  /** Bytes of what is searched. */
  searchBytesMax: 512,
} as const;

/** The limits of one key server. */
export type KeyServerLimits = { readonly [K in keyof typeof keyServerLimits]: number };
