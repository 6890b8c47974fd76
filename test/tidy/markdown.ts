/** The little of Markdown that rules need: headings and their anchors, sections, fenced blocks. */

/** GitHub's anchor of a heading: lower case, punctuation gone, spaces to hyphens. */
const slug = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');

const fences = /^(?:```|~~~).*\n[\s\S]*?^(?:```|~~~)[ \t]*$/gm;

/** A text's headings outside fenced blocks, with their level and where they stand. */
function headings(text: string): { level: number; title: string; start: number }[] {
  const bare = text.replace(fences, (block) => block.replace(/[^\n]/g, ' '));
  return [...bare.matchAll(/^(#{1,6}) +(.*?)[ #]*$/gm)].map(({ 1: marks = '', 2: title = '', index }) => ({
    level: marks.length,
    title,
    start: index,
  }));
}

/** Every anchor that `#…` can name in this text; a heading that occurs again has -1, -2 … as on GitHub. */
export function anchors(text: string): Set<string> {
  const found = new Set([...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = '']) => id));
  const counts = new Map<string, number>();
  for (const { title } of headings(text)) {
    const anchor = slug(title);
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    found.add(count === 0 ? anchor : `${anchor}-${count}`);
  }
  return found;
}

/** The text under the heading with this anchor, up to the next of its level; '' if there is none. */
export function section(text: string, anchor: string): string {
  const all = headings(text);
  const at = all.findIndex(({ title }) => slug(title) === anchor);
  const heading = all[at];
  if (heading === undefined) return '';
  const next = all.slice(at + 1).find(({ level }) => level <= heading.level);
  return text.slice(heading.start, next?.start);
}

/** The lines of all fenced blocks. */
export const fencedLines = (text: string): string[] =>
  (text.match(fences) ?? []).flatMap((block) => block.split('\n').slice(1, -1));
