/** What a node thinks of other domains' keys, to its other parts: who is let in, what becomes of whom it is linked with, what its admin sees and says. docs/spec/trust.md */
import { hexOf } from '../../crypto/bytes.ts';
import { encodeText } from '../../psyc/bytes.ts';
import type { Operation } from '../../store/store.ts';
import type { AdminFault, DomainShown } from '../admin-questions.ts';
import type { FederationCode } from '../error.ts';
import type { NodeEvent, RotationTold } from '../events.ts';
import type { Letter } from '../letter.ts';
import { type RecordName, type Records, readRecords, record } from '../records.ts';
import { nodeUniform } from '../waking.ts';
import { Admissions } from './admissions.ts';
import { Countersigning } from './countersigning.ts';
import { Looking } from './looking.ts';
import { OwnSuccessors } from './own-successors.ts';
import { OwnKeyState } from './own-key-state.ts';
import { Policy } from './policy.ts';
import { RotationNotices } from './rotation-notices.ts';
import { Sightings } from './sightings.ts';
import type { TrustOwner } from './trust-owner.ts';
import { codeOf } from './trust-codes.ts';
import { trustIn } from './trust-record.ts';
import { shownOf } from './trust-shown.ts';

/** What comes of the admin's word: why it is not kept, or null. */
type Done = (code: AdminFault | null) => void;

/** Everything that one node thinks of other domains' keys. */
export class Trusts {
  readonly #node: TrustOwner;
  readonly policy: Policy;
  readonly #sightings: Sightings;
  readonly #notices: RotationNotices;
  readonly #ownSuccessors: OwnSuccessors;
  readonly #countersigning: Countersigning;
  readonly ownKey: OwnKeyState;
  readonly #looking: Looking;
  readonly #admissions: Admissions;
  readonly admit: Admissions['admit'];
  /** The key that is to follow our own; null: none is. */
  #announced: RotationTold | null;

