/** Nodes of this process with real TLS, OpenPGP and resolvers, and a clock that a test sets ahead: what they think of each other's keys. */
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { circuitLimits, deliveryLimits } from '../../../circuit/limits.ts';
import type { ServerIdentity } from '../../../circuit/server-handshake.ts';
import { hexOf } from '../../../crypto/bytes.ts';
import type { AdminQuestion, DomainShown } from '../../../federation/admin-questions.ts';
import type { Notice } from '../../../federation/events.ts';
import { federationLimits } from '../../../federation/limits.ts';
import { trustLimits } from '../../../pki/trust-limits.ts';
import type { SecretKey } from '../../../pki/secret-key.ts';
import { Asker } from '../../../server/dns/ask.ts';
import { KeyLookUp } from '../../../server/dns/look-up.ts';
import { parseResolver } from '../../../server/dns/resolver.ts';
import { lookUpWith } from '../../../server/node/look-up.ts';
import { Notary } from '../../../server/node/notary.ts';
import { NodeShell } from '../../../server/node/shell.ts';
import { suite } from '../../../server/suite.ts';
import { selfSigned } from '../../../server/transport/certificate.ts';
import { reach } from '../../../server/transport/dial.ts';
import { Listener } from '../../../server/transport/listen.ts';
import { type Endpoint, systemResolver } from '../../../server/transport/resolve.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { decodeUtf8 } from '../../../server/utf8.ts';
import { MemoryStore } from '../../../store/memory.ts';
import type { Undoing } from '../../undoing.ts';

const credentials = selfSigned('localhost', Date.now());
const log = pino({ level: 'silent' });

/** How a node begins. */
export interface LiveOptions {
  readonly key: SecretKey;
  readonly identity: ServerIdentity;
  /** An address of the loopback. */
  readonly host: string;
  /** Domains that it knows, with their fingerprints. */
  readonly pins: ReadonlyMap<string, string>;
  /** As the configuration writes them; none: the DNS says nothing. */
  readonly resolvers: readonly string[];
  /** By how much its clock is ahead of the others'. */
  readonly aheadMs?: number;
}

/** One node. */
export interface LiveNode {
  readonly shell: NodeShell;
  readonly notices: Notice[];
  close(): Promise<void>;
}

/** Where all of them are, and what time it is. */
export class LiveTown {
  readonly #undoing: Undoing;
  readonly #endpoints = new Map<string, Endpoint>();
  aheadMs = 0;

  constructor(undoing: Undoing) {
    this.#undoing = undoing;
  }

  readonly now = (): number => Date.now() + this.aheadMs;

  /** Opens a domain, in place of the one that was there. */
  async open({ key, identity, host, pins, resolvers, aheadMs = 0 }: LiveOptions): Promise<LiveNode> {
    const { domain } = identity;
    const unixMs = (): number => this.now() + aheadMs;
    const seconds = (): number => Math.floor(unixMs() / 1000);
    const at = resolvers.map((text) => parseResolver(text)!);
    const keys = new KeyLookUp(new Asker({ proxy: null }, systemTimers), at, seconds);
    const inviteNamed = (): Promise<null> => Promise.resolve(null);
    const notary = new Notary({ key, isOpen: true, inviteNamed, now: seconds });
    const finding = { resolver: systemResolver, peers: this.#endpoints, random: Math.random };
    const notices: Notice[] = [];
    const crashes: unknown[] = [];
    const shell = new NodeShell({
      node: {
        identity,
        life: unixMs(),
        suite,
        decode: decodeUtf8,
        pins,
        origins: [],
        plain: new Set(),
        placed: new Set(),
        // Whoever is silent is looked after as soon as the test is.
        trustLimits: { ...trustLimits, recheckSoonMs: 1_000 },
        circuitLimits,
        // Whoever was refused is gone to again as soon as the test wants it.
        deliveryLimits: { ...deliveryLimits, retryMsMax: deliveryLimits.retryMsMin },
        federationLimits: { ...federationLimits, meetingMsMax: deliveryLimits.retryMsMin },
      },
      store: new MemoryStore(),
      answer: (question) => notary.answer(question),
      lookUp: lookUpWith(keys, at.length > 0),
      reach: (to, signal) => reach({ domain: to, ...finding, timers: systemTimers }, signal),
      timers: systemTimers,
      unixMs,
      log,
      noticed: (notice) => void notices.push(notice),
      crashed: (error) => void crashes.push(error),
    });
    const accept = shell.accept.bind(shell);
    const listener = await Listener.open({ hosts: [host], port: 0, credentials, accept, timers: systemTimers, log });
    this.#endpoints.set(domain, { host, port: listener.addresses[0]!.port });
    shell.start();
    let isOpen = true;
    const close = async (): Promise<void> => {
      if (!isOpen) return;
      isOpen = false;
      shell.stop();
      await listener.close();
      if (crashes.length > 0) throw crashes[0];
    };
    this.#undoing.add(close);
    return { shell, notices, close };
  }
}

/** What a node knows of a domain. */
export async function shown({ shell }: LiveNode, domain: string): Promise<DomainShown> {
  const answer = await shell.ask({ kind: 'show', domain });
  if (answer?.kind !== 'domains') throw new Error(answer?.kind);
  return answer.domains[0]!;
}

/** Has a node do something as its admin wants it. */
export async function command({ shell }: LiveNode, question: AdminQuestion): Promise<void> {
  const answer = await shell.ask(question);
  if (answer?.kind !== 'done') throw new Error(JSON.stringify(answer));
}

/** Asks until it is so; the test's own time ends it. */
export async function until<T>(told: () => T | Promise<T>, isSo: (told: T) => boolean): Promise<T> {
  for (;;) {
    const now = await told();
    if (isSo(now)) return now;
    await wait(20);
  }
}

/** The rows and alarms that a node told its admin of a domain. */
export const alarmsOf = ({ notices }: LiveNode, domain: string): string[] =>
  notices.flatMap((notice) =>
    notice.kind === 'key' && notice.domain === domain ? [`${notice.row} ${notice.alarm}`] : [],
  );

/** What a key is known by. */
export const printOf = ({ fingerprint }: ServerIdentity): string => hexOf(fingerprint);
