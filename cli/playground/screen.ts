/** What a town shows: lines above a prompt, folded to the terminal; or objects, one a line. docs/operating.md#playground */
import type { Socket } from 'node:net';
import { createInterface, type Interface, moveCursor, clearScreenDown, cursorTo } from 'node:readline';
import { jsonLine } from '../person/show.ts';

const COLUMNS = 80;

/** Takes no column of its own: marks that go with what stands before them. */
const marks = /\p{Mark}|\u200d/gu;
/** Takes two. */
const wide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/gu;

/** About how many columns of a terminal a text takes. */
const columnsOf = (text: string): number => {
  const shown = text.replace(marks, '').replace(wide, 'xx');
  return Array.from(shown).length;
};

/** Text folded at blanks to so many columns; further lines are indented. */
export function folded(text: string, columns: number, indent: string): string {
  const lead = /^ */.exec(text)![0];
  const [first = '', ...words] = text.slice(lead.length).split(' ');
  const lines: string[] = [];
  let line = `${lead}${first}`;
  for (const word of words) {
    const longer = `${line} ${word}`;
    if (columnsOf(longer) > columns) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = longer;
  }
  return [...lines, line].join('\n');
}

/** One screen, until `close`: from then on only its ending is told. */
export class Screen {
  readonly isJson: boolean;
  /** Whether a person looks on and types. */
  readonly isLive: boolean;
  #prompt: Interface | null = null;
  /** Lines that came before anybody waited for them; null behind them is the end. */
  #typed: (string | null)[] = [];
  #wake: () => void = () => {};
  #isEnded = false;

  constructor(isJson: boolean) {
    this.isJson = isJson;
    this.isLive = !isJson && process.stdin.isTTY && process.stdout.isTTY;
  }

  /** A line for people; folded, where somebody looks on. */
  say(text = '', indent = '  '): void {
    if (!this.#isEnded) this.#say(text, indent);
  }

  /** The same of the ending: what is broken off by it says nothing more. */
  sayLast(text: string): void {
    this.#say(text, '  ');
  }

  #say(text: string, indent: string): void {
    if (this.isJson) return;
    const columns = process.stdout.isTTY
      ? Math.max(40, process.stdout.columns ?? COLUMNS) - 1
      : Number.MAX_SAFE_INTEGER;
    const lines = text.split('\n').map((line) => folded(line, columns, indent));
    this.#above(`${lines.join('\n')}\n`);
  }

  /** The same, not so loud. */
  note(text: string, indent = '  '): void {
    const isPlain = !process.stdout.isTTY || process.env['NO_COLOR'] !== undefined;
    if (isPlain) this.say(text, indent);
    else if (!this.#isEnded) {
      const columns = Math.max(40, process.stdout.columns ?? COLUMNS) - 1;
      this.#above(`\u001b[2m${folded(text, columns, indent)}\u001b[0m\n`);
    }
  }

  /** An object, where they are wanted. */
  tell(object: object): void {
    if (this.isJson && !this.#isEnded) process.stdout.write(jsonLine(object));
  }

  /** Begins to take lines. `ended` is called when there are no more, `interrupted` for Ctrl-C. */
  ask(prompt: string, complete: (line: string) => string[], interrupted: () => void): void {
    if (this.#isEnded) {
      this.#typed.push(null);
      return;
    }
    const completer = (line: string): [string[], string] => {
      const word = /\S*$/.exec(line)?.[0] ?? '';
      return [complete(line).filter((one) => one.startsWith(word)), word];
    };
    const { stdin, stdout } = process;
    const reading = this.isLive
      ? createInterface({ input: stdin, output: stdout, terminal: true, completer, historySize: 200 })
      : createInterface({ input: stdin, terminal: false });
    this.#prompt = reading;
    reading.on('line', (line) => {
      if (this.isLive) this.#erase(line);
      this.#typed.push(line);
      this.#wake();
    });
    reading.on('SIGINT', interrupted);
    reading.on('close', () => {
      this.#typed.push(null);
      this.#wake();
    });
    this.setPrompt(prompt);
  }

  /** What stands before what is typed. */
  setPrompt(prompt: string): void {
    if (!this.isLive || this.#prompt === null) return;
    this.#prompt.setPrompt(prompt);
    this.#prompt.prompt(true);
  }

  /** The next line; null: there are no more. */
  async line(): Promise<string | null> {
    while (this.#typed.length === 0) await new Promise<void>((wake) => (this.#wake = wake));
    return this.#typed.shift() ?? null;
  }

  /** Nothing more is asked, and nothing told but the ending. */
  close(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    if (this.isLive && this.#prompt !== null) {
      cursorTo(process.stdout, 0);
      clearScreenDown(process.stdout);
    }
    this.#prompt?.close();
    this.#prompt = null;
    // A pipe that stays open would keep us.
    (process.stdin.pause() as Partial<Socket>).unref?.();
  }

  /** Writes above the line that is being typed. */
  #above(text: string): void {
    if (!this.isLive || this.#prompt === null) {
      process.stdout.write(text);
      return;
    }
    moveCursor(process.stdout, 0, -this.#prompt.getCursorPos().rows);
    cursorTo(process.stdout, 0);
    clearScreenDown(process.stdout);
    process.stdout.write(text);
    this.#prompt.prompt(true);
  }

  /** Takes away what was typed: it comes again as it was heard. */
  #erase(line: string): void {
    const width = columnsOf(this.#prompt?.getPrompt() ?? '') + columnsOf(line);
    const rows = Math.ceil(Math.max(1, width) / (process.stdout.columns ?? COLUMNS));
    moveCursor(process.stdout, 0, -rows);
    cursorTo(process.stdout, 0);
    clearScreenDown(process.stdout);
  }
}
