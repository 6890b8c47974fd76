/** What authors may make us hold, and how far clocks may be apart; by name. docs/spec/publication.md#limits */

/** Bytes, milliseconds and counts; the table in docs/spec/publication.md#limits holds the same numbers. */
export const publicationLimits = {
  /** Bytes of what is signed; the line of the signature has room beside it in PSYC's limit for a content. */
  signedContentBytesMax: 245_760,
  /** Bytes of what is signed to delete a publication. */
  deletionBytesMax: 1024,
  /** How far an author's clock may be ahead of ours. */
  skewMsMax: 300_000,
  /** A publication older than this is not multicast. */
  multicastAgeMsMax: 172_800_000,
  /** Chains whose newest publications are remembered. */
  chainsMax: 4096,
  /** Counters of one chain that are remembered, up to the highest. */
  chainWindowMax: 64,
  /** Publications with one counter that are kept. */
  forksMax: 4,
  /** Bytes of a padded content, sealed: the least, and the most. */
  paddedBytesMin: 256,
  paddedBytesMax: 131_072,
  /** Readers that one sender's key is sealed to; a members-only place has no more members. */
  readersMax: 128,
  /** How long a device's word holds that another domain's server carries what it says. */
  visitMsMax: 604_800_000,
  /** Bytes of a place's topic. */
  topicBytesMax: 1024,
  /** UTF-8 bytes of why somebody is put out or silenced. */
  reasonBytesMax: 512,
  /** Bytes of a file that belongs to a publication, of its pieces, and of its name. */
  attachmentBytesMax: 1_048_576,
  attachmentChunkBytes: 65_536,
  attachmentNameBytesMax: 255,
} as const;
