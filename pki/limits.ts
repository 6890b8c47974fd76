/** What a key or a statement may make us hold or compute, and how long things last. docs/spec/pki.md#limits */

/** Bytes, counts and seconds; the table in docs/spec/pki.md#limits holds the same numbers. */
export const limits = {
  /** Bytes of a key with all its signatures, without armour. */
  keyBytesMax: 65_536,
  /** Bytes of one packet's body. */
  packetBytesMax: 8192,
  /** User ids of a key. */
  userIdsMax: 4,
  /** Subkeys of a key. */
  subkeysMax: 16,
  /** Signatures of a key together, self-signatures included. */
  signaturesMax: 256,
  /** Signatures of a key that are said to be its own and do not hold, before the rest is not looked at. */
  badSignaturesMax: 8,
  /** Subpackets of one signature. */
  subpacketsMax: 64,
  /** Bytes of a key that is sent to a key server, before what has no place on the ring is dropped. */
  sentBytesMax: 196_608,
  /** Domains whose signatures are kept on one key of the ring. */
  ringIssuersMax: 64,
  /** Bytes of all that others say of a key of the ring; what it says of itself has the rest. */
  ringWordsBytesMax: 32_768,
  /** Bytes of a signature by another key: a longer one says nothing. */
  ringWordBytesMax: 1024,
  /** Devices enrolled at once. */
  devicesMax: 16,
  /** Devices revoked in an identity key's life. */
  revokedDevicesMax: 64,
  /** Bytes of a device statement with its signature. */
  statementBytesMax: 16_384,
  /** Seconds that a domain's certification of a user id lasts: 30 days. */
  certificationSeconds: 2_592_000,
  /** A certification with less than these seconds left is renewed: 20 days. */
  renewalSeconds: 1_728_000,
  /** Seconds that a domain's countersignature of another lasts: 180 days. */
  countersignatureSeconds: 15_552_000,
  /** A countersignature with less than these seconds left is renewed: 60 days. */
  countersignatureRenewalSeconds: 5_184_000,
  /** Seconds that a rotation may be taken in, from its beginning: 400 days. */
  rotationSeconds: 34_560_000,
  /** Bytes of a rotation statement, or of a move, with its signatures. */
  rotationBytesMax: 4096,
  /** How far ahead another's clock may be. */
  skewSeconds: 300,
  /** How far back our own signatures and keys are dated, for those whose clocks are behind. */
  backdateSeconds: 60,
} as const;
