/** The little of DER (ITU-T X.690) that a certificate takes. docs/spec/transport.md#certificate */

/** Identifier octets. */
export const tags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  /** Context-specific, of GeneralName (RFC 5280 section 4.2.1.6). */
  dnsName: 0x82,
  ipAddress: 0x87,
  /** Context-specific and constructed; the number is added. */
  explicit: 0xa0,
} as const;

/** One value: tag, length in its shortest form, content. */
export function primitive(tag: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(bytes.length), bytes]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octetsOf: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 0x100)) octetsOf.unshift(rest % 0x100);
  return Buffer.from([0x80 + octetsOf.length, ...octetsOf]);
}

export const sequence = (...parts: Uint8Array[]): Buffer => primitive(tags.sequence, Buffer.concat(parts));
export const set = (...parts: Uint8Array[]): Buffer => primitive(tags.set, Buffer.concat(parts));
export const explicit = (number: number, part: Uint8Array): Buffer => primitive(tags.explicit + number, part);
export const octets = (content: Uint8Array): Buffer => primitive(tags.octetString, content);

/** Two's complement, big-endian; the caller's bytes must be the shortest form. */
export const integer = (content: Uint8Array): Buffer => primitive(tags.integer, content);

/** Whole bytes: no bit of the last is unused. */
export const bits = (content: Uint8Array): Buffer =>
  primitive(tags.bitString, Buffer.concat([Buffer.from([0]), content]));

/** An object identifier from its dotted form; the first two numbers share a byte, the others go in base 128. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [40 * first + second];
  for (const number of rest) {
    const septets = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return primitive(tags.oid, Buffer.from(bytes));
}

/** A moment to the second, for years up to 2049 (RFC 5280 section 4.1.2.5.1). */
export const utcTime = (atMs: number): Buffer =>
  primitive(tags.utcTime, `${new Date(atMs).toISOString().replace(/\D/g, '').slice(2, 14)}Z`);
