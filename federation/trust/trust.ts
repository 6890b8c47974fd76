/** Which key of another domain is taken for its own: asks everybody whom the table of continuity goes by, and keeps what it says. docs/spec/trust.md#decision */
import type { ServerAnswer, ServerQuestion } from '../../circuit/server-handshake.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { registrableOf } from '../../pki/network.ts';
import type { ProofFinding, TrustDecision } from '../../pki/trust-state.ts';
import { decide } from '../../pki/trust-table.ts';
import { Countersigning } from './countersigning.ts';
import { encodeText } from '../../psyc/bytes.ts';
import type { FederationCode } from '../error.ts';
import type { Announced, NodeEvent } from '../events.ts';
import type { Letter } from '../letter.ts';
import type { DomainShown } from '../admin-questions.ts';
import { Policy } from './policy.ts';
import { type RecordName, type Records, record, readRecords } from '../records.ts';
import { remember } from '../remember.ts';
import { codeOf, noticesOf } from './trust-codes.ts';
import { KeyStates } from './key-states.ts';
import { trustIn } from './trust-record.ts';
import { gather, type Gathered, type Heard } from './trust-inputs.ts';
import { trustOperations } from './trust-operations.ts';
import { shownOf } from './trust-shown.ts';
import { nodeUniform } from '../waking.ts';
import { NamedTurns } from '../named-turns.ts';
import { OldKeys } from './old-keys.ts';
import { OwnSuccessors } from './own-successors.ts';
import { Sightings } from './sightings.ts';
import type { TrustOwner } from './trust-owner.ts';

type Answering = (answer: ServerAnswer) => void;
type HeardMore = Pick<Heard, 'copy' | 'teller'>;
type Admission = ServerQuestion & { readonly kind: 'admission' };

const refused = (code: FederationCode): ServerAnswer => ({ kind: 'refused', code });

/** Everything that one node thinks of other domains' keys. */
export class Trusts {
  readonly #node: TrustOwner;
  readonly #sightings: Sightings;
  readonly #ownSuccessors: OwnSuccessors;
  readonly #oldKeys: OldKeys;
  readonly policy: Policy;
  readonly #countersigning: Countersigning;
  readonly #keyStates: KeyStates;
  /** By domain: each look may change what the next goes by. */
  readonly #turns: NamedTurns;
  /** Why domains were not let in, since they were last. */
  readonly #refused = new Map<string, NonNullable<DomainShown['refused']>>();
  /** Domains that are to be looked at at a certain time. */
  readonly #wanted = new Set<string>();
  /** Domains that are looked after, since their circuit was lost or they were not reached, and how long it is waited for that. */
  readonly #lost = new Map<string, number>();
  /** The key that was last taken on a circuit, by domain. */
  readonly #taken = new Map<string, string>();

  /** The key that is to follow our own; null: none is. */
  #announced: Announced | null;

