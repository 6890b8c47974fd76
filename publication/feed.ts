/** The channel in which a person publishes. docs/spec/feeds.md#address */
import { joinBytes } from '../crypto/bytes.ts';
import { withoutChannel } from '../psyc/uniform.ts';
import type { Statement } from './fields.ts';

const CHANNEL = '#_publications';
const PERSON = /^psyc:\/\/[^/#]+\/~[^/#]+$/;

/** The address of everything that a person publishes: `psyc://domain/~nick#_publications`. */
export const feedOf = (person: string): string => `${person}${CHANNEL}`;

/** Whether a uniform in its one form is that of somebody's publications. */
export const isFeed = (uniform: string): boolean =>
  uniform.endsWith(CHANNEL) && PERSON.test(uniform.slice(0, -CHANNEL.length));

/** Whose words one is among them: a name for each key and device. */
export const chainOf = ({ fingerprint, device }: Pick<Statement, 'fingerprint' | 'device'>): Uint8Array =>
  joinBytes(fingerprint, device);

/** Whose publications they are. */
export const authorOfFeed = withoutChannel;
