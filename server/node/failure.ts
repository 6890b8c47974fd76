/** What the world does to a server, told apart from its own mistakes: only these stop it. docs/spec/federation.md#node */
import { FileError } from '../../disk/errors.ts';

/** The code of a system's or a file's error (`EMFILE`, `_exposed_file`); null: a programmer's. */
export function failureCode(error: unknown): string | null {
  if (error instanceof FileError) return error.code;
  if (typeof error !== 'object' || error === null || !('syscall' in error)) return null;
  return 'code' in error && typeof error.code === 'string' ? error.code : null;
}
