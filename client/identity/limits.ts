/** How costly a passphrase is to guess, and what a file may ask of us. docs/spec/pki.md#file-limits */

/** The table in docs/spec/pki.md#file-limits holds the same numbers. */
export const identityLimits = {
  /** Argon2id's memory in KiB, as written: RFC 9106 section 4, second recommendation. */
  memoryKiB: 65_536,
  /** Its passes, as written. */
  passes: 3,
  /** Its lanes, as written. */
  lanes: 4,
  /** A file with less is refused: somebody made it cheap to guess. */
  memoryKiBMin: 19_456,
  passesMin: 2,
  /** A file with more is refused: it would take the machine. */
  memoryKiBMax: 1_048_576,
  passesMax: 16,
  lanesMax: 16,
  /** Bytes of an identity or device file. */
  fileBytesMax: 131_072,
  /** Encryption secrets in a device file. */
  encryptionSecretsMax: 16,
} as const;
