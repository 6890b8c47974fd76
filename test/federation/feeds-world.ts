/** Some nodes with ideal keys, and circuits between them that stand or are cut; no network, one clock. */
import { channelOf } from '../../circuit/channel.ts';
import { IdealKeys } from '../../simulator/ideal.ts';
import { MemoryStore } from '../../store/memory.ts';
import { beginUnixMs, type Party } from '../../simulator/scenes/circuit-end.ts';
import { renderVisit } from '../../publication/visit.ts';
import { feedOf } from '../../publication/feed.ts';
import type { FederationLimits } from '../../federation/limits.ts';
import type { Draft } from '../../psyc/render.ts';
import { channel, type Heard, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

const pairOf = (one: string, other: string): string => [one, other].sort().join(' ');

/** Domains that all know each other. */
export class World {
  readonly keys: IdealKeys;
  readonly nodes = new Map<string, NodeFixture>();
  readonly stores = new Map<string, MemoryStore>();
  readonly #cut = new Set<string>();
  readonly #bridges = new Map<string, { readonly pair: string; close(): void }>();
  readonly #seen = new Map<string, number>();
  readonly #limits: Partial<FederationLimits>;
  /** Signs for everybody. */
  readonly #author: NodeFixture;
  #circuits = 0;
  #lives = 0;

  constructor(domains: readonly string[], limits: Partial<FederationLimits> = {}) {
    let drawn = 0;
    this.keys = new IdealKeys((length) => new Uint8Array(length).fill(++drawn));
    this.#limits = limits;
    this.#author = new NodeFixture({}, { keys: this.keys });
    for (const domain of domains) {
      this.stores.set(domain, new MemoryStore());
      this.start(domain);
    }
  }

  node(domain: string): NodeFixture {
    return this.nodes.get(domain)!;
  }

  /** A new life of a node, on what its store has. */
  start(domain: string): NodeFixture {
    const settings = { domain, keys: this.keys, life: ++this.#lives, store: this.stores.get(domain)! };
    const fixture = new NodeFixture(this.#limits, settings);
    fixture.nowMs = [...this.nodes.values()][0]?.nowMs ?? 0;
    this.nodes.set(domain, fixture);
    this.#seen.set(domain, 0);
    for (const other of this.stores.keys()) if (other !== domain) fixture.meet(other);
    this.settle();
    return fixture;
  }

  /** A node is gone, and all its circuits. */
  kill(domain: string): void {
    this.nodes.delete(domain);
    for (const [name, bridge] of [...this.#bridges]) {
      if (!bridge.pair.split(' ').includes(domain)) continue;
      this.#bridges.delete(name);
      bridge.close();
    }
    this.settle();
  }

  /** Somebody of one domain asks something of another, so that there is a circuit. */
  link(one: string, other: string): void {
    const circuit = this.login(`psyc://${one}/~link`, 'phone');
    const routing = { _source: channel('link', 'phone', one), _target: `psyc://${other}/~nobody`, _tag: 'k' };
    this.node(one).sayRaw(circuit, { routing, method: '_request_keys' });
    this.settle();
  }

  cut(one: string, other: string): void {
    const pair = pairOf(one, other);
    this.#cut.add(pair);
    for (const [name, bridge] of [...this.#bridges]) {
      if (bridge.pair !== pair) continue;
      this.#bridges.delete(name);
      bridge.close();
    }
    this.settle();
  }

  heal(one: string, other: string): void {
    this.#cut.delete(pairOf(one, other));
    this.pass(31_000);
  }

  pass(ms: number): void {
    const step = 250;
    for (let at = 0; at < ms; at += step) {
      for (const fixture of [...this.nodes.values()]) fixture.pass(Math.min(step, ms - at));
      this.settle();
    }
  }

  /** Whatever is dialled stands, or fails. */
  settle(): void {
    for (let isNew = true; isNew; ) {
      isNew = false;
      for (const [domain, fixture] of [...this.nodes]) {
        const seen = this.#seen.get(domain)!;
        this.#seen.set(domain, fixture.dialled.length);
        for (const dialled of fixture.dialled.slice(seen)) {
          isNew = true;
          const at = dialled.lastIndexOf(' ');
          this.#stand(domain, fixture, dialled.slice(0, at), dialled.slice(at + 1));
        }
      }
    }
  }

  /** Somebody's device logs in, at home or as a visitor; gives the circuit's name. */
  login(person: string, device: string, at = domainIn(person)): string {
    const home = domainIn(person);
    const nick = person.slice(person.indexOf('~') + 1);
    const fixture = this.node(at);
    if (at === home) return fixture.connect(`client ${nick} ${device}`);
    const seed = fixture.seedOf(nick, device, home);
    const keys = fixture.identityOf(nick, home);
    const id = this.keys.idOf(seed);
    const timeMs = beginUnixMs + fixture.nowMs;
    const visit = { person, fingerprint: keys.fingerprint, device: id, domain: at, timeMs };
    const party = {
      kind: 'client',
      person,
      keys: { ...keys, key: this.keys.certified(keys.key, this.keys.domain(home)) },
      seed,
      channel: channelOf(person, id, { side: '1', at }),
      visit: renderVisit(this.keys.suite, visit, seed),
      invite: undefined,
    } as Party;
    const name = fixture.connect(`client ${nick} ${device}`, { name: `visitor ${nick} ${device}`, party });
    this.pass(2000);
    return name;
  }

  /** A device publishes, where its circuit is. `counter`: the circuit's own number. */
  publish(at: string, circuit: string, source: string, counter: number, text: string): void {
    const address = feedOf(source.slice(0, source.indexOf('#')));
    this.node(at).sayBytes(circuit, this.signed(source, address, counter, text));
    this.settle();
  }

  /** The next publication of a device, of which there is one chain wherever it is. */
  signed(source: string, address: string, counter: number, text: string): Uint8Array {
    return this.signedDraft(source, address, said(source, address, counter, '_message_public', text));
  }

  signedDraft(source: string, address: string, draft: Draft): Uint8Array {
    this.#author.nowMs = Math.max(0, ...[...this.nodes.values()].map(({ nowMs }) => nowMs));
    return this.#author.signed(source, address, draft);
  }

  /** Everything that somebody's publications are at a server: their texts, in its order. */
  texts(domain: string, person: string): string[] {
    const context = feedOf(person);
    const outcome = this.stores.get(domain)!.perform({ kind: 'read', request: 0, context, after: 0, rowsMax: 512 });
    return outcome.kind === 'rows' ? outcome.rows.map(({ packet }) => textIn(packet)) : [];
  }

  #stand(domain: string, fixture: NodeFixture, name: string, to: string): void {
    const other = this.nodes.get(to);
    const pair = pairOf(domain, to);
    if (other === undefined || this.#cut.has(pair)) {
      fixture.tell({ kind: 'failed', circuit: name });
      return;
    }
    const theirs = `from ${domain} ${++this.#circuits}`;
    let isOpen = true;
    const close = (): void => {
      if (!isOpen) return;
      isOpen = false;
      for (const [node, circuit] of [
        [fixture, name],
        [other, theirs],
      ] as const)
        if ([...this.nodes.values()].includes(node)) node.tell({ kind: 'failed', circuit });
    };
    this.#bridges.set(theirs, { pair, close });
    fixture.listen(name, (bytes) => isOpen && other.tell({ kind: 'bytes', circuit: theirs, bytes: bytes.slice() }));
    other.listen(theirs, (bytes) => isOpen && fixture.tell({ kind: 'bytes', circuit: name, bytes: bytes.slice() }));
    const exported = this.keys.exported(theirs);
    other.tell({ kind: 'opened', circuit: theirs, exported, accepted: true });
    fixture.tell({ kind: 'opened', circuit: name, exported, accepted: false });
  }
}

const domainIn = (person: string): string => /^psyc:\/\/([^/]+)/.exec(person)![1]!;

const textIn = (packet: Uint8Array): string => {
  const lines = new TextDecoder().decode(packet).split('\n');
  return lines[lines.indexOf('_message_public') + 1]!;
};

/** What was heard of somebody's publications: row and text. */
export const publishedIn = (heard: readonly Heard[]): string[] =>
  heard
    .filter(({ routing }) => routing['_context'] !== undefined)
    .map(({ routing, data }) => `${routing['_counter']} ${data}`);
