/** What somebody has published as a page of plain HTML: no script, no picture, nothing from elsewhere. docs/spec/pages.md#content */
import { createHash } from 'node:crypto';
import type { Page, Shown } from '../../federation/feeds/page-shown.ts';
import { escaped, moment } from './escape.ts';
import { addressOf, anchorOf, filePathOf, pathOf } from './names.ts';
import { signatureWords } from './words.ts';

const style = `
:root { color-scheme: light dark; }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin-bottom: 0; overflow-wrap: anywhere; }
header p, footer, .about { color: GrayText; font-size: .85rem; overflow-wrap: anywhere; }
article { border-top: 1px solid GrayText; padding: .5rem 0; }
article:target { outline: 2px solid Highlight; outline-offset: .25rem; }
.text { margin: .25rem 0; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.bad { color: #b00020; font-weight: bold; }
@media (prefers-color-scheme: dark) { .bad { color: #ff8a80; } }
`;

/** Nothing is loaded or run but that style. */
export const contentPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page, as a server of `domain` shows it. */
export function renderHtml(page: Page, domain: string, before: number | null): string {
  const { of, topic, fingerprint, shown } = page;
  const name = escaped(addressOf(of));
  const feed = escaped(pathOf(of, domain, 'atom', before));
  const key = fingerprint === null ? '' : `; key <code>${fingerprint}</code>`;
  return `<!DOCTYPE html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}</title>
<link rel="alternate" type="application/atom+xml" href="${feed}" title="${name}">
<style>${style}</style>
</head>
<body>
<header lang="en">
<h1>${name}</h1>
${topic ? `<p class="text" dir="auto">${escaped(topic)}</p>\n` : ''}<p>${topic === null ? 'What' : 'What is said to everybody in'} <a href="${escaped(of)}">${escaped(of)}</a>${topic === null ? ' has published' : ''}, as ${escaped(domain)} carries it${key}. <a href="${feed}">Atom</a></p>
</header>
<main>
${shown.map((one) => articleOf(one, page, domain)).join('\n')}
</main>
<footer lang="en">
${page.before === null ? '' : `<p><a rel="next" href="${escaped(pathOf(of, domain, 'html', page.before))}">Older</a></p>\n`}<p>That a signature was checked is the word of ${escaped(domain)}; with <code>p3do ${topic === null ? 'follow' : 'enter'} ${name}</code> your own machine checks it.</p>
</footer>
</body>
</html>
`;
}

function articleOf(shown: Shown, page: Page, domain: string): string {
  const { id, timeMs } = shown;
  const anchor = anchorOf(shown);
  const code = id === null ? '' : ` <code>${id.slice(0, 8)}</code>`;
  const time = `<a href="#${anchor}"><time datetime="${moment(timeMs)}">${timeOf(timeMs)}</time></a>${code}`;
  const open = `<article id="${anchor}">\n<p class="about" lang="en">`;
  if (shown.kind === 'deleted')
    return `${open}${time} · deleted by its author, ${timeOf(shown.deletedMs)}</p>\n</article>`;
  const { text, author, isAction, isCut, editedMs, signature } = shown;
  const name = escaped(addressOf(author));
  const about = [time, ...(author === page.of ? [] : [name]), ...answersOf(shown, page)];
  if (editedMs !== null) about.push(`put right by its author, ${timeOf(editedMs)}`);
  const isBad = signature === 'unlisted' || signature === 'none';
  about.push(`<span${isBad ? ' class="bad"' : ''}>${escaped(signatureWords[signature])}</span>`);
  if (isCut) about.push('longer than is shown here');
  const who = isAction ? `* ${name} ` : '';
  const words = `<p class="text" dir="auto">${who}${escaped(text)}</p>`;
  return `${open}${about.join(' · ')}</p>\n${words}\n${fileOf(shown, page, domain)}</article>`;
}

/** A file is a link to be saved, and nothing that is shown; of what nobody vouches for none. */
function fileOf({ file, signature }: Extract<Shown, { kind: 'said' }>, { of }: Page, domain: string): string {
  if (file === null || signature === 'unlisted') return '';
  const { id, name, type, bytes } = file;
  const path = escaped(filePathOf(of, domain, id));
  return `<p class="about" lang="en">attached: <a download rel="nofollow" href="${path}"><bdi>${escaped(name)}</bdi></a>, ${escaped(type)}, ${bytes} bytes</p>\n`;
}

function answersOf({ answers }: Extract<Shown, { kind: 'said' }>, { of }: Page): string[] {
  if (answers === null) return [];
  const code = `<code>${answers.id.slice(0, 8)}</code>`;
  if (answers.author === of) return [`answers <a href="#p-${answers.id}">${code}</a>`];
  return [`answers ${escaped(addressOf(answers.author))} ${code}`];
}

/** `2026-11-30 14:05 UTC`. */
const timeOf = (timeMs: number): string => `${moment(timeMs).slice(0, 16).replace('T', ' ')} UTC`;
