/** What a session holds for a person, and how long it waits; by name. docs/spec/people.md#session-limits */

/** Milliseconds, bytes and counts; the table in docs/spec/people.md#session-limits holds the same numbers. */
export const sessionLimits = {
  /** Commands that are not done. */
  commandsMax: 256,
  /** Addresses to which one device says something in its life. */
  addressesMax: 4096,
  /** Rows that wait for their author's keys, or for those before them. */
  rowsMax: 256,
  /** Bytes of these. */
  rowsBytesMax: 4_194_304,
  /** Places that are heard. */
  placesMax: 256,
  /** Places of which a page of history is being asked; the others wait for their turn. */
  pagesMax: 2,
  /** People whose keys are remembered or being asked for; the one longest unused goes first. */
  peopleMax: 1024,
  /** Keys pinned. */
  pinsMax: 8192,
  /** Chains whose newest publication is kept. */
  headsMax: 1024,
  /** Keys of others in members-only places that are kept; then the oldest goes of whoever has most. */
  senderKeysMax: 4096,
  /** Of these, keys of one device in one place; the oldest goes first. */
  senderKeysOfOneMax: 16,
  /** Pages of a place's log that are asked for to find keys of one membership. */
  keySearchPagesMax: 16,
  /** Keys that were found and wait for their authors' keys. */
  keysFoundMax: 64,
  /** How long our own key there is used: whose device was revoked reads no longer than that. */
  senderKeyMsMax: 86_400_000,
  /** How often something is sealed anew because somebody came or went meanwhile. */
  sealTriesMax: 16,
  /** Keys, people who have gone and things said that are looked at in one members-only place; the oldest goes first. */
  witnessedMax: 256,
  /** Of these, people who have gone that are remembered over sessions; the oldest goes first. */
  goneMax: 64,
  /** Answers of a place that do not fit before people are told that a key could not be looked at. */
  witnessTriesMax: 3,
  /** How often keys are asked for before what waits for them is shown without. */
  keysTriesMax: 3,
  /** Keys older than this are asked for again before something is sealed to them, and who was not known before. */
  keysMsMax: 60_000,
  /** Keys older than this are asked for again before they say whose word something is: a device may be revoked meanwhile. */
  keysTrustedMsMax: 600_000,
  /** First and greatest delay before what was not answered is said or asked again; it doubles in between. */
  repeatMsMin: 2_000,
  repeatMsMax: 60_000,
  /** First and greatest delay before the server is dialled again; it doubles in between. */
  redialMsMin: 250,
  redialMsMax: 30_000,
  /** How long a circuit is used: only a login renews our certification, which it does in the last 20 of its 30 days. */
  circuitMsMax: 604_800_000,
  /** Reports of other domains about our own keys that are told. */
  reportsMax: 16,
  /** Friends whose presence waits for the keys that signed it. */
  presencesMax: 1024,
  /** Things told in one page of an answer. */
  toldMax: 64,
  /** How often what waits is looked at. */
  tickMs: 500,
  /** Effects that wait until the state before them is durable; with more, the circuit is given up. */
  gatedMax: 4096,
} as const;
