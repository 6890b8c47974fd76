/** A passphrase: from the environment, from a file, or from the keyboard without showing it. docs/spec/people.md#profile */
import { readFileSync } from 'node:fs';
import type { ReadStream } from 'node:tty';

const EOT = '\u0004';
const INTERRUPT = '\u0003';

/** Asks where it stands, in this order: `file`, P3DO_PASSPHRASE, the terminal. null: nobody can be asked, or would not say. */
export async function passphrase(isNew: boolean, file: string | undefined): Promise<string | null> {
  if (file !== undefined) return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  const given = process.env['P3DO_PASSPHRASE'];
  if (given !== undefined) return given;
  if (!process.stdin.isTTY) return null;
  if (!isNew) return typed('Passphrase: ');
  const first = await typed('New passphrase: ');
  const again = first === null ? null : await typed('The same again: ');
  return first === again ? first : null;
}

/** One line from the terminal, without echo; null after an interrupt. */
function typed(prompt: string): Promise<string | null> {
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
