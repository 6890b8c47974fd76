/** What a place says of itself, read. docs/spec/places.md#status */
import type { Status } from '../../client/session/events.ts';

/** Whether nobody is known to have been there: a place that all have left for good says the same. */
export const isNothing = ({ owners, aides, amount, mode, topic }: Status): boolean =>
  owners.length + aides.length === 0 && amount === null && mode === 'public' && !topic;
