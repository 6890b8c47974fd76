/** A person's folder: keys, what is kept, where the server is. docs/spec/people.md#profile */
import { join } from 'node:path';
import { makeFolder, readPrivate, writePrivate } from '../../disk/private-file.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { deviceId, newDevice } from '../../pki/device-statement.ts';
import { enrol, firstStatement, readStatement, signStatement } from '../../pki/enrolment.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { decodeText, encodeText, equalBytes } from '../../psyc/bytes.ts';
import { renderUserId } from '../../psyc/names.ts';
import { rekeyTalks } from '../conversation/files.ts';
import { ClientError } from '../error.ts';
import type { Argon2Parameters } from '../identity/argon2.ts';
import type { DeviceKeys } from '../identity/device-file.ts';
import {
  changePassphrase,
  createDevice,
  createIdentity,
  openDevice,
  openIdentityAt,
  random,
} from '../identity/identity.ts';
import { identityLimits } from '../identity/limits.ts';
import { type Keeping, type Kept, silent, unheard } from '../session/kept.ts';
import type { SessionOptions } from '../session/session.ts';
import { profileLimits } from './limits.ts';
import { lock } from './lock.ts';
import { merged, parseState, renderState } from './state-file.ts';

/** Whose folder it is, and where. */
export interface Whose {
  readonly folder: string;
  readonly nick: string;
  readonly domain: string;
}

/** How a folder is made. */
export interface Making {
  readonly suite: Suite;
  /** Unix seconds. */
  readonly now: number;
  /** Of the identity key; may be null where the folder is whole. */
  readonly passphrase: string | null;
  /** Where the server is, as `host:port`; null: found by its domain, or said before. */
  readonly server: string | null;
  /** The proxy that is gone through, `socks5://address:port`; '' for none, undefined: as said before. */
  readonly proxy?: string | undefined;
  readonly parameters?: Argon2Parameters;
  /** A file with the identity key, of an export or another device, where it is not to be made. */
  readonly identityFile?: string | undefined;
}

/** A folder that is whole. */
export class Profile {
  readonly whose: Whose;
  readonly device: DeviceKeys;
  readonly kept: Kept;
  /** `host:port`, or null where it is found by its domain. */
  readonly server: string | null;
  /** `socks5://address:port`, or null where servers are reached directly. */
  readonly proxy: string | null;

  private constructor(
    whose: Whose,
    device: DeviceKeys,
    kept: Kept,
    { server, proxy }: Readonly<Record<'server' | 'proxy', string | null>>,
  ) {
    this.whose = whose;
    this.device = device;
    this.kept = kept;
    this.server = server;
    this.proxy = proxy;
  }

  /**
   * Reads it; null: there is none that is whole. Throws ClientError as `openDevice` and `parseState`, FileError as
   * `readPrivate`; system errors pass.
   */
  static async open(whose: Whose): Promise<Profile | null> {
    const { device, state, server, proxy } = pathsOf(whose.folder);
    const kept = await ifThere(readPrivate(state, profileLimits.stateBytesMax));
    const keys = await ifThere(openDevice(device));
    if (kept === null || keys === null) return null;
    const said = async (path: string): Promise<string | null> => {
      const bytes = await ifThere(readPrivate(path, profileLimits.serverBytesMax));
      return bytes === null ? null : decodeText(bytes).trim() || null;
    };
    return new Profile(whose, keys, parseState(kept), { server: await said(server), proxy: await said(proxy) });
  }

  /** Whether it has no identity key yet, so that a passphrase is to be chosen, and not told. */
  static async isNew({ folder }: Whose): Promise<boolean> {
    return (await ifThere(readPrivate(pathsOf(folder).identity, profileLimits.stateBytesMax))) === null;
  }

  /** Throws ClientError `_wrong_passphrase` unless the identity key opens with it. */
  static async checkPassphrase(whose: Whose, passphrase: string): Promise<void> {
    await Profile.openIdentity(whose, passphrase);
  }

  /** The identity key, open. Throws as `openIdentityAt`. */
  static async openIdentity({ folder }: Whose, passphrase: string): Promise<SecretKey> {
    return openIdentityAt(pathsOf(folder).identity, passphrase);
  }

  /**
   * Makes what is missing: the identity, this device's keys, the statement that enrols it; whatever is there is left as it is,
   * so that what was broken off goes on. Throws as `open`, as `createIdentity` and `openIdentityAt`, ClientError
   * `_foreign_identity` for somebody else's key, FileError `_existing_file` where another key is there than that in `identityFile`.
   */
  static async make(whose: Whose, making: Making): Promise<Profile> {
    const { suite, now, passphrase, server, proxy, parameters, identityFile } = making;
    const { folder, nick, domain } = whose;
    const paths = pathsOf(folder);
    if (identityFile !== undefined) await taken(whose, identityFile, passphrase ?? '');
    await madeFolder(folder);
    if (server !== null) await writePrivate(paths.server, encodeText(`${server}\n`), 'replace');
    if (proxy !== undefined) await writePrivate(paths.proxy, encodeText(`${proxy}\n`), 'replace');
    const whole = await Profile.open(whose);
    if (whole !== null) return whole;
    const userId = renderUserId(nick, domain);
    const isNew = await Profile.isNew(whose);
    const wanted = { nick, domain, now, ...(parameters === undefined ? {} : { parameters }) };
    const identity = isNew
      ? await createIdentity(paths.identity, passphrase ?? '', wanted)
      : await openedOf(whose, paths.identity, passphrase ?? '');
    const before = await ifThere(openDevice(paths.device));
    const device = before ?? (await createDevice(paths.device, userId, identity));
    const statement = await alone(identity, userId, suite.ed25519PublicKey(device.seed), now);
    const certificate = identity.certificate.bytes;
    // A device whose state was lost has said nobody knows what: it speaks under a name that it never had.
    const speaking = before === null ? silent : { ...silent, generation: now };
    const kept = {
      isRegistered: false,
      certificate,
      statement,
      pins: new Map(),
      speaking,
      visits: new Map(),
      hearing: unheard,
    };
    await writePrivate(paths.state, renderState(kept), 'new');
    return (await Profile.open(whose))!;
  }

