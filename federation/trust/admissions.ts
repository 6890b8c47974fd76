/** Whether a key that was proved on a circuit is that domain's: what every server that comes, or that we came to, is asked for. docs/spec/trust.md#admission */
import type { ServerAnswer, ServerQuestion } from '../../circuit/server-handshake.ts';
import { hexOf } from '../../crypto/bytes.ts';
import type { DomainShown } from '../admin-questions.ts';
import type { FederationCode } from '../error.ts';
import type { RotationTold } from '../events.ts';
import { readRecords } from '../records.ts';
import { remember } from '../remember.ts';
import type { Task } from '../turns.ts';
import { nodeUniform } from '../waking.ts';
import type { LookKind } from './look-turns.ts';
import type { Looking } from './looking.ts';
import type { Policy } from './policy.ts';
import type { Sightings } from './sightings.ts';
import { codeOf } from './trust-codes.ts';
import type { Heard } from './trust-inputs.ts';
import type { TrustOwner } from './trust-owner.ts';
import { trustIn } from './trust-record.ts';

type Answering = (answer: ServerAnswer) => void;
type Admission = ServerQuestion & { readonly kind: 'admission' };

const refused = (code: FederationCode): ServerAnswer => ({ kind: 'refused', code });

/** A key that was proved in a domain's name. `accepted`: by who came to us. */
interface Proved {
  readonly domain: string;
  readonly fingerprint: string;
  readonly accepted: boolean;
}

/** What leads to the key that was proved, the oldest first. */
function stepsIn({ key, statement, earlier = [], recoveryKey = null }: Admission['evidence']): readonly RotationTold[] {
  return key === null || statement === null ? [] : [...earlier, { statement, key, recovery: recoveryKey }];
}

/** All who have proved one key in one domain's name since it was looked at last. */
interface Waiting {
  readonly evidence: Admission['evidence'];
  readonly answers: Answering[];
}

/** Lets in, or refuses, whoever proves a key to one node. */
export class Admissions {
  readonly #node: TrustOwner;
  readonly #policy: Policy;
  readonly #sightings: Sightings;
  readonly #looking: Looking;
  /** Who waits for the same look. */
  readonly #waiting = new Map<string, Waiting>();
  /** Why domains were not let in, since they were last. */
  readonly #refused = new Map<string, NonNullable<DomainShown['refused']>>();

  constructor(node: TrustOwner, policy: Policy, sightings: Sightings, looking: Looking) {
    this.#node = node;
    this.#policy = policy;
    this.#sightings = sightings;
    this.#looking = looking;
  }

  /** Why a domain was not let in, since it was last; null: it was. */
  refusedOf(domain: string): DomainShown['refused'] {
    return this.#refused.get(domain) ?? null;
  }

  /** The admin has said something else since. */
  forgive(domain: string): void {
    this.#refused.delete(domain);
  }

  /** A domain is not let in, or does not stay. */
  refuse(domain: string, why: Omit<NonNullable<DomainShown['refused']>, 'atMs'>): void {
    const { options, unixMs } = this.#node;
    remember(this.#refused, domain, { ...why, atMs: unixMs }, options.federationLimits.peersMax);
  }

  /**
   * Whether a proved key is that domain's; what is remembered of it is durable before the answer. `accepted`: the domain came to
   * us. Of whom nothing is pinned only those are taken whom we went to: anybody can come in another's name.
   */
  admit({ peer, evidence }: Admission, accepted: boolean, answer: Answering): void {
    if (peer.kind !== 'server') throw new Error('a person is admitted by his residence');
    const { domain } = peer;
    const { options } = this.#node;
    const fault = this.#policy.faultOf(domain);
    if (fault !== null) this.refuse(domain, { code: fault, row: null, fingerprint: null });
    // One name is not said in two ways: without keys it would be worth nothing where it is worth something.
    const code = fault ?? (options.plain.has(domain) ? '_trust_plain_domain' : null);
    const isLong = (evidence.key?.length ?? 0) > options.federationLimits.pinnedKeyBytesMax;
    if (code !== null || isLong) {
      answer(refused(code ?? '_trust_oversized_key'));
      return;
    }
    const fingerprint = hexOf(peer.fingerprint);
    const wait = (kind: LookKind): void => this.#wait({ domain, fingerprint, accepted }, evidence, kind, answer);
    // Whom we went to where he is found does not wait for those who came.
    if (!accepted) wait('own');
    else {
      readRecords(this.#node, nodeUniform(domain), (records) => {
        if (records === null) answer(refused('_trust_unavailable'));
        else wait(this.#looking.kindOf(domain, fingerprint, records));
      });
    }
  }

  /** Until it is the turn of this key; whoever has the same waits for the same look, with what leads to it if one of them shows that. */
  #wait(proved: Proved, evidence: Admission['evidence'], kind: LookKind, answer: Answering): void {
    const { domain, fingerprint, accepted } = proved;
    const key = `${domain} ${fingerprint} ${accepted}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.answers.push(answer);
      if (waiting.evidence.statement === null) this.#waiting.set(key, { ...waiting, evidence });
      return;
    }
    this.#waiting.set(key, { evidence, answers: [answer] });
    const task: Task = (done) => {
      const { answers, evidence } = this.#waiting.get(key)!;
      this.#waiting.delete(key);
      this.#look(proved, evidence, (told) => {
        for (const one of answers) one(told);
        done();
      });
    };
    if (this.#looking.inTurn(domain, task, kind)) return;
    this.#waiting.delete(key);
    answer(refused('_trust_unavailable'));
  }

  #look({ domain, fingerprint, accepted }: Proved, evidence: Admission['evidence'], answer: Answering): void {
    readRecords(this.#node, nodeUniform(domain), (records) => {
      if (records === null) {
        answer(refused('_trust_unavailable'));
        return;
      }
      const { pin } = trustIn(records, this.#node.unixMs);
      const isMet = pin !== null || this.#policy.fingerprintOf(domain) !== null;
      if (!isMet && accepted) {
        this.#node.meet(domain, 'stranger');
        answer(refused('_trust_unmet'));
        return;
      }
      // Whoever comes in a domain's name is seen nowhere: only where the domain is found.
      if (!accepted) this.#sightings.saw(domain, fingerprint);
      const { key: shown, recovery = null } = evidence;
      const heard: Heard = {
        proof: { kind: 'proved', fingerprint },
        shown,
        // How it came to the key that is pinned is over.
        told: pin?.fingerprint === fingerprint ? [] : stepsIn(evidence),
        recovery: recovery === null ? null : hexOf(recovery),
      };
      this.#looking.look(domain, records, heard, (decision) => {
        if (decision === null) answer(refused('_trust_unavailable'));
        else if (decision.verdict === 'refuse') {
          // What comes in its name says nothing of what is found there.
          if (!accepted) this.refuse(domain, { code: codeOf(decision), row: decision.row, fingerprint });
          answer(refused(codeOf(decision)));
        } else {
          this.#refused.delete(domain);
          this.#looking.took(domain, fingerprint);
          answer({ kind: 'admitted', key: null, statement: null });
        }
      });
    });
  }
}
