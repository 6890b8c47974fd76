/** Of whom and of which places pages are shown. docs/spec/pages.md#whose */
import { feedOf } from '../../publication/feed.ts';
import type { AdminQuestion } from '../admin-questions.ts';
import type { Authors } from '../keys/authors.ts';
import type { Desk } from '../desk.ts';
import { ERASED } from '../places/erasing.ts';
import { domainOf, entityIn } from '../letter.ts';
import { feedSource, placeLine, readPage, type Source } from './page.ts';
import type { Page } from './page-shown.ts';
import { PUBLISHED, stateOf } from '../places/place-state.ts';
import { readRecords } from '../records.ts';

type Asked = Extract<AdminQuestion, { kind: 'page' }>;

/** Finds the page that is asked for; null: nothing of that is shown here. `isCarried`: whether this server keeps what somebody from elsewhere publishes. */
export function findPage(
  desk: Desk,
  authors: Pick<Authors, 'find'>,
  { of, before, scope }: Asked,
  isCarried: (feed: string) => boolean,
  found: (page: Page | null) => void,
): void {
  const kind = entityIn(of)?.kind;
  const show = (source: Source | null): void => {
    if (source === null) found(null);
    else readPage(desk, authors, source, before, found);
  };
  if (kind === 'place') {
    if (scope.places === 'none' || domainOf(of) !== desk.domain) show(null);
    else placeSource(desk, of, show);
    return;
  }
  if (kind !== 'person') show(null);
  else findFeed(desk, { of, scope }, isCarried, (feed) => show(feed === null ? null : feedSource(feed)));
}

/** Where a person's publications are, if they are shown here; null: they are not. */
export function findFeed(
  desk: Desk,
  { of, scope }: Pick<Asked, 'of' | 'scope'>,
  isCarried: (feed: string) => boolean,
  found: (feed: string | null) => void,
): void {
  const feed = feedOf(of);
  if (scope.people === 'none') found(null);
  else if (domainOf(of) !== desk.domain) found(scope.people === 'followed' && isCarried(feed) ? feed : null);
  else
    readRecords(desk, of, (records) => {
      // Whoever does not live here, or is frozen, shows nothing.
      found(records?.has('fingerprint') === true && !records.has('frozen') ? feed : null);
    });
}

/** What is said in a place since its owner has it published; null: he has not, or the store does not answer. */
function placeSource(desk: Desk, place: string, found: (source: Source | null) => void): void {
  readRecords(desk, place, (records) => {
    const state = records === null ? null : stateOf(records);
    if (state?.mode !== 'published') {
      found(null);
      return;
    }
    desk.ask({ kind: 'marks', context: place }, (outcome) => {
      if (outcome.kind !== 'marks') {
        found(null);
        return;
      }
      const mark = (name: string): number => outcome.marks.find((one) => one.name === name)?.sequence ?? 0;
      const limit = state.rows === null ? 0 : outcome.last - state.rows;
      const hidden = Math.max(mark(PUBLISHED), mark(ERASED), state.cleared, limit);
      found({ context: place, of: place, topic: state.topic, hidden, lineOf: placeLine });
    });
  });
}
