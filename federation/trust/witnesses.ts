/** Asks other domains, by packets, what their rings have of a person whose key may have been taken back. Not the witnesses of a quorum, who say what they see of a domain. docs/spec/people.md#visitors */
import type { Desk } from '../desk.ts';
import { domainOf, type Letter, newLetter } from '../letter.ts';
import { readRecords } from '../records.ts';
import { trustIn } from './trust-record.ts';

/** Keys and statements of devices, as others have them; nothing is checked. */
export interface Witnessed {
  readonly keys: readonly Uint8Array[];
  readonly statements: readonly Uint8Array[];
  /** How many domains were asked, and of these how many have answered, with keys or that they have none. */
  readonly asked: number;
  readonly heard: number;
}

/** Of whom nobody was asked. */
export const unasked: Witnessed = { asked: 0, heard: 0, keys: [], statements: [] };

/** What has come so far of one question. */
interface Gathered {
  readonly asked: number;
  readonly keys: Uint8Array[];
  readonly statements: Uint8Array[];
  heard: number;
}

/** A domain that has not answered. */
interface Asking {
  readonly domain: string;
  readonly gathered: Gathered;
  /** What it has told so far; not so much that it takes others' room. */
  readonly keys: Uint8Array[];
  readonly done: (isHeard: boolean) => void;
}

const keysOf = (domain: string): string => `psyc://${domain}/$keys`;

/** `nick@domain` of `psyc://domain/~nick`. */
function addressOf(person: string): string {
  const [, domain = '', nick = ''] = /^psyc:\/\/([^/]+)\/~(.+)$/.exec(person) ?? [];
  return `${nick}@${domain}`;
}

/** The questions of one node. */
export class Witnesses {
  readonly #desk: Desk;
  readonly #linked: () => readonly string[];
  /** By tag. */
  readonly #asking = new Map<string, Asking>();
  #asked = 0;

  /** `linked`: other domains to which a circuit is ready, and whose word counts as far as the admin says. */
  constructor(desk: Desk, linked: () => readonly string[]) {
    this.#desk = desk;
    this.#linked = linked;
  }

  get count(): number {
    return this.#asking.size;
  }

  /**
   * Asks some that are normal here, his home first where it has a circuit, all at once, and gives what has come in time; once. With too
   * many questions nobody is asked.
   */
  ask(person: string, told: (witnessed: Witnessed) => void): void {
    const { witnessCandidatesMax } = this.#desk.options.federationLimits;
    const [home, linked] = [domainOf(person), this.#linked()];
    const all = [...linked.filter((domain) => domain === home), ...linked.filter((domain) => domain !== home)];
    this.#choose(all.slice(0, witnessCandidatesMax), [], (chosen) => this.#ask(person, chosen, told));
  }

  /** Who is on trial is no witness. */
  #choose(domains: readonly string[], chosen: readonly string[], done: (chosen: readonly string[]) => void): void {
    const { visitorWitnessesAskedMax } = this.#desk.options.federationLimits;
    const [domain, ...more] = domains;
    if (domain === undefined || chosen.length >= visitorWitnessesAskedMax) {
      done(chosen);
      return;
    }
    readRecords(this.#desk, `psyc://${domain}`, (records) => {
      const isNormal = records !== null && trustIn(records, this.#desk.unixMs).standing === 'normal';
      this.#choose(more, isNormal ? [...chosen, domain] : chosen, done);
    });
  }

  #ask(person: string, domains: readonly string[], told: (witnessed: Witnessed) => void): void {
    const { visitorWitnessMs, witnessesAskingMax } = this.#desk.options.federationLimits;
    const gathered: Gathered = { asked: domains.length, keys: [], statements: [], heard: 0 };
    if (domains.length === 0 || this.#asking.size + domains.length > witnessesAskingMax) {
      told(gathered);
      return;
    }
    const open = new Set<string>();
    const over = (): void => {
      for (const tag of open) {
        // What of an answer came in time counts.
        gathered.keys.push(...this.#asking.get(tag)!.keys);
        this.#asking.delete(tag);
      }
      told(gathered);
    };
    for (const domain of domains) {
      const tag = `w${++this.#asked}`;
      const keys: Uint8Array[] = [];
      open.add(tag);
      const done = (isHeard: boolean): void => {
        this.#asking.delete(tag);
        open.delete(tag);
        if (isHeard) gathered.heard++;
        gathered.keys.push(...keys);
        if (open.size === 0) over();
      };
      this.#asking.set(tag, { domain, gathered, keys, done });
    }
    const [first] = open;
    this.#desk.timer(`witnesses ${first}`, visitorWitnessMs, () => {
      if (open.size > 0) over();
    });
    for (const tag of open) {
      const routing = {
        _source: `psyc://${this.#desk.domain}`,
        _target: keysOf(this.#asking.get(tag)!.domain),
        _tag: tag,
      };
      this.#desk.post(newLetter({ routing, entity: { _search: addressOf(person) }, method: '_request_keys' }));
    }
  }

  /** A letter to the node; whether it answers a question. */
  take({ routing, packet }: Letter): boolean {
    const asking = this.#asking.get(routing.get('_tag_relay') ?? '');
    if (asking === undefined || routing.get('_source') !== keysOf(asking.domain)) return false;
    const { gathered, keys, done } = asking;
    const key = packet.value('_key');
    if (packet.method === '_status_key') {
      const { witnessKeysMax } = this.#desk.options.federationLimits;
      // Among so many the one that counts could be left out: that is no answer.
      if (keys.length >= witnessKeysMax) done(false);
      else if (key !== undefined) keys.push(new Uint8Array(key));
      return true;
    }
    const statement = packet.value('_statement');
    if (packet.method === '_echo_keys' && statement !== undefined) gathered.statements.push(new Uint8Array(statement));
    done(packet.method === '_echo_keys' || packet.method === '_failure_keys_unknown');
    return true;
  }
}
