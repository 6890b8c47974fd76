/** Characters of others that would move the cursor or turn the text around, escaped. docs/spec/people.md#shown */

/** C0, DEL, C1; marks and embeddings of direction (UAX #9); separators of lines; invisible tags and the byte order mark. */
export const unsafe =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/gu;

const escaped = (character: string): string => {
  const code = character.codePointAt(0)!.toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`;
};

/** Text on one line. */
export const safeLine = (text: string): string => text.replace(unsafe, escaped);

/** Text on as many lines as it has. */
export const safeLines = (text: string): string => text.split('\n').map(safeLine).join('\n');
