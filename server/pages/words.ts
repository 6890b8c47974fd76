/** Words of pages that are ours. docs/spec/pages.md#signatures */
import type { Shown, Signature } from '../../federation/feeds/page-shown.ts';

/** What each state of a signature is for people. */
export const signatureWords: Readonly<Record<Signature, string>> = {
  good: 'signed by a device of the author, which this server has checked',
  unlisted: 'signed by a device that the author has no more',
  unchecked: 'signed; checked when it came, and nobody gives the author’s keys now',
  none: 'not signed: by the word of this server',
};

/** Characters of a title. */
const TITLE_MAX = 64;

/** The first words. */
export function titleOf({ text }: Extract<Shown, { kind: 'said' }>): string {
  const line = text.trim().split('\n', 1)[0]!;
  const characters = Array.from(line.slice(0, 4 * TITLE_MAX));
  if (line === '') return 'untitled';
  return characters.length <= TITLE_MAX ? line : `${characters.slice(0, TITLE_MAX).join('')}…`;
}
