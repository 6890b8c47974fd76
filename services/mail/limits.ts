/** What anybody may make a mail gateway do, and what a mail may be; by name. docs/spec/mail.md#limits */

/** Counts, bytes, characters, bits, seconds and milliseconds; the table in docs/spec/mail.md#limits holds the same numbers. */
export const mailLimits = {
  /** Bytes of a letter's words, UTF-8. */
  textBytesMax: 12_288,
  /** Characters of its subject. */
  subjectMax: 160,
  /** Characters of an address (RFC 5321 4.5.3.1.3, less the angle brackets). */
  addressMax: 254,
  /** Tickets that one letter brings for replies. */
  ticketsMax: 8,
  /** Letters that are kept at a time. */
  lettersMax: 5_000,
  /** Letters of a day (UTC), where the admin says nothing else, and the most that he may say. */
  lettersOfDayUsual: 200,
  lettersOfDayMax: 2_000,
  /** Of these, to one address. */
  lettersToOneUsual: 3,
  /** How long a letter is kept, with its replies: longer than any ticket is good for. */
  letterSeconds: 777_600,
  /** Replies to one letter that are kept. */
  repliesMax: 16,
  /** Work for a letter, where the admin says nothing else, and the most that a client does. */
  workBitsUsual: 20,
  workBitsMax: 30,
  /** Hours that a proof of work may be old, or ahead. */
  workHours: 2,
  /** Bytes of a mail that comes in, and of its words in a reply. */
  mailBytesMax: 262_144,
  replyBytesMax: 49_152,
  /** Bytes of all its headers, fields of its head, and how deep its parts may lie in each other. */
  headerBytesMax: 65_536,
  headersMax: 256,
  partDepthMax: 16,
  /** Parts that it may have. */
  partsMax: 128,
  /** How long reading it may take: what its parts and HTML cost is theirs to choose. */
  readMsMax: 5_000,
  /** Servers that it has been through (RFC 5321 6.3 asks for at least 100). */
  receivedMax: 100,
  /** Connections at a time, and of one address; how long one may be silent, and how long it may be at all. */
  connectionsMax: 64,
  connectionsOfAddressMax: 8,
  idleMsMax: 60_000,
  sessionMsMax: 600_000,
  /** Mails of one connection. */
  mailsOfSessionMax: 20,
  /** Mails that are being handed to the relay at a time, and how long one may take. */
  sendingMax: 4,
  sendMsMax: 120_000,
  /** How soon one that it would not take now is tried again: twice as long each time. */
  retryMsMin: 60_000,
  retryMsMax: 7_200_000,
  /** How long it is tried. */
  trySeconds: 172_800,
  /** How often it is looked what is over. */
  lookMs: 600_000,
} as const;

/** The limits of one gateway. */
export type MailLimits = { readonly [K in keyof typeof mailLimits]: number };
