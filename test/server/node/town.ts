/** Domains on the loopback: real nodes, real TLS, real OpenPGP; rows in memory, or wherever a test puts them. */
import { randomBytes } from 'node:crypto';
import { type Logger, pino } from 'pino';
import { circuitLimits, deliveryLimits } from '../../../circuit/limits.ts';
import type { ServerIdentity } from '../../../circuit/server-handshake.ts';
import { bytesOfHex } from '../../../crypto/bytes.ts';
import { federationLimits } from '../../../federation/limits.ts';
import { trustLimits } from '../../../pki/trust-limits.ts';
import { makeDomainKey } from '../../../pki/make-key.ts';
import { readSecretKey, type SecretKey } from '../../../pki/secret-key.ts';
import { Notary } from '../../../server/node/notary.ts';
import { NodeShell } from '../../../server/node/shell.ts';
import { suite } from '../../../server/suite.ts';
import { selfSigned } from '../../../server/transport/certificate.ts';
import { reach } from '../../../server/transport/dial.ts';
import { Listener } from '../../../server/transport/listen.ts';
import { type Endpoint, systemResolver } from '../../../server/transport/resolve.ts';
import type { ByteStream } from '../../../server/transport/stream.ts';
import type { TransportLimits } from '../../../server/transport/limits.ts';
import { systemTimers, type Timers } from '../../../server/transport/timers.ts';
import { decodeUtf8 } from '../../../server/utf8.ts';
import { MemoryStore } from '../../../store/memory.ts';
import type { Store } from '../../../store/store.ts';

const seconds = (): number => Math.floor(Date.now() / 1000);
const seed = (): Uint8Array => new Uint8Array(randomBytes(32));
const credentials = selfSigned('localhost', Date.now());

/** A domain's key, new. */
export async function newDomainKey(domain: string): Promise<SecretKey> {
  const now = seconds();
  const seeds = { seed: seed(), circuitSeed: seed(), epochSeed: seed() };
  return readSecretKey(await makeDomainKey({ domain, ...seeds, epochUntil: now + 1_209_600, now }));
}

/** What proves a domain, of its key. */
export const identityOf = (domain: string, key: SecretKey): ServerIdentity => ({
  domain,
  fingerprint: bytesOfHex(key.certificate.key.fingerprint)!,
  certificate: key.certificate.bytes,
  seed: key.circuitSeed!,
});

/** What may be different about a domain. */
export interface DomainOptions {
  readonly store?: Store;
  readonly key?: SecretKey;
  readonly pins?: ReadonlyMap<string, string>;
  readonly log?: Logger;
  readonly isOpen?: boolean;
  readonly inviteNamed?: (typed: string) => Promise<string | null>;
  readonly timers?: Timers;
  readonly limits?: TransportLimits;
  /** The node begins only then, though its port is open. */
  readonly begun?: Promise<void>;
  /** What stands between a stream that a peer has opened and the node. */
  readonly seen?: (stream: ByteStream) => ByteStream;
}

/** Some domains, and where each is. */
export class Town {
  readonly endpoints = new Map<string, Endpoint>();
  /** What must never happen. */
  readonly crashes: Error[] = [];
  readonly #opened: (() => Promise<void>)[] = [];

  /** Starts a domain on a free port. */
  async open(domain: string, options: DomainOptions = {}): Promise<Listener> {
    const { store = new MemoryStore(), pins = new Map(), isOpen = true } = options;
    const { inviteNamed = () => Promise.resolve(null), timers = systemTimers, seen = (stream) => stream } = options;
    const log = options.log ?? pino({ level: 'silent' });
    const key = options.key ?? (await newDomainKey(domain));
    const notary = new Notary({ key, isOpen, inviteNamed, now: seconds });
    const finding = { resolver: systemResolver, peers: this.endpoints, random: Math.random };
    const shell = new NodeShell({
      node: {
        identity: identityOf(domain, key),
        life: 1,
        suite,
        decode: decodeUtf8,
        pins,
        origins: [],
        plain: new Set(),
        placed: this.endpoints,
        trustLimits,
        circuitLimits,
        deliveryLimits,
        federationLimits,
      },
      store,
      answer: (question) => notary.answer(question),
      lookUp: () => Promise.resolve({ kind: 'none', secure: false }),
      reach: (to, signal) => reach({ domain: to, ...finding, timers }, signal),
      timers,
      unixMs: () => Date.now(),
      log,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      crashed: (error) => void this.crashes.push(error instanceof Error ? error : new Error(String(error))),
    });
    const listener = await Listener.open({
      hosts: ['127.0.0.1'],
      port: 0,
      credentials,
      accept: (stream) => shell.accept(seen(stream)),
      timers,
      log,
    });
    this.endpoints.set(domain, { host: '127.0.0.1', port: listener.addresses[0]!.port });
    if (options.begun === undefined) shell.start();
    else void options.begun.then(() => shell.start());
    this.#opened.push(async () => {
      shell.stop();
      await listener.close();
    });
    return listener;
  }

  async close(): Promise<void> {
    for (const close of this.#opened.splice(0)) await close();
    const [crash] = this.crashes.splice(0);
    if (crash !== undefined) throw crash;
  }
}
