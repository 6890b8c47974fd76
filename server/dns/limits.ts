/** How long and how much is asked of the DNS, and what others may make our side of it do. docs/spec/dns.md#limits */

/** Milliseconds, bytes and counts; the table in docs/spec/dns.md#limits holds the same numbers. */
export const dnsLimits = {
  /** One question at one resolver, with all attempts. */
  askMsMax: 6_000,
  /** One attempt over UDP. */
  attemptMsMax: 1_500,
  /** Attempts over UDP. */
  attemptsMax: 2,
  /** Datagrams that are not the reply, before the question is asked over TCP. */
  strangersMax: 8,
  /** Bytes of a reply over UDP that we have room for (EDNS). */
  datagramBytesMax: 1_232,
  /** Bytes of any message: RFC 1035 section 4.2.2. */
  messageBytesMax: 65_535,
  /** Records of a message, all sections together. */
  recordsMax: 512,
  /** Aliases (CNAME) between a name and its records. */
  aliasesMax: 4,
  /** Resolvers in a configuration. */
  resolversMax: 8,
  /** Resolvers that are asked one after the other until one answers: a circuit waits for it. */
  resolversAskedMax: 3,
  /** Bytes of a file with a TSIG key. */
  keyFileBytesMax: 4_096,
  /** First and greatest delay before a record that could not be published is tried again; it doubles in between. */
  republishMsMin: 60_000,
  republishMsMax: 3_600_000,
  /** Datagrams to one network, a second and at once: IPv4 /24, IPv6 /64. */
  replyRate: 20,
  replyBurst: 40,
  /** Networks that are remembered for this. */
  networksMax: 10_000,
  /** TCP connections to the responder, in all and from one address. */
  connectionsMax: 64,
  connectionsPerAddressMax: 8,
  /** Questions on one connection. */
  questionsMax: 32,
  /** Bytes of a question over TCP. */
  questionBytesMax: 4_096,
  /** How long a connection may go without a whole question. */
  idleMsMax: 5_000,
} as const;
