/** A passphrase: from the environment, from a file, or from the keyboard without showing it. docs/spec/people.md#profile */
import type { ReadStream } from 'node:tty';
import { textOfFile } from './text.ts';

const EOT = '\u0004';
const INTERRUPT = '\u0003';

/** A passphrase, or why there is none: a sentence. */
export type Given = { readonly secret: string } | { readonly fault: string };

/** Asks where it stands, in this order: `file`, the environment's `variable`, the terminal. System errors of the file pass. */
export async function passphrase(
  isNew: boolean,
  file: string | undefined,
  variable = 'P3DO_PASSPHRASE',
): Promise<Given> {
  if (file !== undefined) {
    const secret = textOfFile(file);
    return secret === null ? { fault: `${file} is not UTF-8` } : { secret };
  }
  const given = process.env[variable];
  if (given !== undefined) return { secret: given };
  const [option, which] =
    variable === 'P3DO_PASSPHRASE' ? ['--passphrase-file', ''] : ['--new-passphrase-file', ' new'];
  if (!process.stdin.isTTY) return { fault: `no${which} passphrase: set ${variable}, or use ${option}` };
  const first = await typed(isNew ? 'New passphrase: ' : 'Passphrase: ');
  const again = isNew && first !== null ? await typed('The same again: ') : first;
  if (first === null || again === null) return { fault: 'interrupted' };
  return first === again ? { secret: first } : { fault: 'they differ' };
}

/** One line from the terminal, without echo; null after an interrupt. */
export function typed(prompt: string): Promise<string | null> {
  const stdin = process.stdin as ReadStream;
  process.stderr.write(prompt);
  return new Promise((resolve) => {
    let line = '';
    const finish = (answer: string | null): void => {
      stdin.off('data', hear).setRawMode(false).pause();
      process.stderr.write('\n');
      resolve(answer);
    };
    const hear = (text: string): void => {
      for (const character of text) {
        if (character === '\r' || character === '\n' || character === EOT) finish(line);
        else if (character === INTERRUPT) finish(null);
        else if (character === '\u007f' || character === '\b') line = line.replace(/.$/su, '');
        else line += character;
        if (character === '\r' || character === '\n' || character === EOT || character === INTERRUPT) return;
      }
    };
    stdin.setRawMode(true).setEncoding('utf8').on('data', hear).resume();
  });
}
