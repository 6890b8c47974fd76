/** Whom or what somebody may have meant by a name that is nobody's: the nearest that this device knows. docs/spec/people.md#mistakes */
import type { Kept } from '../../client/session/kept.ts';
import { parseUniform } from '../../psyc/uniform.ts';
import { suggestion } from '../../server/config/suggestion.ts';

/** The nearest of `known` to a person's or place's uniform, uniforms all of them: another name at its domain, or the name at another domain; null: none is near, or it is one of them. `isThere`: its domain has answered, so that it is written rightly. */
export function meantOf(uniform: string, known: Iterable<string>, isThere: boolean): string | null {
  const { host, kind, name } = parseUniform(uniform);
  const others = [...known].map((one) => ({ one, ...parseUniform(one) }));
  const domains = new Set(others.map((other) => other.host));
  const domain = isThere || domains.has(host) ? host : suggestion(host, [...domains]);
  if (domain === null) return null;
  const there = others.filter((other) => other.host === domain && other.kind === kind).map((other) => other.name);
  const near = there.includes(name) ? name : suggestion(name, there);
  if (near === null && domain === host) return null;
  const meant = `psyc://${domain}/${kind === 'place' ? '@' : '~'}${near ?? name}`;
  return meant === uniform ? null : meant;
}

/** Places that a device has entered or heard, and people and domains whose keys it has pinned. */
export const knownIn = ({ hearing, speaking, pins }: Kept): string[] => [
  ...new Set([...hearing.places.keys(), ...speaking.entered.keys()]),
  ...[...pins.keys()].map((pinned) => (pinned.startsWith('psyc:') ? pinned : `psyc://${pinned}`)),
];
