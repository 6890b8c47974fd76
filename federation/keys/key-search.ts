/** The keys of people of whom nobody at home answers: found with others, and told to those here who ask. docs/spec/people.md#keys-of-others */
import { equalBytes } from '../../psyc/bytes.ts';
import { domainOf, entityIn, isPerson, keepLetter, type Letter, newLetter } from '../letter.ts';
import type { PkiAnswer } from './pki.ts';
import { readPin } from './person-pin.ts';
import { readRecords } from '../records.ts';
import { remember } from '../remember.ts';
import { authoritiesIn, honouredIn } from '../trust/trust-record.ts';
import type { TrustOwner } from '../trust/trust-owner.ts';
import { nodeUniform } from '../waking.ts';

/** Somebody's keys, checked under a key of his domain that is trusted here. */
export type FoundKeys = PkiAnswer & { readonly kind: 'found' } & {
  /** His fingerprint was pinned before, and is this one. */
  readonly isPinned: boolean;
};

type Waiting = (found: FoundKeys | null) => void;

/** One node's searches. */
export class KeySearch {
  readonly #node: TrustOwner;
  readonly #searching = new Map<string, Waiting[]>();
  readonly #found = new Map<string, { readonly found: FoundKeys | null; readonly atMs: number }>();

  constructor(node: TrustOwner) {
    this.#node = node;
  }

  queues(): [string, number][] {
    return [['searches', this.#searching.size]];
  }

  /** Looks for them, on our own ring first; null: nobody has them, or too much is being looked for. */
  find(person: string, found: Waiting): void {
    if (entityIn(person)?.kind !== 'person') {
      found(null);
      return;
    }
    const { searchesMax, searchesOfDomainMax, searchedMax, keysMsMax } = this.#node.options.federationLimits;
    const last = this.#found.get(person);
    if (last !== undefined && this.#node.nowMs - last.atMs < keysMsMax) {
      found(last.found);
      return;
    }
    const waiting = this.#searching.get(person);
    if (waiting !== undefined) {
      waiting.push(found);
      return;
    }
    const home = domainOf(person);
    const ofHome = [...this.#searching.keys()].filter((other) => domainOf(other) === home).length;
    // Whoever has a domain has as many people as he likes: they leave room for others'.
    if (this.#searching.size >= searchesMax || ofHome >= searchesOfDomainMax) {
      found(null);
      return;
    }
    this.#searching.set(person, [found]);
    this.#ask(person, (answer) => {
      remember(this.#found, person, { found: answer, atMs: this.#node.nowMs }, searchedMax);
      const all = this.#searching.get(person) ?? [];
      this.#searching.delete(person);
      for (const told of all) told(answer);
    });
  }

  /** Somebody here asks for the keys of a person whose home is not reached: what is found is told in its place. */
  standIn(letter: Letter): void {
    const person = letter.routing.get('_target') ?? '';
    if (letter.packet.method !== '_request_keys' || !isPerson(person)) return;
    if (!this.#node.ways.isUnreached(domainOf(person))) return;
    const { routing } = keepLetter(letter);
    if ((this.#searching.get(person)?.length ?? 0) >= this.#node.options.federationLimits.lettersMax) return;
    this.find(person, (found) => {
      if (found === null) return;
      const tag = routing.get('_tag');
      this.#node.post(
        newLetter({
          routing: { _source: person, _target: routing.get('_source'), _tag_relay: tag, _tag_reply: tag },
          entity: { _key: found.key, _statement: found.statement, _key_domain: found.authority },
          method: '_status_keys',
        }),
      );
    });
  }

  #ask(person: string, done: Waiting): void {
    const node = this.#node;
    const home = domainOf(person);
    readRecords(node, nodeUniform(home), (ofHome) => {
      const isOurs = home === node.domain;
      const authorities =
        ofHome === null ? [] : isOurs ? [node.options.identity.certificate] : authoritiesIn(ofHome, node.unixMs);
      if (ofHome === null || authorities.length === 0) {
        done(null);
        return;
      }
      const honoured = isOurs ? null : honouredIn(ofHome, node.unixMs, node.options.trustLimits);
      readPin(node, person, ofHome, (pin) => {
        if (pin === null) {
          done(null);
          return;
        }
        const { fingerprint, statement: known } = pin;
        const linked = node.ways.linked();
        // Nobody knows better than his home, if it is there.
        const first = linked.filter((domain) => domain === home);
        const servers = [...first, ...linked.filter((domain) => domain !== home)].slice(
          0,
          node.options.federationLimits.keyServersAskedMax,
        );
        node.askPki({ kind: 'find', person, fingerprint, known, authorities, honoured, servers }, (answer) => {
          const isIt =
            answer.kind === 'found' && (fingerprint === null || equalBytes(fingerprint, answer.read.fingerprint));
          done(isIt ? { ...answer, isPinned: fingerprint !== null } : null);
        });
      });
    });
  }
}
