/** What peers and people may make a node hold; by name. docs/spec/federation.md#federation-limits */

/** Counts; the table in docs/spec/federation.md#federation-limits holds the same numbers. */
export const federationLimits = {
  /** Members of one place. */
  placeMembersMax: 10_000,
  /** Domains with members of one place; below the store's marks of a context. */
  placeDomainsMax: 1_000,
  /** Places that one person here, or one other domain's people together, may make; below the store's rows of a page. */
  foundedMax: 64,
  /** Of how many persons and domains it is remembered which places they made. */
  foundersKnownMax: 1_000,
  /** Members that the answer to an entering device names. */
  listedMembersMax: 200,
  /** Owners of one place. */
  ownersMax: 16,
  /** Aides of one place. */
  aidesMax: 64,
  /** Persons and domains that one place keeps out. */
  bansMax: 512,
  /** Persons and domains of whom a place remembers which row put them out; with the marks of domains below the store's of a context. */
  expulsionsMax: 512,
  /** Persons and domains that may not speak in one place. */
  silencedMax: 512,
  /** Persons who may enter one place and have not yet. */
  invitedMax: 512,
  /** Bytes of one of these lists, each name with a line feed. */
  listBytesMax: 32_768,
  /** How often a place that keeps nothing for longer than some days looks what has become too old. */
  eraseMs: 3_600_000,
  /** Devices of which a place remembers their newest act. */
  actsMax: 256,
  /** Of these, devices of one person; and those of all who are no owners are at most half of them. */
  actsOfOneMax: 16,
  /** How old the signature of an act may be: longer than a packet is on its way. */
  actAgeMsMax: 345_600_000,
  /** Devices of one person with a circuit at one time. */
  devicesMax: 16,
  /** People of other domains who have logged in here. */
  visitorsMax: 1000,
  /** Of these, people of one domain. */
  visitorsOfDomainMax: 250,
  /** People of one domain who are taken in on one day. */
  visitorsADayMax: 1000,
  /** Other domains that are asked whether something of a visitor's was taken back, beside our own ring. */
  visitorWitnessesAskedMax: 3,
  /** Of these so many must have answered where his certification has ended; where there are circuits to fewer, all, and at least one. */
  visitorWitnessesMin: 2,
  /** Who was let in before so many have answered is asked after again. */
  visitorAgainMs: 600_000,
  /** How long they are waited for: somebody waits to be let in. */
  visitorWitnessMs: 1_500,
  /** Of so many domains with circuits those are chosen that are normal here. */
  witnessCandidatesMax: 32,
  /** Of these, answers that are waited for at once, and keys of one visitor that one of them may tell; who tells more has not answered. */
  witnessesAskingMax: 256,
  witnessKeysMax: 5,
  /** Visits of one of our people elsewhere that are remembered; the oldest goes. */
  visitsKeptMax: 48,
  /** Entities, and their nodes, that a channel has addressed and that may answer it; the oldest goes first. */
  addressedMax: 2_048,
  /** Persons, places and audiences awake at one time. */
  entitiesMax: 100_000,
  /** People with whom one person has agreed something, or asked to. */
  circleMax: 1_000,
  /** Words of strangers that one person has not answered. */
  strangerRowsMax: 128,
  /** Of these, by one person here, or by all people of one other domain. */
  strangerRowsOfOneMax: 32,
  /** Bytes of a row by a stranger, and of a word about friendship. */
  strangerRowBytesMax: 20_480,
  /** People, or words of strangers, that one answer names. */
  othersRowsMax: 32,
  /** Bytes of what a device says of its person's presence, and of what comes of a friend's. */
  presenceBytesMax: 2_048,
  /** How often friends are told, at most. */
  presenceMsMin: 2_000,
  /** A device whose circuit is lost still counts for so long. */
  presenceGraceMs: 20_000,
  /** How long whoever asks for the presence of all friends waits for those that have not answered. */
  presenceWaitMs: 1_500,
  /** Things that the devices of one person have asked of their home and that are not done. */
  errandsMax: 16,
  /** Drawers of one person; below the store's records of a context. */
  drawersMax: 32,
  /** Bytes of what is in one. */
  drawerBytesMax: 65_536,
  /** Bytes of what a person shows of himself, to everybody or to friends. */
  profileBytesMax: 8_192,
  /** Bytes of its name. */
  drawerNameBytesMax: 64,
  /** Lines of a person's rules. */
  rulesMax: 1_000,
  /** Domains to which this node holds or wants circuits. */
  peersMax: 1_000,
  /** Domains that this node goes to, to see who is there. */
  meetingsMax: 64,
  /** Of these, unknown ones that came. */
  meetingsOfStrangersMax: 32,
  /** … and so many more than all that are known, for the admin. */
  meetingsForAdmin: 8,
  /** How long it tries. */
  meetingMsMax: 30_000,
  /** Bytes of another domain's key, which is kept. */
  pinnedKeyBytesMax: 32_768,
  /** Of these, domains that nobody has reached. */
  peersUnreachedMax: 750,
  /** Domains whose keys are being looked at. */
  looksMax: 1_000,
  /** As long as there are no more than so many, a key that is not known for its domain's adds one. */
  looksOfStrangersMax: 750,
  /** Looks at one of them that wait: at its own keys, at those that were named for it, and at others'. */
  looksOfDomainMax: 8,
  /** What one other domain may tell of keys, of either kind, in so long. */
  noticesMax: 16,
  noticesMs: 60_000,
  /** Domains that are to be looked at, each when its time has come; of more, those that nobody waits for are forgotten. */
  looksPlannedMax: 2_000,
  /** Questions to the DNS that are not answered. */
  lookUpsMax: 256,
  /** Statements of others that our own key has a successor which are remembered. */
  successorsHeardMax: 8,
  /** Domains that are asked which key they see of a third, and whose answers are remembered. */
  witnessesAskedMax: 32,
  /** A person is told again after this that another key was shown for him. */
  keyReportMsMin: 3_600_000,
  /** People whose keys are looked for elsewhere, since nobody at home answers; and so many domains. */
  searchesMax: 16,
  /** Of these, people of one domain. */
  searchesOfDomainMax: 4,
  /** Of whom it is remembered for `keysMsMax` what was found. */
  searchedMax: 256,
  /** Other domains whose key servers are asked for one of them. */
  keyServersAskedMax: 4,
  /** Bytes of the admin's rules about other domains. */
  policyBytesMax: 131_072,
  /** Domains not reached to which one person has said something. */
  unreachedOfPersonMax: 32,
  /** Circuits at one time, those that have proved nothing included. */
  circuitsMax: 20_000,
  /** Packets that an entity holds until the store has told it who its members are. */
  lettersMax: 64,
  /** Requests to enter or leave places elsewhere that are not answered; the oldest is forgotten, and said again. */
  requestsMax: 10_000,
  /** Packets posted and not yet routed in one step. */
  postedMax: 100_000,
  /** Pages of history being read for one place. */
  historiesMax: 64,
  /** Rows of one page of history. */
  historyRowsMax: 100,
  /** Bytes of one page of history; the row that passes it is the last. */
  historyBytesMax: 262_144,
  /** Registrations under one name that wait for each other. */
  registrationsMax: 4,
  /** Accounts of one answer to an admin. */
  accountsPageMax: 64,
  /** How long the name of a closed account is nobody's: a year. */
  reservedMs: 31_536_000_000,
  /** Logins of one person that wait for each other. */
  loginsMax: 16,
  /** OpenPGP questions that are not answered, of the whole node; whoever asks more is refused and asks again. */
  pkiAskedMax: 256,
  /** Those of them that are for nobody who lives here: the rest is for logins. */
  pkiStrangersMax: 192,
  /** … and of these for one domain, or of one network that has proved nothing. */
  pkiOfStrangerMax: 48,
  /** Authors whose keys are remembered. */
  authorsKnownMax: 10_000,
  /** Authors whose keys are being asked for. */
  authorsAskedMax: 256,
  /** Of these, those of publications, which any server may bring of anybody; and of what one server has brought. */
  publishersAskedMax: 128,
  publishersAskedOfLinkMax: 32,
  /** How long an author's domain may take to tell his keys. */
  keysMsMax: 10_000,
  /** A device that is not known is asked for again after this. */
  keysAgainMsMin: 10_000,
  /** Names of people and places whose form was checked and is remembered; together at most a kilobyte each. */
  namesMax: 4_096,
  /** Names that somebody has had before, one after the other, by which he is known. */
  movesMax: 4,
  /** Domains that hear what one person publishes. */
  feedSubscribersMax: 1_000,
  /** How long somebody who begins to follow is kept waiting until it is known what was published before. */
  feedWaitMs: 3_000,
  /** How long a publication waits for the one that it follows. */
  feedHoldMs: 10_000,
  /** How often publications are reconciled where nothing hints at a difference. */
  feedPullMs: 300_000,
  /** How long a server keeps trying to give the home what it has taken, after it took something last, where nobody here follows. */
  feedOwedMsMax: 2_592_000_000,
  /** Bytes of a frame of reconciliation that we write; below those of a frame that we read. */
  feedFrameBytesMax: 16_384,
  /** Publications that one question asks for. */
  feedGivenMax: 32,
  /** Publications that one exchange asks for. */
  feedWantedMax: 4_096,
  /** Questions about publications that one domain may ask at once, and how soon one more. */
  feedQuestionsMax: 256,
  feedQuestionMs: 50,
  /** Publications of one visitor that are taken at once, and how soon one more. */
  visitorPublicationsMax: 32,
  visitorPublicationMs: 600_000,
  /** The same of all visitors from one domain, which has as many people as it likes. */
  visitorPublicationsOfDomainMax: 256,
  visitorPublicationOfDomainMs: 60_000,
  /** Bytes of files of one person here, and of one person elsewhere; of others older files go for newer ones. */
  attachmentsOwnBytesMax: 268_435_456,
  attachmentsOthersBytesMax: 67_108_864,
  /** Files of one person's publications that are not here, and are asked for. */
  attachmentsWantedMax: 256,
  /** A file of a publication older than this is asked for no more where nobody has it. */
  attachmentWaitMsMax: 604_800_000,
  /** Chunks of one visitor's files that are taken at once, and how soon one more; and of all visitors from one domain. */
  visitorChunksMax: 64,
  visitorChunkMs: 60_000,
  visitorChunksOfDomainMax: 512,
  visitorChunkOfDomainMs: 30_000,
  /** Rows of one page of publications for readers without a client. */
  pageRowsMax: 48,
  /** Bytes of these; the rows that pass it are its last. */
  pageBytesMax: 1_048_576,
  /** How long it waits for keys by which signatures are checked. */
  pageWaitMs: 2_000,
  /** Publications that one domain may have passed on at once, and how soon one more; the same of one author. */
  relayedOfLinkMax: 256,
  relayedOfLinkMs: 100,
  relayedOfAuthorMax: 32,
  relayedOfAuthorMs: 5_000,
  /** Publications that were passed on and are remembered; at least the last so many. */
  relayedSeenMax: 65_536,
  /** Packets of one circuit that wait for an author's keys. */
  uncheckedMax: 64,
} as const;

/** The limits of one node. */
export type FederationLimits = { readonly [K in keyof typeof federationLimits]: number };