  constructor(node: TrustOwner) {
    this.#node = node;
    this.#announced = node.options.announced ?? null;
    const { looksMax, looksOfDomainMax } = node.options.federationLimits;
    this.#turns = new NamedTurns({ ofName: looksOfDomainMax, names: looksMax });
    this.policy = new Policy(node);
    this.#sightings = new Sightings(
      node,
      this.policy,
      (domain) => this.#lookAgain(domain, node.options.deliveryLimits.retryMsMin, true),
      (domain, told, from) => {
        if (domain === node.domain) this.#ownSuccessors.heard(from, told, this.#announced);
        else this.#heardOf(domain, [told], { teller: from });
      },
    );
    this.#ownSuccessors = new OwnSuccessors(node);
    this.#oldKeys = new OldKeys(node, this.#sightings);
    this.#keyStates = new KeyStates(node, (domain, copy) => this.#heardOf(domain, [], { copy }));
    this.#countersigning = new Countersigning(node, this.policy, (domain, task, full) => {
      this.#inTurn(domain, task, full);
    });
  }

  queues(): [string, number][] {
    return [['looks', this.#turns.longest], ['domains looked at', this.#turns.size], ...this.#sightings.queues()];
  }

  /**
   * Whether a proved key is that domain's; what is remembered of it is durable before the answer. `accepted`: the domain came to
   * us. Of whom nothing is pinned only those are taken whom we went to: anybody can come in another's name.
   */
  admit({ peer, evidence }: Admission, accepted: boolean, answer: Answering): void {
    if (peer.kind !== 'server') throw new Error('a person is admitted by his residence');
    const { domain } = peer;
    const fault = this.policy.faultOf(domain);
    if (fault !== null) {
      this.#refuse(domain, fault, null);
      answer(refused(fault));
      return;
    }
    const { key: shown, statement, earlier = [], recovery = null, recoveryKey = null } = evidence;
    const steps =
      shown === null || statement === null ? [] : [...earlier, { statement, key: shown, recovery: recoveryKey }];
    const { options } = this.#node;
    // One name is not said in two ways: without keys it would be worth nothing where it is worth something.
    if (options.plain.has(domain)) {
      answer(refused('_trust_plain_domain'));
      return;
    }
    const fingerprint = hexOf(peer.fingerprint);
    if (shown !== null && shown.length > options.federationLimits.pinnedKeyBytesMax) {
      answer(refused('_trust_oversized_key'));
      return;
    }
    this.#inTurn(
      domain,
      (done) => {
        const settle: Answering = (told) => {
          answer(told);
          done();
        };
        readRecords(this.#node, nodeUniform(domain), (records) => {
          if (records === null) {
            settle(refused('_trust_unavailable'));
            return;
          }
          const { pin } = trustIn(records, this.#node.unixMs);
          const isMet = pin !== null || this.policy.fingerprintOf(domain) !== null;
          if (!isMet && accepted) {
            this.#node.meet(domain);
            settle(refused('_trust_unmet'));
            return;
          }
          // Whoever comes in a domain's name is seen nowhere: only where the domain is found.
          if (!accepted) this.#sightings.saw(domain, fingerprint);
          const named = recovery === null ? null : hexOf(recovery);
          // How it came to the key that is pinned is over.
          const told = pin?.fingerprint === fingerprint ? [] : steps;
          const heard: Heard = { proof: { kind: 'proved', fingerprint }, shown, told, recovery: named };
          this.#look(domain, records, heard, (decision) => {
            if (decision === null) settle(refused('_trust_unavailable'));
            else if (decision.verdict === 'refuse') {
              // What comes in its name says nothing of what is found there.
              if (!accepted) this.#refuse(domain, codeOf(decision), decision.row);
              settle(refused(codeOf(decision)));
            } else {
              this.#refused.delete(domain);
              this.#sightings.saw(domain, fingerprint);
              remember(this.#taken, domain, fingerprint, options.federationLimits.peersMax);
              settle({ kind: 'admitted', key: null, statement: null });
            }
          });
        });
      },
      () => answer(refused('_trust_unavailable')),
    );
  }

  /** Our own key is to have a successor, of which all hear now or when they are there; or somebody has brought more of a domain's. */
  told(event: NodeEvent & { readonly kind: 'announced' | 'domain key' }): void {
    if (event.kind === 'domain key') this.#heardOf(event.domain, []);
    else {
      this.#announced = event.announced;
      this.#sightings.passOn(this.#node.domain, event.announced);
    }
  }

  /** A letter of another node to this one; whether it is about keys of domains. */
  take(letter: Letter): boolean {
    return this.#sightings.take(letter) || this.#countersigning.take(letter);
  }

  /** The admin has changed his mind: whoever is spoken with no more hears it. */
  ruled(): void {
    for (const domain of this.#node.ways.linked()) {
      const fault = this.policy.faultOf(domain);
      if (fault !== null) this.#node.ways.shut(domain, fault);
      else this.#lookAgain(domain, 1, true);
    }
  }

  /** What is known of a domain; null when the store does not answer. */
  show(domain: string, shown: (domain: DomainShown | null) => void): void {
    readRecords(this.#node, nodeUniform(domain), (records) => {
      if (records === null) {
        shown(null);
        return;
      }
      shown({
        ...shownOf(domain, records, this.#node.unixMs),
        rule: this.policy.ruleOf(domain),
        isLinked: this.#node.ways.linked().includes(domain),
        refused: this.#refused.get(domain) ?? null,
      });
    });
  }

  /** Nothing is vouched for any more of these domains; `done` is given why not, or null, when that is durable. */
  disown([domain, ...more]: readonly string[], done: (code: FederationCode | null) => void): void {
    if (domain === undefined) done(null);
    else {
      this.#countersigning.takeBack(domain, (code) => {
        if (code === null) this.disown(more, done);
        else done(code);
      });
    }
  }

  /** As if it had never been met. `done` is given why not, or null. */
  forget(domain: string, done: (code: FederationCode | null) => void): void {
    const full = (): void => done('_trust_unavailable');
    this.#inTurn(
      domain,
      (over) => {
        readRecords(this.#node, nodeUniform(domain), (records) => {
          const operations = [...(records?.keys() ?? [])].map((name) => {
            return record(nodeUniform(domain), name as RecordName, new Uint8Array(0));
          });
          const end = (code: FederationCode | null): void => {
            if (code === null) this.#node.ways.shut(domain, '_trust_unmet');
            done(code);
            over();
          };
          if (records === null || operations.length === 0) end(records === null ? '_trust_unavailable' : null);
          else {
            this.#node.ask({ kind: 'write', operations }, (outcome) => {
              end(outcome.kind === 'written' ? null : '_trust_unavailable');
            });
          }
        });
      },
      full,
    );
  }

  /** The admin says that the pinned key is lost, or that it is not; `done` is given why that is not kept, or null. */
  declareLost(domain: string, isLost: boolean, done: (code: FederationCode | null) => void): void {
    this.#inTurn(
      domain,
      (over) => {
        readRecords(this.#node, nodeUniform(domain), (records) => {
          const pin = records === null ? null : trustIn(records, this.#node.unixMs).pin;
          const end = (code: FederationCode | null): void => {
            over();
            if (code === null) this.#heardOf(domain, []);
            done(code);
          };
          if (pin === null) {
            end(records === null ? '_trust_unavailable' : '_trust_unknown_key');
            return;
          }
          const value = isLost ? encodeText(pin.fingerprint) : new Uint8Array(0);
          this.#node.ask({ kind: 'write', operations: [record(nodeUniform(domain), 'lost', value)] }, (outcome) => {
            end(outcome.kind === 'written' ? null : '_trust_unavailable');
          });
        });
      },
      () => done('_trust_unavailable'),
    );
  }

  #refuse(domain: string, code: string, row: string | null): void {
    const { options, unixMs } = this.#node;
    remember(this.#refused, domain, { code, row, atMs: unixMs }, options.federationLimits.peersMax);
  }

  /** A domain's circuit stands: it is looked at again in a while. */
  ready(domain: string): void {
    this.#countersigning.begin(domain);
    this.#sightings.ready(domain);
    if (this.#announced !== null) this.#sightings.tell(domain, this.#node.domain, this.#announced);
    if (!this.#wanted.has(domain)) this.#lookAgain(domain, this.#node.options.trustLimits.recheckSoonMs, false);
  }

  /** A domain's circuit is over, or it was not reached: in a while it is looked whether it is silent, and whether others find so. */
  lost(domain: string): void {
    const isKnown = this.#lost.has(domain) || this.#wanted.has(domain);
    if (isKnown || this.#lost.size >= this.#node.options.federationLimits.peersMax) return;
    const { recheckSoonMs } = this.#node.options.trustLimits;
    this.#lost.set(domain, recheckSoonMs);
    this.#lookAgain(domain, recheckSoonMs, false);
  }

  /** `isWanted`: something depends on it, and where there is no circuit the node goes there. */
  #lookAgain(domain: string, delayMs: number, isWanted: boolean): void {
    if (isWanted && this.#wanted.size < this.#node.options.federationLimits.peersMax) this.#wanted.add(domain);
    this.#node.timer(`trust ${domain}`, delayMs, () => {
      const isWanted = this.#wanted.delete(domain);
      if (this.#node.ways.linked().includes(domain)) {
        this.#lost.delete(domain);
        // Only then: looks that take longer than it is waited for them would pile up.
        this.#heardOf(domain, [], {}, () => this.ready(domain));
      } else if (isWanted || this.#lost.has(domain)) {
        if (isWanted) this.#node.meet(domain);
        // Whether others find nobody there either.
        if (this.#node.ways.isUnreached(domain)) this.#heardOf(domain, []);
      }
    });
  }

  /** It is pinned, and nobody is there: it is gone there again, and others are asked what they find. */
  #lookAfter(domain: string): void {
    this.#sightings.ask(domain);
    this.#node.meet(domain);
    const { recheckSoonMs, recheckLaterMs } = this.#node.options.trustLimits;
    const delayMs = Math.min(2 * (this.#lost.get(domain) ?? recheckSoonMs), recheckLaterMs);
    this.#lost.set(domain, delayMs);
    this.#lookAgain(domain, delayMs, false);
  }

  /** Looks at a domain without its having come: by what is known of it, and by statements that somebody sent. */
  #heardOf(domain: string, told: Heard['told'], more: HeardMore = {}, after = (): void => {}): void {
    this.#inTurn(
      domain,
      (over) => {
        const done = (): void => {
          over();
          after();
        };
        readRecords(this.#node, nodeUniform(domain), (records) => {
          const state = records === null ? null : trustIn(records, this.#node.unixMs);
          if (records === null || state === null || state.pin === null) {
            if (records !== null) this.#lost.delete(domain);
            done();
            return;
          }
          const isUp = this.#node.ways.linked().includes(domain);
          const taken = this.#taken.get(domain);
          const proof: ProofFinding =
            isUp && taken !== undefined
              ? { kind: 'proved', fingerprint: taken }
              : { kind: 'silent', witnesses: this.#sightings.silentWitnesses(domain) };
          // It stands and was taken: that is seen now, however long ago it began.
          if (proof.kind === 'proved') this.#sightings.saw(domain, proof.fingerprint);
          const heard: Heard = { proof, shown: null, told, ...more };
          this.#look(domain, records, heard, (decision) => {
            // What it is refused for, too.
            if (isUp) this.#sightings.ready(domain);
            if (decision !== null && isUp && decision.verdict === 'refuse')
              this.#node.ways.shut(domain, codeOf(decision));
            if (!isUp && this.#lost.has(domain)) this.#lookAfter(domain);
            done();
          });
        });
      },
      after,
    );
  }

  /** Asks whoever there is to ask, decides, and keeps it; null when the store does not. */
  #look(domain: string, records: Records, heard: Heard, decided: (decision: TrustDecision | null) => void): void {
    gather(this.#node, this.policy, this.#sightings, domain, records, heard, (gathered) => {
      if (gathered === null) {
        decided(null);
        return;
      }
      const { options, unixMs } = this.#node;
      const state = trustIn(records, unixMs);
      const rules = { limits: options.trustLimits, registrable: registrableOf };
      const decision = decide(state, gathered.inputs, unixMs, rules);
      const operations = trustOperations(domain, records, state, heard, decision, gathered);
      const expected = this.policy.fingerprintOf(domain) ?? state.pin?.fingerprint ?? '';
      for (const notice of noticesOf(domain, expected, state, heard.proof, decision)) this.#node.notify(notice);
      const written = (): void => {
        this.#follow(domain, decision, gathered);
        this.#oldKeys.heard(domain, gathered.rotations, heard.teller ?? null);
        decided(decision);
      };
      if (operations.length === 0) written();
      else {
        this.#node.ask({ kind: 'write', operations }, (outcome) => {
          if (outcome.kind === 'written') written();
          else decided(null);
        });
      }
    });
  }

  /** What the decision wants to be done beside. */
  #follow(
    domain: string,
    { tasks, lookAgainMs, next }: TrustDecision,
    { rotations: { all, fresh }, inputs: { dns, proof } }: Gathered,
  ): void {
    if (tasks.includes('ask peers')) this.#sightings.ask(domain);
    if (tasks.includes('tell the domain') && dns.kind === 'record') this.#sightings.tellNamed(domain, dns.fpr);
    if (next.pin !== null) this.#keyStates.fetch(domain, tasks.includes('fetch key'));
    for (const one of tasks.includes('pass on') ? all : fresh) this.#sightings.passOn(domain, one);
    if (tasks.includes('tell of successors') && proof.kind === 'proved') {
      this.#sightings.tellOwn(
        domain,
        all.filter(({ heard }) => heard.from === proof.fingerprint),
      );
    }
    // Before it can count it is told to whom it is about.
    if (fresh.length > 0 && !this.#node.ways.linked().includes(domain)) this.#node.meet(domain);
    if (lookAgainMs !== null) this.#lookAgain(domain, Math.max(1, lookAgainMs - this.#node.unixMs), true);
  }

  #inTurn(domain: string, task: (done: () => void) => void, full: () => void): void {
    if (!this.#turns.take(domain, task)) full();
  }
}
