/** A domain's server: its store, its node and its port, started in this order and stopped in the other. docs/operating.md#serving */
import type { Logger } from 'pino';
import { circuitLimits, deliveryLimits } from '../circuit/limits.ts';
import { bytesOfHex } from '../crypto/bytes.ts';
import { federationLimits } from '../federation/limits.ts';
import type { RotationTold } from '../federation/events.ts';
import type { AdminAnswer } from '../federation/admin-questions.ts';
import { readCertificate } from '../pki/certificate.ts';
import { splitRotation } from '../pki/rotation-statement.ts';
import { scaledTrust, trustLimits } from '../pki/trust-limits.ts';
import { AdminChannel } from './admin/channel.ts';
import { isLoopbackName } from './config/address.ts';
import type { Config } from './config/config.ts';
import { inviteHash } from './domain/invites.ts';
import { askingOf } from './dns/asking.ts';
import { DnsDuty } from './dns/duty.ts';
import { nextEpochMs } from './domain/epochs.ts';
import { type Domain, loadDomain, ownKeysOf } from './domain/load.ts';
import type { Successor } from './domain/rotating.ts';
import { KeyFinder } from './keys/find.ts';
import { KeyServer } from './keys/server.ts';
import { lookUpWith } from './node/look-up.ts';
import { type Deed, mustBePlayground } from './mor/deeds.ts';
import { MorDuty } from './mor/duty.ts';
import { MailDuty } from './mail/duty.ts';
import { morOptions } from './mor/options.ts';
import { Notary } from './node/notary.ts';
import { NodeShell } from './node/shell.ts';
import { openStore, type OpenStore } from './open-store.ts';
import { Pages } from './pages/http.ts';
import { pageLimits } from './pages/limits.ts';
import { PlainDoor } from './plain.ts';
import { serviceOptions } from './services.ts';
import { suite } from './suite.ts';
import { type Credentials, selfSigned } from './transport/certificate.ts';
import { reach } from './transport/dial.ts';
import { TransportError } from './transport/errors.ts';
import { hostsHere } from './transport/hosts.ts';
import type { Answering } from './transport/http.ts';
import { transportLimits } from './transport/limits.ts';
import { checkPort, Listener } from './transport/listen.ts';
import { readCredentials } from './transport/pem.ts';
import { type Endpoint, isOnion, type Resolver, systemResolver } from './transport/resolve.ts';
import { ownWays } from './transport/socks.ts';
import { systemTimers } from './transport/timers.ts';
import { openWeb } from './transport/open-web.ts';
import type { WebListener } from './transport/web-listen.ts';
import { decodeUtf8 } from './utf8.ts';

/** What a server needs beside its domain. */
export interface ServerOptions {
  readonly log: Logger;
  /** Told what takes a while: one line for a person. */
  readonly progress?: (line: string) => void;
  /** Called with what must never happen; the server is stopped already. */
  readonly crashed: (error: unknown) => void;
  readonly resolver?: Resolver;
  /** Of the server before this one in this process, which has handed it over; else one is opened. */
  readonly store?: OpenStore;
  /** Told what becomes of each onion: refused but in a playground, `_town_reachable`. */
  readonly watched?: (deed: Deed) => void;
  /** Only with `watched`: onions wait for no clock. docs/spec/listener-bots.md#unsafe */
  readonly unsafe?: boolean;
}

/** Longer times are waited for in parts. */
const WAIT_MS_MAX = 86_400_000;

/** Lives of servers in this process. */
let lives = 0;

/** One running server. */
export class Server {
  readonly #listener: Listener;
  readonly #shell: NodeShell;
  readonly #store: OpenStore;
  readonly #plain: PlainDoor | null;
  readonly #keys: KeyServer;
  #web: WebListener | null = null;
  /** Where keys are looked up over TLS, and all else is that is at the first. */
  #further: Listener | null = null;
  #dns: DnsDuty | null = null;
  #admin: AdminChannel | null = null;
  #mor: MorDuty | null = null;
  #mail: MailDuty | null = null;
  #stopping: Promise<void> | null = null;
  #rotate = (): void => {};
  #waiting: () => void = () => {};
  /** When the next onion epoch begins; null: there are none. */
  #epochMs: number | null = null;

