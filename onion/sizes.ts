/** How long everything in a cell is, and where it stands. docs/spec/onion.md#cell */

/** Bytes of each part. */
export const sizes = {
  cell: 4096,
  /** α_e, hint_e, tag_e and x: of a context hop, or filler. */
  envelope: 96,
  /** What an envelope encloses: the cell from its α on. */
  onion: 4000,
  /** A point of X25519. */
  alpha: 32,
  hint: 16,
  mac: 16,
  /** One layer's part of β. */
  block: 96,
  /** β, five blocks. */
  beta: 480,
  /** α, hint, mac and β. */
  head: 544,
  seal: 16,
  body: 3440,
  /** In a body of the exit: zeros, then the content's length. */
  zeros: 16,
  length: 2,
  /** One half of a body, of the cipher's two. */
  left: 32,
  /** The four keys of a body. */
  bodyKeys: 128,
  oneTime: 32,
  replayTag: 16,
  ticketId: 16,
  /** Head, body keys, seal key, expiry. */
  ticket: 692,
} as const;

/** Where a field begins in an onion; in a bare cell it is `sizes.envelope` bytes further. */
export const offsets = { alpha: 0, hint: 32, mac: 48, beta: 64, seal: 544, body: 560 } as const;

/** Where a field begins in an enveloped cell: the ciphertext is in two pieces, so that a point stands where a bare cell has one. */
export const envelopeOffsets = { alpha: 0, hint: 32, tag: 48, first: 64, decoy: 96, rest: 128 } as const;
