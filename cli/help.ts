/** Pages of help, folded to the terminal: paragraphs anew, what is indented as it was written. docs/operating.md#command-line */

/** The commands by what somebody wants to do, in the order in which they are met. */
export const groups: Readonly<Record<string, readonly string[]>> = {
  'To try it:': ['localserve', 'simulate', 'help'],
  'Being somebody:': [
    'register',
    'device',
    'passphrase',
    'profile',
    'presence',
    'trust',
    'servers',
    'export',
    'move',
    'close',
  ],
  'Speaking and hearing:': [
    'chat',
    'say',
    'send',
    'ask',
    'stock',
    'listen',
    'box',
    'talk',
    'overhear',
    'pending',
    'notify',
  ],
  'Publishing:': ['publish', 'attachment', 'follow', 'unfollow'],
  'Places:': ['enter', 'leave', 'place', 'places', 'history'],
  'Other people:': ['friend', 'requests', 'block', 'ignore', 'alias'],
  'A domain of your own:': [
    'quickstart',
    'serve',
    'config',
    'dns',
    'doctor',
    'invite',
    'account',
    'key',
    'federate',
    'store',
  ],
  'Looking at bytes:': ['packet', 'cell'],
};

/** The heading under which a command stands. */
export const groupOf = (name: string): string =>
  Object.keys(groups).find((heading) => groups[heading]!.includes(name)) ?? 'Commands:';

/** `text` with paragraphs folded at blanks to `columns`. A line that begins with a blank is none of a paragraph. */
export function foldedPage(text: string, columns: number): string {
  const lines: string[] = [];
  let words: string[] = [];
  const flush = (): void => {
    let line = '';
    for (const word of words) {
      if (line !== '' && line.length + 1 + word.length > columns) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    if (line !== '') lines.push(line);
    words = [];
  };
  for (const line of text.split('\n')) {
    if (line !== '' && !line.startsWith(' ')) words.push(...line.split(' '));
    else {
      flush();
      lines.push(line);
    }
  }
  flush();
  return lines.join('\n');
}
