/** Looking for words in what was said: here, on the reader's machine, since no server can read all of it. docs/spec/places.md#search */

/** Text as it is compared: compatible forms of letters are one (NFKC), and so are cases, also where they differ in length (ß, ς). */
const fold = (text: string): string => text.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');

/** Whether a text has all of the words, each as a part of it; `words` are divided by blanks. */
export function searchFor(words: string): (text: string) => boolean {
  const wanted = fold(words)
    .split(/\s+/)
    .filter((word) => word !== '');
  return (text) => {
    const folded = fold(text);
    return wanted.every((word) => folded.includes(word));
  };
}
