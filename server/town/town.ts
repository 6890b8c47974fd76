/** A town: some domains on the loopback of this machine, each with its server, its keys and its database, for as long as one process lives. docs/operating.md#playground */
import { readFile } from 'node:fs/promises';
import { writePrivate } from '../../disk/private-file.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { domainFolder } from '../domain/folders.ts';
import { quickstart } from '../domain/quickstart.ts';
import type { Deed } from '../mor/deeds.ts';
import type { Endpoint } from '../transport/resolve.ts';
import { TownError } from './errors.ts';
import { makeTownFolder, removeTownFolder } from './folder.ts';
import { Life } from './life.ts';
import type { Delegation, TownNames } from './names.ts';
import { freePort } from './port.ts';

const HOST = '127.0.0.1';

/** Of each link: what costs a network costs a loopback little, and who plays waits for clocks two fifths of the time. */
const FRAMES_PER_SECOND = 100;

/** What a town is made of. */
export interface TownOptions {
  /** Of this machine alone, as `red.localhost`: anybody may register. */
  readonly domains: readonly string[];
  /** The file of the p3do command, for Node. */
  readonly command: string;
  /**
   * The DNS by which the domains find each other, who are no `peers` then; each answers for its own record. `timeScale` divides
   * every time by which keys are trusted. Without: they are told where the others are, and time is as it is.
   */
  readonly trial?: { readonly names: TownNames; readonly timeScale: number };
  /** All pass onions around, each with a link to each other, and this is told what becomes of them where. */
  readonly onions?: (domain: string, deed: Deed) => void;
  /** With `onions`: these wait for no clock and hide nothing. */
  readonly unsafe?: boolean;
  /** Told as each server takes circuits. */
  readonly ready?: (domain: string) => void;
  /** Told when a server ends that nobody has ended. */
  readonly ended?: (domain: string, how: string) => void;
}

/** A town, from `start` to `close`. */
export class Town {
  readonly #options: TownOptions;
  readonly #lives = new Map<string, Life>();
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #fingerprints = new Map<string, string>();
  readonly #delegations = new Map<string, Delegation>();
  /** Files, by domain. */
  readonly #configs = new Map<string, string>();
  #home: string | null = null;
  #starting: Promise<void> = Promise.resolve();
  #closing: Promise<void> | null = null;

  constructor(options: TownOptions) {
    this.#options = options;
  }

