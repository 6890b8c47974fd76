/** A database's URL, which may hold a password: checked, and shown without it. docs/operating.md#configuration */

function parse(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^postgres(?:ql)?:$/.test(url.protocol) ? url : null;
}

/** Whether the text is `postgres://…` or `postgresql://…`. */
export const isDatabaseUrl = (text: string): boolean => parse(text) !== null;

/** Whether there is a password in it. */
export function hasPassword(text: string): boolean {
  const url = parse(text);
  return url !== null && (url.password !== '' || url.searchParams.has('password'));
}

/** The URL for people: any password is three dots, and so is what cannot be told from one. */
export function shownUrl(text: string): string {
  const url = parse(text);
  if (url === null) return '…';
  if (url.password !== '') url.password = '___';
  if (url.searchParams.has('password')) url.searchParams.set('password', '___');
  return url.href.replaceAll('___', '…');
}
