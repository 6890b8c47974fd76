/** Words in what a server says: numbers, and domains of uniforms. docs/spec/people.md#session */
import { publicationLimits } from '../../publication/limits.ts';

export { feedOf, isFeed } from '../../publication/feed.ts';
export { covers, isReasoned, putOutBy } from '../../publication/act.ts';

/** UTF-8 bytes of why somebody is put out. */
export const { reasonBytesMax } = publicationLimits;

/** Bytes of a file that is attached. */
export const { attachmentBytesMax } = publicationLimits;

/** A whole number in canonical decimal, or null. */
export const counted = (text: string | undefined): number | null =>
  text !== undefined && /^(?:0|[1-9][0-9]{0,14})$/.test(text) ? Number(text) : null;

/** The domain in a uniform that was checked. */
export const domainOf = (uniform: string): string => /^psyc:\/\/([^/#]*)/.exec(uniform)?.[1] ?? '';
