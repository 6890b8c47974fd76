/** What a session keeps, as the text of a file. docs/spec/people.md#kept */
import { parseBase64, renderBase64 } from '../../crypto/base64.ts';
import { decodeTextStrict, encodeText } from '../../psyc/bytes.ts';
import { ClientError } from '../error.ts';
import type { Head, HeardKey, Hearing, Keeping, Kept, OwnKey, Pending, Pin, Speaking, Voice } from '../session/kept.ts';
import { SessionError } from '../session-errors.ts';

const VERSION = 1;

type Json = Readonly<Record<string, unknown>>;

/** The file. */
export function renderState(kept: Kept): Uint8Array {
  const { isRegistered, certificate, statement, pins, speaking, visits, hearing } = kept;
  const state = {
    version: VERSION,
    isRegistered,
    certificate: renderBase64(certificate),
    statement: renderBase64(statement),
    pins: Object.fromEntries(pins),
    speaking: {
      ...speaking,
      ...rendered(speaking),
      chains: Object.fromEntries(speaking.chains),
      entered: Object.fromEntries(speaking.entered),
      left: Object.fromEntries(speaking.left),
      sealing: mapped(speaking.sealing, (own) => ({ ...own, key: renderBase64(own.key) })),
    },
    visits: mapped(visits, rendered),
    hearing: {
      ...hearing,
      places: Object.fromEntries(hearing.places),
      heads: Object.fromEntries(hearing.heads),
      keys: mapped(hearing.keys, (heard) => ({ ...heard, key: renderBase64(heard.key) })),
      gone: mapped(hearing.gone, (rows) => Object.fromEntries(rows)),
    },
  };
  return encodeText(`${JSON.stringify(state, null, 1)}\n`);
}

function rendered({ generation, isSpent, numbers, pending }: Voice): Record<string, unknown> {
  const bytes = pending.map((one) => ({ ...one, bytes: renderBase64(one.bytes) }));
  return { generation, isSpent, numbers: Object.fromEntries(numbers), pending: bytes };
}

/** Throws ClientError `_invalid_file`, `_unsupported_file_version`. */
export function parseState(bytes: Uint8Array): Kept {
  let state: unknown;
  try {
    state = JSON.parse(decodeTextStrict(bytes) ?? '');
  } catch {
    throw invalid();
  }
  const all = objectIn(state);
  const { version } = all;
  if (typeof version === 'number' && version > VERSION) {
    throw new ClientError('_unsupported_file_version', `version ${version} is for a newer p3do; this one knows 1`);
  }
  if (version !== VERSION) throw invalid();
  return {
    isRegistered: booleanIn(all['isRegistered']),
    certificate: bytesIn(all['certificate']),
    statement: bytesIn(all['statement']),
    pins: mapIn(all['pins'], pinIn),
    speaking: speakingIn(objectIn(all['speaking'])),
    // Files from before people could visit other servers have none.
    visits: mapIn(all['visits'] ?? {}, (voice) => voiceIn(objectIn(voice))),
    hearing: hearingIn(objectIn(all['hearing'])),
  };
}

/**
 * What is kept, with what has changed. Pins are added and their counters raised, never replaced: throws SessionError
 * `_session_conflicting_pin` where another command pinned another key meanwhile.
 */
export function merged(kept: Kept, change: Keeping): Kept {
  const pins = new Map(kept.pins);
  for (const [name, pin] of change.pins ?? []) {
    const before = pins.get(name);
    const isFollowed = before !== undefined && pin.follows === before.fingerprint;
    if (before !== undefined && before.fingerprint !== pin.fingerprint && !isFollowed) {
      throw new SessionError('_session_conflicting_pin', `another command has taken another key for ${name}`);
    }
    const counter = Math.max(pin.counter, before?.counter ?? 0);
    // What is said of one key says nothing of the next.
    const moved = pin.moved ?? (isFollowed ? undefined : before?.moved);
    pins.set(name, { ...pin, counter, ...(moved === undefined ? {} : { moved }) });
  }
  return { ...kept, ...change, pins };
}

const voiceIn = (state: Json): Voice => ({
  generation: numberIn(state['generation']),
  isSpent: booleanIn(state['isSpent']),
  numbers: mapIn(state['numbers'], numberIn),
  pending: arrayIn(state['pending']).map(pendingIn),
});

const speakingIn = (state: Json): Speaking => ({
  ...voiceIn(state),
  chains: mapIn(state['chains'], headIn),
  entered: mapIn(state['entered'], (sequence) => (sequence === null ? null : numberIn(sequence))),
  // Files of before have none of these.
  left: mapIn(state['left'] ?? {}, numberIn),
  sealing: mapIn(state['sealing'] ?? {}, ownKeyIn),
});

const hearingIn = (state: Json): Hearing => ({
  person: state['person'] === null ? null : numberIn(state['person']),
  places: mapIn(state['places'], numberIn),
  heads: mapIn(state['heads'], headIn),
  keys: mapIn(state['keys'] ?? {}, heardKeyIn),
  gone: mapIn(state['gone'] ?? {}, (rows) => mapIn(rows, numberIn)),
});

function ownKeyIn(value: unknown): OwnKey {
  const { parted = 0, counter, madeAtMs } = objectIn(value);
  return {
    ...heardKeyIn(value),
    parted: numberIn(parted),
    counter: numberIn(counter),
    madeAtMs: numberIn(madeAtMs),
  };
}

function heardKeyIn(value: unknown): HeardKey {
  const { epoch, key } = objectIn(value);
  return { epoch: numberIn(epoch), key: bytesIn(key) };
}

const mapped = <T>(map: ReadonlyMap<string, T>, render: (value: T) => unknown): Record<string, unknown> =>
  Object.fromEntries([...map].map(([name, value]) => [name, render(value)]));

function pendingIn(value: unknown): Pending {
  const state = objectIn(value);
  const [target, tag, method] = [state['target'], state['tag'], state['method']].map(textIn);
  return {
    target: target!,
    tag: tag!,
    method: method!,
    counter: numberIn(state['counter']),
    bytes: bytesIn(state['bytes']),
  };
}

function headIn(value: unknown): Head {
  const { counter, id } = objectIn(value);
  if (!/^[0-9a-f]{64}$/.test(textIn(id))) throw invalid();
  return { counter: numberIn(counter), id: textIn(id) };
}

function pinIn(value: unknown): Pin {
  const { counter, fingerprint, moved } = objectIn(value);
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(textIn(fingerprint))) throw invalid();
  const pin = { counter: numberIn(counter), fingerprint: textIn(fingerprint) };
  if (moved === undefined) return pin;
  const to = objectIn(moved);
  return { ...pin, moved: { to: textIn(to['to']), counter: numberIn(to['counter']) } };
}

const invalid = (): ClientError => new ClientError('_invalid_file', 'not what a session keeps');

function objectIn(value: unknown): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid();
  return value as Json;
}

function mapIn<T>(value: unknown, read: (value: unknown) => T): Map<string, T> {
  return new Map(Object.entries(objectIn(value)).map(([name, one]) => [name, read(one)]));
}

function arrayIn(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw invalid();
  return value;
}

function textIn(value: unknown): string {
  if (typeof value !== 'string') throw invalid();
  return value;
}

function numberIn(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw invalid();
  return value as number;
}

function booleanIn(value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid();
  return value;
}

function bytesIn(value: unknown): Uint8Array {
  const bytes = parseBase64(textIn(value));
  if (bytes === null) throw invalid();
  return bytes;
}
