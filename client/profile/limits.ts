/** Sizes and waits of a person's folder; by name. docs/spec/people.md#profile-limits */

/** Bytes, milliseconds; the table in docs/spec/people.md#profile-limits holds the same numbers. */
export const profileLimits = {
  /** How often a device tries to stand beside those that the home knows, before it says why it cannot. */
  enrolTriesMax: 8,
  /** Bytes of the file of what is kept. */
  stateBytesMax: 16_777_216,
  /** Bytes of the file that says where the server is. */
  serverBytesMax: 512,
  /** Bytes of the file that names other servers. */
  serversBytesMax: 16_384,
  /** How often it is looked whether another command is done. */
  lockMs: 100,
} as const;