  private constructor(
    listener: Listener,
    shell: NodeShell,
    store: OpenStore,
    plain: PlainDoor | null,
    keys: KeyServer,
  ) {
    this.#listener = listener;
    this.#shell = shell;
    this.#store = store;
    this.#plain = plain;
    this.#keys = keys;
  }

  /**
   * Resolves when it takes circuits. Throws StoreStartError, TransportError for certificates that do not fit, the system's
   * error for an address that is taken or not ours, TownError as `mustBePlayground`.
   */
  static async start(domain: Domain, options: ServerOptions): Promise<Server> {
    const { config, key, rotation, former, earlier, next, recovery, invites } = domain;
    const formerKeys = await Promise.all(former.map(readCertificate));
    const follows = rotation === null ? null : splitRotation(rotation).rotation.old;
    const formerOf = new Map(formerKeys.map((one) => [one.key.fingerprint, one.bytes]));
    const before = formerOf.get(follows ?? '');
    const first = earlier[0] && formerOf.get(splitRotation(earlier[0].statement).rotation.old);
    const { log, progress = () => {}, watched, unsafe = false } = options;
    if (watched !== undefined) mustBePlayground(config);
    const credentials = await credentialsOf(config);
    const { port } = config.listen;
    const hosts = hostsHere(config.listen.hosts, log);
    // Before the database is started, which takes a while.
    await checkPort(hosts, port);
    const plainHosts = config.plain === null ? [] : hostsHere(config.plain.hosts, log);
    if (config.plain !== null) await checkPort(plainHosts, config.plain.port);
    if (config.web !== null) await checkPort(config.web.hosts, config.web.port);
    const keyHosts = config.keys === null ? [] : hostsHere(config.keys.hosts, log);
    for (const taken of config.keys === null ? [] : [config.keys.port, config.keys.tlsPort ?? 0]) {
      await checkPort(keyHosts, taken);
    }
    const dnsHosts = config.dns.responder === null ? [] : hostsHere(config.dns.responder.hosts, log);
    if (config.dns.responder !== null) await checkPort(dnsHosts, config.dns.responder.port);
    if (config.mail !== null) await checkPort(hostsHere(config.mail.hosts, log), config.mail.port);
    let server: Server | undefined;
    let mor: MorDuty | null = null;
    let mail: MailDuty | null = null;
    const ended = (error: unknown): void => void Promise.resolve(server?.stop()).finally(() => options.crashed(error));
    const crashed = (error: unknown): void => {
      log.fatal({ error: error instanceof Error ? error.stack : String(error) }, 'the server crashed');
      ended(error);
    };
    const taken = (error: Error): void => {
      log.fatal({ reason: error.message }, 'the store is lost for good; this server ends');
      ended(error);
    };
    const store = options.store ?? (await openStore(config.store, log, progress, taken));
    const now = (): number => Math.floor(Date.now() / 1000);
    const notary = new Notary({
      key,
      former: formerKeys,
      isOpen: config.registration === 'open',
      inviteNamed: async (typed) => {
        const hash = inviteHash(typed);
        return hash !== null && (await invites()).all.has(hash) ? hash : null;
      },
      learned: (told) => keys.learnPerson(told),
      search: (sought) => finder.copies(sought),
      ring: (search) => keys.found(search),
      now,
    });
    // Ways of this life are shared with none of another.
    const proxy = ownWays(config.proxy);
    const asking = await askingOf(config.dns, proxy);
    const finding = {
      proxy,
      resolver: options.resolver ?? asking.finder ?? systemResolver,
      peers: new Map(
        [...config.peers].flatMap(([name, { at }]): [string, Endpoint][] => (at === null ? [] : [[name, at]])),
      ),
      random: Math.random,
    };
    const limits = {
      ...transportLimits,
      connectionsMax: config.limits.connections,
      connectionsPerAddressMax: config.limits.connectionsPerAddress,
    };
    const plain = config.plain === null ? null : new PlainDoor(config.plain, { timers: systemTimers, log, limits });
    const keys = new KeyServer({
      store: store.store,
      domain: config.domain,
      own: [key.certificate.bytes, ...former],
      now,
      timers: systemTimers,
      log,
      limits,
      amended: (amended) => shell.amend(amended),
      domainAmended: (name) => shell.amendDomain(name),
    });
    const lookUp = lookUpWith(asking.keys, config.dns.resolvers !== null);
    const finder = new KeyFinder({ keys, lookUp: (domain) => lookUp(domain, false), finding, proxy, log });
    const shell = new NodeShell({
      node: {
        identity: {
          domain: config.domain,
          fingerprint: bytesOfHex(key.certificate.key.fingerprint)!,
          certificate: key.certificate.bytes,
          seed: key.circuitSeed!,
          ...(rotation === null ? {} : { rotation }),
          ...(before === undefined ? {} : { before }),
          ...(earlier.length === 0 ? {} : { earlier }),
          ...(first === undefined ? {} : { first }),
          ...(config.recovery === null ? {} : { recovery: bytesOfHex(config.recovery)! }),
          ...(recovery === null ? {} : { recoveryKey: recovery }),
        },
        ...(next === null ? {} : { announced: announcedOf(next, recovery) }),
        // Names of circuits of different lives need only differ from those that this process has given.
        life: ++lives,
        suite,
        decode: decodeUtf8,
        pins: pinsOf(config),
        // Whose name is the key of an onion service is where that is; through a proxy only named resolvers are asked.
        placed: { has: (name) => asking.resolvers.length === 0 || isOnion(name) || finding.peers.has(name) },
        trustLimits: scaledTrust(trustLimits, config.policy.timeScale),
        plain: plain?.hosts ?? new Set(),
        origins: config.origins,
        circuitLimits,
        deliveryLimits,
        federationLimits: {
          ...federationLimits,
          circuitsMax: Math.max(federationLimits.circuitsMax, config.limits.connections),
        },
        ...morOptions(config.mor, watched !== undefined && unsafe),
        ...serviceOptions(config),
      },
      store: store.store,
      answer: (question) => notary.answer(question),
      lookUp,
      reach: (domain, signal) =>
        // Where times are those of a trial, nobody from elsewhere is met.
        (config.policy.timeScale !== 1 && !isLoopbackName(domain)
          ? Promise.reject(new TransportError('_transport_unresolved', 'policy.timeScale: only .test and .localhost'))
          : null) ??
        plain?.reach(domain, signal) ??
        reach({ domain, ...finding, timers: systemTimers, limits }, signal),
      timers: systemTimers,
      unixMs: () => Date.now(),
      log,
      noticed: (notice) => {
        const isNews = notice.kind === 'connected' || (notice.kind === 'countersignature' && notice.by === 'them');
        if (isNews) keys.learn(notice.domain);
        if (notice.kind === 'countersignature') mor?.ownKeySaid();
      },
      crashed,
      mor: (effect) => mor?.perform(effect),
      mail: (effect) => mail?.perform(effect),
      limits,
    });
    let begin = (): void => {};
    try {
      await keys.start();
      const accept = (stream: Parameters<NodeShell['accept']>[0]): void => shell.accept(stream);
      const limited = { limits: pageLimits, timers: systemTimers, log };
      const ask = shell.ask.bind(shell);
      const pages = new Pages({ domain: config.domain, scope: config.pages, ask, ...limited });
      const requested: Answering = (...asked) => keys.take(...asked) || pages.take(...asked);
      const shared = { credentials, accept, requested, timers: systemTimers, log, limits };
      const listener = await Listener.open({ hosts, port, ...shared });
      server = new Server(listener, shell, store, plain, keys);
      if (config.keys !== null) {
        await keys.open(keyHosts, config.keys.port);
        const { tlsPort } = config.keys;
        if (tlsPort !== null) server.#further = await Listener.open({ hosts: keyHosts, port: tlsPort, ...shared });
      }
      await plain?.open(plainHosts, (stream, named) => shell.accept(stream, named));
      const browsers = { accept, requested: pages.take.bind(pages), timers: systemTimers, log, limits };
      if (config.web !== null) server.#web = await openWeb(config.web, browsers);
      const { asker } = asking;
      const dnsKeys = ownKeysOf(domain);
      server.#dns = await DnsDuty.open(dnsHosts, { config, keys: dnsKeys, asker, timers: systemTimers, log });
      const running = server;
      if (config.mor !== null) {
        const tell = shell.tellMor.bind(shell);
        const around = { folder: config.folder, key, store: store.store, timers: systemTimers, log, tell };
        const { duty, loaded } = await MorDuty.open(watched === undefined ? around : { ...around, watched });
        mor = server.#mor = duty;
        server.#epochMs = nextEpochMs(key);
        begin = () => duty.begin(loaded);
      }
      if (config.mail !== null) {
        const tell = shell.tellMail.bind(shell);
        mail = server.#mail = await MailDuty.open({
          config: config.mail,
          credentials,
          timers: systemTimers,
          log,
          tell,
        });
      }
      server.#admin = await AdminChannel.open(
        config.folder,
        (question) => (question.kind === 'announce' ? running.#announce(config.folder) : shell.ask(question)),
        log,
      );
    } catch (error) {
      await (server === undefined ? store.close() : server.stop());
      throw error;
    }
    shell.start();
    begin();
    server.#await(next);
    return server;
  }

  /** Resolves when the key that is to follow is to be put in its place, or the next onion epoch in the key, and this server to be started anew with it. */
  readonly rotating: Promise<void> = new Promise((resolve) => (this.#rotate = resolve));

  /** A key that is to follow was made: other domains and the DNS are told of it from now on. */
  async #announce(folder: string): Promise<AdminAnswer> {
    const domain = await loadDomain(folder);
    if (domain.next !== null) this.#shell.announce(announcedOf(domain.next, domain.recovery));
    this.#dns?.say(ownKeysOf(domain));
    this.#await(domain.next);
    return { kind: 'done' };
  }

  #await(next: Successor | null): void {
    this.#waiting();
    const dues = [next?.switchMs, this.#epochMs].filter((due) => due !== undefined && due !== null);
    if (dues.length === 0) return;
    const leftMs = Math.min(...dues) - Date.now();
    // Timers of Node hold no month.
    this.#waiting = systemTimers.after(Math.max(0, Math.min(leftMs, WAIT_MS_MAX)), () => {
      if (leftMs > WAIT_MS_MAX) this.#await(next);
      else this.#rotate();
    });
  }

  /** Where it listens, `address:port`, IPv6 in brackets. */
  get addresses(): string[] {
    return this.#listener.addresses.map(endpointText);
  }

  /** Where it listens for anything else: plain peers, proxies that end TLS, questions about keys without TLS and with it, the DNS, mail. */
  get further() {
    const texts = (addresses: readonly Parameters<typeof endpointText>[0][] = []): string[] =>
      addresses.map(endpointText);
    return {
      plain: texts(this.#plain?.addresses),
      web: texts(this.#web?.addresses),
      keys: { plain: texts(this.#keys.addresses), tls: texts(this.#further?.addresses) },
      dns: texts(this.#dns?.addresses),
      mail: texts(this.#mail?.addresses),
    };
  }

  /** Ends circuits in order, answers what was asked of the store, and lets go of it. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** The same, and gives its store to the next one. */
  async handOver(): Promise<OpenStore> {
    this.#stopping ??= this.#close();
    await this.#stopping;
    return this.#store;
  }

  async #stop(): Promise<void> {
    await this.#close();
    await this.#store.close();
  }

  async #close(): Promise<void> {
    this.#waiting();
    this.#shell.stop();
    await this.#mail?.stop();
    await this.#mor?.close();
    await this.#admin?.close();
    await this.#listener.close();
    await this.#plain?.close();
    await this.#web?.close();
    await this.#further?.close();
    await this.#keys.close();
    await this.#dns?.close();
  }
}

const announcedOf = ({ statement, key }: Successor, recovery: Uint8Array | null): RotationTold => ({
  statement,
  key: key.certificate.bytes,
  recovery,
});

const endpointText = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const credentialsOf = async ({ tls, domain }: Config): Promise<Credentials> =>
  tls === null ? selfSigned(domain, Date.now()) : readCredentials(tls.key, tls.certificate);

const pinsOf = ({ peers }: Config): Map<string, string> =>
  new Map(
    [...peers].flatMap(([name, { fingerprint }]): [string, string][] =>
      fingerprint === null ? [] : [[name, fingerprint]],
    ),
  );
