/** JSON as RFC 8259 has it, read so that a person can be told where: lines of all keys, no key twice. docs/operating.md#configuration */
import { configLimits } from './limits.ts';

/** A step into a value: an object's key or a list's index. */
export type Step = string | number;

/** A value, and where each part of it begins. */
export interface Document {
  readonly value: unknown;
  /** The line of the value at a path as `pathText` has it, from 1; null where there is none. */
  readonly lineOf: (path: string) => number | null;
}

/** Where the text stops being JSON; both count from 1. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  readonly line: number;
  readonly column: number;

  constructor(line: number, column: number, detail: string) {
    super(detail);
    this.line = line;
    this.column = column;
  }
}

/** How a place is called: `listen.hosts[0]`, `peers["b.test"].at`. */
export function pathText(steps: readonly Step[]): string {
  let text = '';
  for (const step of steps) {
    if (typeof step === 'string' && /^\w+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}

const BLANK = /[ \t\r\n]*/y;
// Within it JSON.parse decides on escapes and control characters.
const STRING = /"(?:[^"\\\n]|\\.)*"/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const WORD = /[A-Za-z]+/y;
const words: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/** Throws JsonError. Objects have no prototype: no key means anything but itself. */
export function parseJson(text: string): Document {
  return new Reader(text).document();
}

class Reader {
  readonly #text: string;
  readonly #starts = new Map<string, number>();
  readonly #steps: Step[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Document {
    const value = this.#value();
    if (this.#peek() !== '') throw this.#error('nothing follows the value');
    const lineOf = (path: string): number | null => {
      const start = this.#starts.get(path);
      return start === undefined ? null : this.#position(start).line;
    };
    return { value, lineOf };
  }

  #value(): unknown {
    const next = this.#peek();
    this.#starts.set(pathText(this.#steps), this.#at);
    if (this.#steps.length > configLimits.depthMax) throw this.#error('too deep');
    if (next === '{') return this.#object();
    if (next === '[') return this.#list();
    if (next === '"') return this.#string();
    const number = this.#take(NUMBER);
    if (number !== null) return Number(number);
    const start = this.#at;
    const word = this.#take(WORD) ?? '';
    if (words.has(word)) return words.get(word);
    this.#at = start;
    throw this.#error(
      next === '/' ? 'JSON has no comments' : 'a value is expected: "…", a number, true, false, {…} or […]',
    );
  }

  #object(): object {
    const object = Object.create(null) as Record<string, unknown>;
    this.#members('}', () => {
      if (this.#peek() !== '"') throw this.#error('a key is expected, in double quotes');
      const start = this.#at;
      const key = this.#string();
      if (key in object) {
        this.#at = start;
        throw this.#error(`${pathText([...this.#steps, key])} stands twice`);
      }
      if (this.#peek() !== ':') throw this.#error('a colon is expected');
      this.#at++;
      this.#steps.push(key);
      object[key] = this.#value();
      this.#steps.pop();
    });
    return object;
  }

  #list(): unknown[] {
    const list: unknown[] = [];
    this.#members(']', () => {
      this.#steps.push(list.length);
      list.push(this.#value());
      this.#steps.pop();
    });
    return list;
  }

  /** What stands between brackets, with commas between. */
  #members(end: string, member: () => void): void {
    this.#at++;
    if (this.#peek() !== end) {
      member();
      while (this.#peek() === ',') {
        const comma = this.#at++;
        if (this.#peek() === end) {
          this.#at = comma;
          throw this.#error(`no comma before ${end}`);
        }
        member();
      }
      if (this.#peek() !== end) throw this.#error(`a comma or ${end} is expected`);
    }
    this.#at++;
  }

  #string(): string {
    const start = this.#at;
    const token = this.#take(STRING);
    try {
      if (token !== null) return JSON.parse(token) as string;
    } catch {
      // Said below.
    }
    this.#at = start;
    throw this.#error('text that does not end on its line, or with an escape that JSON does not have');
  }

  /** The next character that is no blank; '' at the end. */
  #peek(): string {
    this.#take(BLANK);
    return this.#text.charAt(this.#at);
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const [token] = pattern.exec(this.#text) ?? [];
    this.#at += token?.length ?? 0;
    return token ?? null;
  }

  #error(detail: string): JsonError {
    const { line, column } = this.#position(this.#at);
    return new JsonError(line, column, detail);
  }

  #position(at: number): { line: number; column: number } {
    const before = this.#text.slice(0, at).split('\n');
    return { line: before.length, column: before.at(-1)!.length + 1 };
  }
}
