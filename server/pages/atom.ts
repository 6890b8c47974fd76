/** What somebody has published as an Atom feed (RFC 4287), with answers (RFC 4685), deleted entries (RFC 6721) and older pages (RFC 5005). docs/spec/pages.md#content */
import type { Page, Shown } from '../../federation/feeds/page-shown.ts';
import { escaped, moment } from './escape.ts';
import { addressOf, anchorOf, digestName, filePathOf, nameOf, pathOf } from './names.ts';
import { signatureWords, titleOf } from './words.ts';

/** The feed, as a server of `domain` at `base`, its URL without a path, shows it. */
export function renderAtom(page: Page, domain: string, base: string, before: number | null): string {
  const { of, topic, shown } = page;
  const link = (rel: string, href: string, type: string): string =>
    `  <link rel="${rel}" type="${type}" href="${escaped(base + href)}"/>`;
  const updated = Math.max(
    0,
    ...shown.map((one) => (one.kind === 'deleted' ? one.deletedMs : (one.editedMs ?? one.timeMs))),
  );
  return `${[
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0" xmlns:at="http://purl.org/atompub/tombstones/1.0">',
    `  <id>${escaped(topic === null ? `${of}#_publications` : of)}</id>`,
    `  <title>${escaped(addressOf(of))}</title>`,
    `  <subtitle>${escaped(topic || `as ${domain} carries it`)}</subtitle>`,
    `  <updated>${moment(updated)}</updated>`,
    link('self', pathOf(of, domain, 'atom', before), 'application/atom+xml'),
    link('alternate', pathOf(of, domain, 'html', before), 'text/html'),
    ...(page.before === null ? [] : [link('next', pathOf(of, domain, 'atom', page.before), 'application/atom+xml')]),
    `  <author><name>${escaped(addressOf(of))}</name><uri>${escaped(of)}</uri></author>`,
    ...shown.map((one) => entryOf(one, page, { domain, base, before })),
    '</feed>',
  ].join('\n')}\n`;
}

/** Where the feed is. */
interface Place {
  readonly domain: string;
  readonly base: string;
  readonly before: number | null;
}

function entryOf(shown: Shown, { of }: Page, place: Place): string {
  const { domain, base, before } = place;
  const page = base + pathOf(of, domain, 'html', before);
  const { timeMs } = shown;
  const name = escaped(nameOf(of, shown));
  if (shown.kind === 'deleted') return `  <at:deleted-entry ref="${name}" when="${moment(shown.deletedMs)}"/>`;
  const { text, author, answers, editedMs, signature } = shown;
  return [
    '  <entry>',
    `    <id>${name}</id>`,
    `    <title>${escaped(titleOf(shown))}</title>`,
    ...(author === of
      ? []
      : [`    <author><name>${escaped(addressOf(author))}</name><uri>${escaped(author)}</uri></author>`]),
    `    <published>${moment(timeMs)}</published>`,
    `    <updated>${moment(editedMs ?? timeMs)}</updated>`,
    `    <link rel="alternate" type="text/html" href="${escaped(page)}#${anchorOf(shown)}"/>`,
    ...enclosureOf(shown, of, place),
    ...(answers === null ? [] : [`    <thr:in-reply-to ref="${digestName(answers.id)}"/>`]),
    `    <category term="signature-${signature}" label="${escaped(signatureWords[signature])}"/>`,
    `    <content type="text">${escaped(text)}</content>`,
    '  </entry>',
  ].join('\n');
}

/** The file of a publication, where somebody vouches for that. The type is its author's word: it is served as bytes to be saved. */
function enclosureOf(
  { file, signature }: Extract<Shown, { kind: 'said' }>,
  of: string,
  { domain, base }: Place,
): string[] {
  if (file === null || signature === 'unlisted') return [];
  const { id, name, type, bytes } = file;
  const href = escaped(base + filePathOf(of, domain, id));
  return [
    `    <link rel="enclosure" type="${escaped(type)}" length="${bytes}" title="${escaped(name)}" href="${href}"/>`,
  ];
}