  /** The folder that is P3DO_HOME for all commands of this town: `domains/`, and `people/`. */
  get home(): string {
    if (this.#home === null) throw new Error('the town has not been started');
    return this.#home;
  }

  /** Where each domain's server is. */
  get endpoints(): ReadonlyMap<string, Endpoint> {
    return this.#endpoints;
  }

  /** What the DNS of a trial has to say of each domain, for it to be found. */
  get delegations(): ReadonlyMap<string, Delegation> {
    return this.#delegations;
  }

  /** Of each domain's key, 40 hexadecimal digits. */
  get fingerprints(): ReadonlyMap<string, string> {
    return this.#fingerprints;
  }

  /** The process of a domain's server; null while it has none. */
  pidOf(domain: string): number | null {
    return this.#lives.get(domain)?.pid ?? null;
  }

  /**
   * Makes and starts all domains; resolves when each takes circuits. Throws TownError, and as `quickstart`; `close` must be
   * called in any case, and may be called meanwhile: then it throws `_town_closed`.
   */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  /** Starts a domain's server that has ended; resolves when it takes circuits. */
  async startDomain(domain: string): Promise<void> {
    if (this.#lives.has(domain)) return;
    this.#mustBeOpen();
    const { command, onions, unsafe = false } = this.#options;
    const watched = onions === undefined ? {} : { watched: (deed: Deed) => onions(domain, deed), unsafe };
    const life = await Life.start({ domain, command, folder: this.folderOf(domain), ...watched });
    this.#lives.set(domain, life);
    void life.over.then((how) => {
      if (this.#lives.get(domain) !== life) return;
      this.#lives.delete(domain);
      this.#options.ended?.(domain, how);
    });
    // Who closes meanwhile has not seen it.
    if (this.#closing !== null) await this.endDomain(domain);
    this.#mustBeOpen();
    await life.ready;
    this.#mustBeOpen();
    this.#options.ready?.(domain);
  }

  /** Ends a domain's server: in order, or `isKilled`, without a warning. */
  async endDomain(domain: string, isKilled = false): Promise<void> {
    const life = this.#lives.get(domain);
    this.#lives.delete(domain);
    await (isKilled ? life?.kill() : life?.stop());
  }

  /** Ends all servers and removes the folder: nothing is left. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #start(): Promise<void> {
    const { domains } = this.#options;
    this.#home = await makeTownFolder();
    this.#mustBeOpen();
    const taken = new Set<number>();
    const free = async (): Promise<Endpoint> => {
      const port = await freePort(HOST, taken);
      taken.add(port);
      return { host: HOST, port };
    };
    for (const domain of domains) {
      const server = await free();
      this.#endpoints.set(domain, server);
      if (this.#options.trial !== undefined) this.#delegations.set(domain, { server, responder: await free() });
    }
    await allOf(domains.map((domain) => this.#make(domain)));
    for (const [domain, file] of this.#configs) await this.#configure(domain, file);
    await allOf(domains.map((domain) => this.startDomain(domain)));
  }

  async #make(domain: string): Promise<void> {
    const { port } = this.#endpoints.get(domain)!;
    const isTold = this.#options.trial === undefined;
    const peers = new Map([...this.#endpoints].filter(([name]) => isTold && name !== domain));
    const now = Math.floor(Date.now() / 1000);
    const made = await quickstart(this.folderOf(domain), { domain, now, hosts: [HOST], port, peers });
    this.#fingerprints.set(domain, made.fingerprint);
    this.#configs.set(domain, made.config);
  }

  /** Adds what only a trial has; without one the domains know each other's keys, as admins who have spoken. */
  async #configure(domain: string, file: string): Promise<void> {
    const { trial, domains, onions } = this.#options;
    const delegation = this.#delegations.get(domain);
    const config = JSON.parse(await readFile(file, 'utf8')) as { readonly peers?: Record<string, object> };
    const told = ([name, peer]: [string, object]): [string, object] => [
      name,
      { ...peer, fingerprint: this.#fingerprints.get(name) },
    ];
    let more: object = { ...config, peers: Object.fromEntries(Object.entries(config.peers ?? {}).map(told)) };
    if (onions !== undefined) {
      const links = domains.filter((name) => name !== domain);
      more = { ...more, mor: { links, framesPerSecond: FRAMES_PER_SECOND } };
    }
    if (trial !== undefined && delegation !== undefined) {
      const { host, port } = delegation.responder;
      const dns = { resolvers: [trial.names.resolver], responder: { hosts: [host], port, nameServer: `ns.${domain}` } };
      more = { ...more, dns, policy: { timeScale: trial.timeScale } };
    }
    await writePrivate(file, encodeText(`${JSON.stringify(more, null, 2)}\n`), 'replace');
  }

  async #close(): Promise<void> {
    const endAll = (): Promise<unknown> => Promise.all([...this.#lives.keys()].map((domain) => this.endDomain(domain)));
    // What is being started ends with an error by this.
    await endAll();
    await this.#starting.catch(() => {});
    await endAll();
    if (this.#home !== null) await removeTownFolder(this.#home);
  }

  /** Where a domain's files are; its log is the file `log`. */
  folderOf(domain: string): string {
    return domainFolder(domain, { P3DO_HOME: this.home });
  }

  #mustBeOpen(): void {
    if (this.#closing !== null) throw new TownError('_town_closed', 'it was ended while it started');
  }
}

/** Whether one fails or all stand: nothing goes on behind whoever closes. */
async function allOf(all: readonly Promise<void>[]): Promise<void> {
  for (const one of await Promise.allSettled(all)) if (one.status === 'rejected') throw one.reason;
}
