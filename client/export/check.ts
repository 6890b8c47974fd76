/** Reads an export, and judges what is in it by nothing but itself: hashes, keys, signatures. docs/spec/leaving.md#verifying */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseOne } from '../../circuit/one-packet.ts';
import { parseBase64 } from '../../crypto/base64.ts';
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { readPrivate } from '../../disk/private-file.ts';
import { decodeText, decodeTextStrict } from '../../psyc/bytes.ts';
import { PsycError } from '../../psyc/error.ts';
import { PublicationError } from '../../publication/error.ts';
import { readPublication } from '../../publication/packet.ts';
import { verifyPublication } from '../../publication/sign.ts';
import { ClientError } from '../error.ts';
import { answerTo } from '../session/answers.ts';
import type { PersonKeys } from '../session/events.ts';
import { domainOf } from '../session/words.ts';
import { authorOf } from '../session/reader.ts';
import { exportLimits } from './limits.ts';
import { EXPORT_VERSION, type Manifest } from './writer.ts';

/** What was found, of whom. */
export interface Judgement {
  /** The file and the line that it is about, from 1. */
  readonly at: string;
  readonly author: string;
  /** null: signed by him, whose keys are certified and, where they are pinned, the pinned ones; else why not. */
  readonly code: string | null;
}

/** A domain whose key is another than the one that was pinned when the export began. */
interface ChangedDomain {
  readonly domain: string;
  /** Hexadecimal: the key that was pinned, and the one that came. */
  readonly pinned: string;
  readonly fingerprint: string;
  /** Signed by its people with the keys that were pinned for themselves. */
  readonly messages: number;
}

/** How an export stands. */
export interface Verdict {
  readonly manifest: Manifest;
  readonly messages: number;
  readonly signed: number;
  readonly unsigned: number;
  /** By people of a domain that has another key now, who were never met while it had the pinned one. */
  readonly unjudged: number;
  readonly wrong: number;
  readonly changed: readonly ChangedDomain[];
}

/** Somebody's keys; `before`: the key of his domain that was pinned, where it has another one now. */
interface Standing {
  readonly keys: PersonKeys;
  readonly before: string | null;
}

interface Pinned {
  readonly fingerprint: string;
  readonly counter: number;
}

type Json = Readonly<Record<string, unknown>>;

const invalid = (detail: string): ClientError => new ClientError('_invalid_file', detail);

/** Reads `export.json`. Throws ClientError `_invalid_file`, `_unsupported_file_version`; FileError as `readPrivate`; system errors pass. */
async function readManifest(folder: string): Promise<Manifest> {
  const path = join(folder, 'export.json');
  const bytes = await readPrivate(path, exportLimits.manifestBytesMax);
  const manifest = parsed(decodeTextStrict(bytes) ?? '', path) as unknown as Manifest;
  if (manifest.format !== 'p3do-export' || typeof manifest.files !== 'object') throw invalid(`${path} is no export`);
  if (manifest.version !== EXPORT_VERSION) {
    throw new ClientError(
      '_unsupported_file_version',
      `${path} has version ${manifest.version}; this p3do knows ${EXPORT_VERSION}`,
    );
  }
  return manifest;
}

/** Checks all of it; `judged` is told of each message. Throws as `readManifest`, and ClientError `_damaged_file` where a file is not as it was. */
export async function verifyExport(folder: string, suite: Suite, judged: (one: Judgement) => void): Promise<Verdict> {
  const manifest = await readManifest(folder);
  for (const [name, { sha256 }] of Object.entries(manifest.files)) {
    if (!/^[a-z][a-z0-9.-]*$/.test(name)) throw invalid(`${name} is no name of a file`);
    const hash = createHash('sha256');
    for await (const piece of createReadStream(join(folder, name))) hash.update(piece as Buffer);
    if (hash.digest('hex') !== sha256)
      throw new ClientError('_damaged_file', `${join(folder, name)} is not as it was written`);
  }
  // Whose export it is.
  const pins = new Map<string, Pinned>([[manifest.person, { fingerprint: manifest.fingerprint, counter: 0 }]]);
  for await (const { line } of linesOf(folder, 'contacts.jsonl')) {
    const { name, fingerprint, counter } = line;
    if (typeof name === 'string') pins.set(name, { fingerprint: String(fingerprint), counter: Number(counter) });
  }
  const keys = await readKeys(folder, manifest, pins);
  const counts = { messages: 0, signed: 0, unsigned: 0, unjudged: 0, wrong: 0 };
  const changed = new Map<string, ChangedDomain>();
  for await (const { line, number } of linesOf(folder, 'messages.jsonl')) {
    const { author, code } = judge(line, keys, suite, manifest.timeMs);
    counts.messages++;
    if (code === null) {
      counts.signed++;
      count(changed, author, keys.get(author));
    } else if (code === UNSIGNED) counts.unsigned++;
    else if (code === UNJUDGED) counts.unjudged++;
    else counts.wrong++;
    judged({ at: `messages.jsonl:${number}`, author, code });
  }
  return { manifest, ...counts, changed: [...changed.values()] };
}

