/** Which network an address is of, and who registered a name: what makes two witnesses one. docs/spec/trust.md#quorum */

/** The /24 of an IPv4 address, the /48 of an IPv6 one, as text to be compared; null: it is none. */
export function networkOf(address: string): string | null {
  const ipv4 = octetsOf(address);
  if (ipv4 !== null) return ipv4.slice(0, 3).join('.');
  const groups = groupsOf(address);
  if (groups === null) return null;
  // IPv4 that is written as IPv6 is IPv4.
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `${groups[6]! >> 8}.${groups[6]! & 255}.${groups[7]! >> 8}`;
  }
  return groups
    .slice(0, 3)
    .map((group) => group.toString(16))
    .join(':');
}

/**
 * The last two labels. No list of public suffixes has a shorter one, so this takes for one what may be two (all of `co.uk`),
 * and never for two what is one.
 */
export const registrableOf = (domain: string): string => domain.split('.').slice(-2).join('.');

function octetsOf(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part))) return null;
  const octets = parts.map(Number);
  return octets.every((octet) => octet < 256) ? octets : null;
}

/** RFC 4291 section 2.2, without a zone. */
function groupsOf(text: string): number[] | null {
  const dotted = /^(.*:)([^:]*\.[^:]*)$/.exec(text);
  const octets = dotted === null ? null : octetsOf(dotted[2]!);
  if (dotted !== null && octets === null) return null;
  const hex = (octet: number): string => octet.toString(16).padStart(2, '0');
  const whole =
    octets === null ? text : `${dotted![1]}${hex(octets[0]!)}${hex(octets[1]!)}:${hex(octets[2]!)}${hex(octets[3]!)}`;
  const halves = whole.split('::');
  if (halves.length > 2) return null;
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const written = [...left!, ...(right ?? [])];
  if (!written.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return null;
  if (right === undefined ? written.length !== 8 : written.length > 7) return null;
  const zeros = Array.from({ length: 8 - written.length }, () => '0');
  return [...left!, ...zeros, ...(right ?? [])].map((group) => Number.parseInt(group, 16));
}