  /**
   * Enrols this device on top of the statement that is kept, unless it stands there. `now` in Unix seconds. Throws as
   * `openIdentity`, `readStatement` and `enrol`: PkiError `_excessive_devices`, `_reinstated_device`.
   */
  async enrolled(suite: Suite, passphrase: string, now: number): Promise<Profile> {
    const identity = await Profile.openIdentity(this.whose, passphrase);
    const { statement } = await readStatement(this.kept.statement, identity.certificate, now);
    const key = suite.ed25519PublicKey(this.device.seed);
    if (statement.devices.some((device) => device.key === newDevice(key, now).key)) return this;
    const next = await signStatement(identity.signer, enrol(statement, key, now));
    await this.keep({ statement: next });
    return this.showing(next);
  }

  /** The same, which shows this statement at its next login; nothing is kept. */
  showing(statement: Uint8Array): Profile {
    return new Profile(this.whose, this.device, { ...this.kept, statement }, this);
  }

  /** Puts the identity key, and that of conversations, under another passphrase. Throws as `changePassphrase`. */
  static async rekey({ folder }: Whose, before: string, after: string, parameters?: Argon2Parameters): Promise<void> {
    await rekeyTalks(folder, before, after, random, parameters);
    await changePassphrase(pathsOf(folder).identity, before, after, parameters);
  }

  /** Makes a change durable. Throws SessionError `_session_conflicting_pin`; system errors pass. */
  async keep(change: Keeping): Promise<void> {
    await this.#change((kept) => merged(kept, change));
  }

  async #change(how: (kept: Kept) => Kept): Promise<Kept> {
    const { folder } = this.whose;
    const { state } = pathsOf(folder);
    const release = await lock(folder, 'state', () => {});
    try {
      const kept = parseState(await readPrivate(state, profileLimits.stateBytesMax));
      await writePrivate(state, renderState(how(kept)), 'replace');
      return kept;
    } finally {
      await release();
    }
  }

  /** Pins another key for a domain or a person's uniform, by somebody's hand; gives the one that was pinned, or null. */
  async trust(name: string, fingerprint: string): Promise<string | null> {
    const pin = { fingerprint, counter: 0 };
    const before = await this.#change((kept) => ({ ...kept, pins: new Map(kept.pins).set(name, pin) }));
    return before.pins.get(name)?.fingerprint ?? null;
  }

  /** Who says and hears, for a session. */
  session(suite: Suite): Omit<SessionOptions, 'channel' | 'registration'> {
    const { nick, domain } = this.whose;
    const { identity, seed, encryption } = this.device;
    const device = deviceId(suite.ed25519PublicKey(seed));
    return {
      suite,
      nick,
      domain,
      fingerprint: bytesOfHex(identity)!,
      device,
      seed,
      secrets: encryption,
      kept: this.kept,
    };
  }
}

/** Makes a folder that only its owner looks into, durably. */
export const madeFolder = (folder: string): Promise<void> => makeFolder(folder, 0o700);

/** The identity key in this file, which must be this person's. */
async function openedOf({ nick, domain }: Whose, path: string, passphrase: string): Promise<SecretKey> {
  const identity = await openIdentityAt(path, passphrase);
  if (identity.certificate.userIds.some(({ text }) => text === renderUserId(nick, domain))) return identity;
  throw new ClientError('_foreign_identity', `${path}: this identity key is not of ${nick}@${domain}`);
}

/** Copies the identity key into the folder, which is there only once the key has opened. */
async function taken(whose: Whose, path: string, passphrase: string): Promise<void> {
  const { identity } = pathsOf(whose.folder);
  const bytes = await readPrivate(path, identityLimits.fileBytesMax);
  const before = await ifThere(readPrivate(identity, identityLimits.fileBytesMax));
  if (before !== null && equalBytes(before, bytes)) return;
  await openedOf(whose, path, passphrase);
  await madeFolder(whose.folder);
  await writePrivate(identity, bytes, 'new');
}

/** The statement of a person who has this device and no other. */
async function alone(identity: SecretKey, userId: string, key: Uint8Array, now: number): Promise<Uint8Array> {
  const first = firstStatement(identity.certificate.key.fingerprint, userId, now);
  return signStatement(identity.signer, enrol(first, key, now));
}

const pathsOf = (folder: string) => ({
  identity: join(folder, 'identity'),
  device: join(folder, 'device'),
  state: join(folder, 'state'),
  server: join(folder, 'server'),
  proxy: join(folder, 'proxy'),
});

/** null for a file that is not there. */
async function ifThere<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}
