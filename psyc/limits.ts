/** What a peer may make us hold: every limit of the wire, by name. docs/spec/psyc.md#limits */

/** Bytes and counts; the table in docs/spec/psyc.md#limits holds the same numbers. */
export const limits = {
  /** Bytes of a variable's or method's name. */
  nameBytesMax: 128,
  /** Digits of a length, leading zeros included. */
  lengthDigitsMax: 10,
  /** Modifiers of a routing header. */
  routingModifiersMax: 32,
  /** Bytes of a routing header, from the packet's first byte to the length line or the terminator. */
  routingBytesMax: 8192,
  /** Bytes of a uniform. */
  uniformBytesMax: 1024,
  /** Bytes of any other routing variable: an answer must have room for a tag under two names. */
  tagBytesMax: 256,
  /** Sync lines at the head of a content. */
  syncLinesMax: 4,
  /** Modifiers of an entity header. */
  entityModifiersMax: 512,
  /** Bytes of one entity variable's value. */
  valueBytesMax: 65_536,
  /** Bytes of a content: entity header, method and data with their line feeds. */
  contentBytesMax: 262_144,
  /** Elements of a list or dict. */
  elementsMax: 1024,
  /** Persistent variables of one context. */
  stateVariablesMax: 256,
  /** Bytes of names and values of one context's persistent variables together; and of what one packet augments or diminishes. */
  stateBytesMax: 131_072,
  /** Fragments of one packet. */
  fragmentsMax: 256,
  /** Packets of one circuit that are being put together from fragments at once. */
  fragmentedPacketsMax: 16,
  /** Bytes of content kept for packets not yet whole, of one circuit. */
  fragmentedBytesMax: 1_048_576,
} as const;

/** The parser's share of the limits, to be lowered for circuits that have proved nothing yet. */
export type ParserLimits = {
  readonly [K in
    | 'nameBytesMax'
    | 'lengthDigitsMax'
    | 'routingModifiersMax'
    | 'routingBytesMax'
    | 'syncLinesMax'
    | 'entityModifiersMax'
    | 'valueBytesMax'
    | 'contentBytesMax']: number;
};