/** A message of somebody whose domain has another key since. */
function count(changed: Map<string, ChangedDomain>, author: string, by: Standing | string | undefined): void {
  if (typeof by !== 'object' || by.before === null) return;
  const domain = domainOf(author);
  const messages = (changed.get(domain)?.messages ?? 0) + 1;
  changed.set(domain, { domain, pinned: by.before, fingerprint: by.keys.domainFingerprint, messages });
}

/** Nobody has signed it: it is the word of a server. */
export const UNSIGNED = '_unsigned';

/** His domain has another key than the pinned one, and nothing in the export says which key was his before. */
export const UNJUDGED = '_trust_changed_key_domain';

/**
 * Whether the keys are those that are pinned. Whoever has another key for a domain can certify anybody, so it says nothing of whom
 * nobody has met; but the key that was pinned for a person himself is his, whatever became of his domain's.
 */
function standingOf(person: string, keys: PersonKeys, pins: ReadonlyMap<string, Pinned>): Standing | string {
  const [own, domain] = [pins.get(person), pins.get(domainOf(person))];
  if (own !== undefined && own.fingerprint !== keys.fingerprint) return '_trust_changed_key';
  if (domain === undefined || domain.fingerprint === keys.domainFingerprint) return { keys, before: null };
  if (own === undefined) return UNJUDGED;
  // An older statement lists devices that he has revoked.
  return keys.counter < own.counter ? '_stale_statement' : { keys, before: domain.fingerprint };
}

/** Everybody's keys, or why they are not to be believed. */
async function readKeys(
  folder: string,
  { timeMs }: Manifest,
  pins: ReadonlyMap<string, Pinned>,
): Promise<ReadonlyMap<string, Standing | string>> {
  const keys = new Map<string, Standing | string>();
  for await (const { line } of linesOf(folder, 'keys.jsonl')) {
    const person = String(line['person']);
    const [key, statement, domainKey] = [line['key'], line['statement'], line['domainKey']].map(bytesIn);
    const question = {
      kind: 'check person',
      person,
      key: key!,
      statement: statement!,
      domainKey: domainKey!,
      succession: null,
      known: null,
      move: null,
    } as const;
    const answer = await answerTo(question, Math.floor(timeMs / 1000));
    if (answer.kind !== 'person') keys.set(person, answer.kind === 'refused' ? answer.code : '_invalid_key');
    else keys.set(person, standingOf(person, answer.keys, pins));
  }
  return keys;
}

function judge(
  line: Json,
  keys: ReadonlyMap<string, Standing | string>,
  suite: Suite,
  timeMs: number,
): Omit<Judgement, 'at'> {
  const author = String(line['author']);
  try {
    const packet = parseOne(bytesIn(line['packet']));
    const routing = new Map(packet.routing.map(({ name, value }) => [name, decodeText(value)]));
    const route = (name: string): string | undefined => routing.get(name);
    if (authorOf(route) !== author) return { author, code: '_publication_foreign_source' };
    const publication = readPublication(packet, route);
    if (publication === null) return { author, code: UNSIGNED };
    const standing = keys.get(author);
    if (standing === undefined) return { author, code: '_session_unanswered_keys' };
    if (typeof standing === 'string') return { author, code: standing };
    const { keys: known } = standing;
    const device = hexOf(publication.device);
    const deviceKey = known.devices.get(device);
    if (deviceKey === undefined) {
      return { author, code: known.revoked.has(device) ? '_revoked_device' : '_unlisted_device' };
    }
    if (hexOf(publication.fingerprint) !== known.fingerprint) return { author, code: '_publication_foreign_key' };
    const by = { uniform: author, fingerprint: publication.fingerprint, deviceKey };
    verifyPublication(suite, publication, by, route, timeMs);
    return { author, code: null };
  } catch (error) {
    if (error instanceof PublicationError || error instanceof PsycError) return { author, code: error.code };
    throw error;
  }
}

/** The lines of a file, one after the other. */
async function* linesOf(folder: string, name: string): AsyncGenerator<{ line: Json; number: number }> {
  let number = 0;
  for await (const text of createInterface({ input: createReadStream(join(folder, name)) })) {
    if (text.length > exportLimits.lineBytesMax) throw invalid(`${name}:${number + 1} is too long`);
    yield { line: parsed(text, `${name}:${++number}`), number };
  }
}

function parsed(text: string, where: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // Refused below.
  }
  throw invalid(`${where} is no object of JSON`);
}

function bytesIn(value: unknown): Uint8Array {
  const bytes = typeof value === 'string' ? parseBase64(value) : null;
  if (bytes === null) throw invalid('bytes are written in base64');
  return bytes;
}