  constructor(node: TrustOwner) {
    this.#node = node;
    this.#announced = node.options.announced ?? null;
    this.policy = new Policy(node);
    this.#sightings = new Sightings(node, this.policy, (domain) => {
      this.#looking.want(domain, 'seen', node.options.deliveryLimits.retryMsMin);
    });
    this.#notices = new RotationNotices(node, (domain, told, from) => {
      if (domain === node.domain) this.#ownSuccessors.heard(from, told, this.#announced);
      else this.#looking.hear(domain, { told: [told], teller: from });
    });
    this.#ownSuccessors = new OwnSuccessors(node);
    this.ownKey = new OwnKeyState(node);
    this.#looking = new Looking(node, this.policy, this.#sightings, this.#notices, {
      looked: (domain) => this.ready(domain),
      refused: (domain, fingerprint, decision) =>
        this.#admissions.refuse(domain, { code: codeOf(decision), row: decision.row, fingerprint }),
    });
    this.#admissions = new Admissions(node, this.policy, this.#sightings, this.#looking);
    this.admit = this.#admissions.admit.bind(this.#admissions);
    this.#countersigning = new Countersigning(node, this.policy, (domain, task) => this.#looking.inTurn(domain, task));
  }

  queues(): [string, number][] {
    return [...this.#looking.queues(), ...this.#sightings.queues()];
  }

  /** Our own key is to have a successor, of which all hear now or when they are there; or somebody has brought more of a domain's. */
  told(event: NodeEvent & { readonly kind: 'announced' | 'domain key' }): void {
    if (event.kind === 'domain key') this.#looking.hear(event.domain);
    else {
      this.#announced = event.announced;
      this.#notices.passOn(this.#node.domain, event.announced);
    }
  }

  /** A letter of another node to this one; whether it is about keys of domains. */
  take(letter: Letter): boolean {
    return [this.#sightings, this.#notices, this.#countersigning].some((one) => one.take(letter));
  }

  /** A domain's circuit stands. */
  ready(domain: string): void {
    this.ownKey.admittedBy(domain);
    this.#countersigning.begin(domain);
    this.#looking.ready(domain);
    if (this.#announced !== null) this.#notices.tell(domain, this.#node.domain, this.#announced);
  }

  /** A domain's circuit is over, or it was not reached. */
  lost(domain: string): void {
    this.#looking.lost(domain);
  }

  /** The admin has changed his mind of these, or of all that he has not named: whoever is spoken with no more hears it. */
  ruled(changed: readonly string[]): void {
    for (const domain of changed) this.#admissions.forgive(domain);
    for (const domain of this.#node.ways.linked()) {
      const fault = this.policy.faultOf(domain);
      if (fault !== null) this.#node.ways.shut(domain, fault);
      else this.#looking.want(domain, 'ruled', 1);
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
        ...shownOf(domain, records, this.#node.unixMs, {
          own: hexOf(this.#node.options.identity.fingerprint),
          given: this.policy.fingerprintOf(domain),
        }),
        rule: this.policy.ruleOf(domain),
        isLinked: this.#node.ways.linked().includes(domain),
        isUnreached: this.#node.ways.isUnreached(domain),
        isUnsettled: this.#looking.isUnsettled(domain),
        refused: this.#admissions.refusedOf(domain),
      });
    });
  }

  /** Nothing is vouched for any more of these domains. `done` when that is durable. */
  disown([domain, ...more]: readonly string[], done: Done): void {
    if (domain === undefined) done(null);
    else {
      this.#countersigning.takeBack(domain, (code) => {
        if (code === null) this.disown(more, done);
        else done(code);
      });
    }
  }

  /** Its rule and all that is kept of it go, as if it had never been met; `_admin_unknown_domain`: there is nothing of it. */
  forget(domain: string, done: Done): void {
    readRecords(this.#node, nodeUniform(domain), (records) => {
      if (records === null) done('_trust_unavailable');
      else if (records.size === 0 && this.policy.ruleOf(domain) === null) done('_admin_unknown_domain');
      else {
        const then =
          (next: () => void): Done =>
          (code) =>
            code === null ? next() : done(code);
        const empty = then(() => this.#empty(domain, done));
        this.policy.change(
          null,
          [{ domain, rule: null, fingerprint: null }],
          then(() => this.disown([domain], empty)),
        );
      }
    });
  }

  #empty(domain: string, done: Done): void {
    const context = nodeUniform(domain);
    const emptied = (records: Records): Operation[] =>
      [...records.keys()].map((name) => record(context, name as RecordName, new Uint8Array(0)));
    this.#write(domain, emptied, (code) => {
      if (code === null) {
        this.#looking.forget(domain);
        this.#node.ways.shut(domain, '_trust_unmet');
      }
      done(code);
    });
  }

  /** The admin says that the pinned key is lost, or that it is not. */
  declareLost(domain: string, isLost: boolean, done: Done): void {
    const words = (records: Records): Operation[] | FederationCode => {
      const { pin } = trustIn(records, this.#node.unixMs);
      if (pin === null) return '_trust_unknown_key';
      return [record(nodeUniform(domain), 'lost', isLost ? encodeText(pin.fingerprint) : new Uint8Array(0))];
    };
    this.#write(domain, words, (code) => {
      if (code === null) this.#looking.hear(domain);
      done(code);
    });
  }

  /** What the admin says is written when nothing else is done about the domain: what comes of it is given its records. */
  #write(domain: string, written: (records: Records) => Operation[] | FederationCode, done: Done): void {
    const isTaken = this.#looking.inTurn(domain, (over) => {
      const end: Done = (code) => {
        over();
        done(code);
      };
      readRecords(this.#node, nodeUniform(domain), (records) => {
        const operations = records === null ? '_trust_unavailable' : written(records);
        if (typeof operations === 'string') end(operations);
        else if (operations.length === 0) end(null);
        else {
          this.#node.ask({ kind: 'write', operations }, ({ kind }) => {
            end(kind === 'written' ? null : '_trust_unavailable');
          });
        }
      });
    });
    if (!isTaken) done('_trust_unavailable');
  }
}
