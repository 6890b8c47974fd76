/** A fingerprint as people type it: in groups, in capitals, with colons. docs/operating.md#a-domain-came-with-another-key */
import { InvalidArgumentError } from 'commander';

/** Hexadecimal in lower case. Throws InvalidArgumentError. */
export function fingerprint(typed: string): string {
  const digits = typed.replace(/[\s:]/g, '').toLowerCase();
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(digits)) return digits;
  throw new InvalidArgumentError('A fingerprint is 40 hexadecimal digits.');
}
