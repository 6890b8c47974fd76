/** What an error is to a person: our own with its code in brackets, the system's with what it is about. docs/operating.md#command-line */

/** Lines for people, and a code for programs. */
interface Failure {
  readonly code: string;
  readonly lines: readonly string[];
}

/** errno(3), where a word is better than a number. */
const files: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'what stands above it is a file, not a folder',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'it cannot be written to',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
  EEXIST: 'it exists already',
  EMFILE: 'too many files are open',
  ELOOP: 'its links lead round in a circle',
};

const ports: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there: stop that, or change listen.port in config.json',
  EADDRNOTAVAIL: 'this machine has no such address: change listen.hosts in config.json',
  EACCES: 'this user may not listen on that port: change listen.port in config.json to one above 1023',
};

/** null: it is our own mistake, and should crash with its stack. */
export function failureOf(error: unknown): Failure | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall, mistakes } = error as NodeJS.ErrnoException & { mistakes?: readonly { code: string }[] };
  // Our own codes are keywords; what has one has a sentence for people too, or one for each mistake.
  if (typeof code === 'string' && code.startsWith('_')) {
    const lines = error.message.split('\n');
    const isEach = mistakes?.length === lines.length;
    return { code, lines: lines.map((line, at) => `${line} (${isEach ? mistakes[at]!.code : code})`) };
  }
  if (syscall === undefined) return null;
  return { code: `_system_${(code ?? 'error').toLowerCase()}`, lines: [sentence(error)] };
}

function sentence(error: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  const { code = '', syscall, path, address, port, message } = error;
  if (syscall === 'listen' || syscall === 'bind') {
    const at = address?.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    return ports[code] === undefined ? message : `${at}: ${ports[code]} (${code})`;
  }
  if (path === undefined || files[code] === undefined) return message;
  return `${path}: ${files[code]} (${code})`;
}
