/** Writes an export: a folder that is there as a whole or not at all, whatever its size in little memory. docs/spec/leaving.md#export */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FileError } from '../../disk/errors.ts';
import { syncEntry } from '../../disk/private-file.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { exportLimits } from './limits.ts';

/** The version of the format. */
export const EXPORT_VERSION = 1;

/** What `export.json` says of a file. */
export interface FileEntry {
  readonly bytes: number;
  /** Of its bytes, in hexadecimal. */
  readonly sha256: string;
  /** Of a file of lines. */
  readonly lines?: number;
}

/** What `export.json` holds. */
export interface Manifest {
  readonly format: 'p3do-export';
  readonly version: number;
  /** `psyc://domain/~nick`. */
  readonly person: string;
  /** Of the identity key, hexadecimal. */
  readonly fingerprint: string;
  /** When it was made, milliseconds since 1970. */
  readonly timeMs: number;
  readonly files: Readonly<Record<string, FileEntry>>;
}

interface Open {
  readonly file: number;
  readonly hash: Hash;
  pieces: string[];
  waiting: number;
  bytes: number;
  lines: number;
}

/** One export on its way. */
export class ExportWriter {
  readonly #path: string;
  readonly #draft: string;
  readonly #open = new Map<string, Open>();
  readonly #files: Record<string, FileEntry> = {};

  private constructor(path: string) {
    this.#path = path;
    this.#draft = `${path}.partial-${randomBytes(6).toString('hex')}`;
  }

  /** Begins beside where it is to be. Throws FileError `_existing_file`; system errors pass. */
  static async begin(path: string): Promise<ExportWriter> {
    const writer = new ExportWriter(resolve(path));
    await mustBeFree(writer.#path);
    await mkdir(writer.#draft, { mode: 0o700 });
    return writer;
  }

  /** A whole file. */
  file(name: string, bytes: Uint8Array): void {
    const file = openSync(join(this.#draft, name), 'wx', 0o600);
    writeSync(file, bytes);
    fsyncSync(file);
    closeSync(file);
    this.#files[name] = { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  }

  /** Adds a line of JSON to a file of lines; null makes it, if it is not there. */
  line(name: string, object: object | null): void {
    let open = this.#open.get(name);
    if (open === undefined) {
      const file = openSync(join(this.#draft, name), 'wx', 0o600);
      open = { file, hash: createHash('sha256'), pieces: [], waiting: 0, bytes: 0, lines: 0 };
      this.#open.set(name, open);
    }
    if (object === null) return;
    const line = `${JSON.stringify(object)}\n`;
    open.pieces.push(line);
    open.waiting += line.length;
    open.lines++;
    if (open.waiting >= exportLimits.pieceBytesMax) flush(open);
  }

  /** Makes it durable, and gives it its name. Throws FileError `_existing_file` where somebody was faster. */
  async finish(whose: Pick<Manifest, 'person' | 'fingerprint' | 'timeMs'>): Promise<void> {
    for (const [name, open] of this.#open) {
      flush(open);
      fsyncSync(open.file);
      closeSync(open.file);
      this.#files[name] = { bytes: open.bytes, lines: open.lines, sha256: open.hash.digest('hex') };
    }
    this.#open.clear();
    const manifest: Manifest = { format: 'p3do-export', version: EXPORT_VERSION, ...whose, files: { ...this.#files } };
    this.file('export.json', encodeText(`${JSON.stringify(manifest, null, 1)}\n`));
    await syncEntry(join(this.#draft, 'export.json'));
    await mustBeFree(this.#path);
    await rename(this.#draft, this.#path);
    await syncEntry(this.#path);
  }

  /** Takes away what was begun, and not finished. */
  async drop(): Promise<void> {
    for (const { file } of this.#open.values()) closeSync(file);
    this.#open.clear();
    await rm(this.#draft, { recursive: true, force: true });
  }
}

function flush(open: Open): void {
  const bytes = encodeText(open.pieces.join(''));
  open.pieces = [];
  open.waiting = 0;
  open.bytes += bytes.length;
  open.hash.update(bytes);
  writeSync(open.file, bytes);
}

async function mustBeFree(path: string): Promise<void> {
  const isThere = await lstat(path).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    },
  );
  if (isThere) throw new FileError('_existing_file', `${path} exists, and is not overwritten`);
}
