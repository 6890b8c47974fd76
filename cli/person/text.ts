/** Text that somebody gives us in a file or on standard input. docs/spec/people.md#profile */
import { readFileSync } from 'node:fs';

/** The text of bytes, less the line feed that editors and shells put at the end; null where they are not UTF-8. */
export function textIn(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    return null;
  }
}

/** The text of a file. The system's errors pass, and name the file even where it could be opened and not read. */
export function textOfFile(path: string): string | null {
  try {
    return textIn(readFileSync(path));
  } catch (error) {
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  }
}
