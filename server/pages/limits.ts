/** What readers without a client may make a server compute; by name. docs/spec/pages.md#limits */

/** Counts and milliseconds; the table in docs/spec/pages.md#limits holds the same numbers. */
export const pageLimits = {
  /** Pages that one IPv4 address or one IPv6 /64 may ask for at once, and how soon one more. */
  pagesMax: 60,
  pageMs: 500,
  /** Addresses that are remembered to have asked; with more, those that asked longest ago are forgotten. */
  placesMax: 4096,
  /** Pages that are being made at one time, for everybody. */
  makingMax: 16,
  /** Seconds for which a page may be shown again without asking. */
  cacheSeconds: 60,
} as const;

/** The limits of one server's pages. */
export type PageLimits = { readonly [K in keyof typeof pageLimits]: number };
