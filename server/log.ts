/** The log of a server: a line of JSON for each thing, or of text where a person watches. docs/operating.md#log */

/*
 * The rule for whoever writes to it: at `info` and above stand no bodies, no uniforms of people, and no addresses of peers
 * or clients; domains of peers may. A log is kept, copied and read by many, and must not tell who speaks to whom. What needs
 * an address to be understood goes to `debug`, which an admin turns on for an hour.
 */
import { type Logger, pino } from 'pino';
import type { Config } from './config/config.ts';

/** Where lines go. */
type Output = { readonly isTTY?: boolean; readonly write: (text: string) => unknown };

/** A logger onto standard error: what a command prints stays clean. */
export function openLog(level: Config['log']['level'], output: Output = process.stderr): Logger {
  const write =
    output.isTTY === true ? (line: string) => output.write(readable(line)) : (line: string) => output.write(line);
  // Times and levels as words: whoever reads JSON with the eye, or with jq, needs no table.
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, { write });
}

const colours: Readonly<Record<string, number>> = { fatal: 31, error: 31, warn: 33, debug: 2, trace: 2 };

/** A line of JSON as one line of text. Values stay JSON: what a peer sent must not command the terminal. */
function readable(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${plain(value)}`);
  const word = String(level).padEnd(5);
  const colour = colours[String(level)];
  const shown = colour === undefined ? word : `\u001b[${colour}m${word}\u001b[0m`;
  return `${String(time).slice('2026-11-20T'.length, -1)} ${shown} ${plain(msg ?? '').replace(/^"(.*)"$/, '$1')}${fields.join('')}\n`;
}

/** JSON without control characters, those that JSON lets stand included. */
const plain = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
