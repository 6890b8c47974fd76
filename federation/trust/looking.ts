/** Looks at other domains' keys: what the table of continuity goes by is gathered, it decides, and the decision is kept before it is carried out. docs/spec/trust.md#decision */
import { lastingRetired, type ProofFinding, type TrustDecision } from '../../pki/trust-state.ts';
import { decide } from '../../pki/trust-table.ts';
import { type Records, readRecords } from '../records.ts';
import { remember } from '../remember.ts';
import type { Task } from '../turns.ts';
import { nodeUniform } from '../waking.ts';
import { KeyStates } from './key-states.ts';
import { type LookKind, LookTurns } from './look-turns.ts';
import { type Again, goesThere, LookPlan, type LookReason } from './looks.ts';
import { OldKeys } from './old-keys.ts';
import type { Policy } from './policy.ts';
import type { RotationNotices } from './rotation-notices.ts';
import type { Sightings } from './sightings.ts';
import { codeOf, noticesOf } from './trust-codes.ts';
import { gather, type Gathered, type Heard } from './trust-inputs.ts';
import { trustOperations } from './trust-operations.ts';
import type { TrustOwner } from './trust-owner.ts';
import { type KeptRotation, rotationsIn, trustIn } from './trust-record.ts';

/** What was told of a domain, or found of its keys, without its having come. */
type News = Partial<Pick<Heard, 'told' | 'teller' | 'copies'>>;

/** News whose turn has not come, and who is told when that is over. */
interface Brought {
  readonly news: News;
  readonly after: readonly (() => void)[];
}

/** Both, for one look: of too many statements the first count, of too many copies the last. */
const together = (a: News, b: News, toldMax: number): News => ({
  ...a,
  told: [...(a.told ?? []), ...(b.told ?? [])].slice(0, toldMax),
  copies: [...(a.copies ?? []), ...(b.copies ?? [])].slice(-toldMax),
});

/** Who hears of looks at domains that have not just come. */
interface LookOutcomes {
  /** A domain was looked at, and its circuit stands. */
  readonly looked: (domain: string) => void;
  /** Its circuit stood, and does no more. */
  readonly refused: (domain: string, fingerprint: string, decision: TrustDecision) => void;
}

/** The looks of one node. */
export class Looking {
  readonly #node: TrustOwner;
  readonly #policy: Policy;
  readonly #sightings: Sightings;
  readonly #notices: RotationNotices;
  readonly #outcomes: LookOutcomes;
  readonly #keyStates: KeyStates;
  readonly #oldKeys: OldKeys;
  readonly #plan: LookPlan;
  /** Each look may change what the next goes by. */
  readonly #turns: LookTurns;
  /** What was brought, until its turn has come, by domain and who brought it. */
  readonly #brought = new Map<string, Brought>();
  /** The keys that the DNS named at the last look, by domain. */
  readonly #named = new Map<string, readonly (string | null)[]>();
  /** Linked domains of which the admin's last word is still being looked at. */
  readonly #ruled = new Set<string>();
  /** The key that was last taken on a circuit, by domain. */
  readonly #taken = new Map<string, string>();

  constructor(
    node: TrustOwner,
    policy: Policy,
    sightings: Sightings,
    notices: RotationNotices,
    outcomes: LookOutcomes,
  ) {
    const { looksMax, looksOfStrangersMax, looksOfDomainMax, looksPlannedMax } = node.options.federationLimits;
    this.#node = node;
    this.#policy = policy;
    this.#sightings = sightings;
    this.#notices = notices;
    this.#outcomes = outcomes;
    this.#keyStates = new KeyStates(node, (domain, copy) => this.hear(domain, { copies: [copy] }));
    this.#oldKeys = new OldKeys(node, notices);
    this.#plan = new LookPlan(looksPlannedMax);
    this.#turns = new LookTurns({
      ofDomain: looksOfDomainMax,
      domains: looksMax,
      domainsOfStrangers: Math.min(looksMax, looksOfStrangersMax),
    });
  }

  queues(): [string, number][] {
    return [
      ['looks', this.#turns.longest],
      ['domains looked at', this.#turns.size],
      ['looks planned', this.#plan.size],
    ];
  }

  /** Does something about a domain when nothing else is done about it; false: too much waits. */
  inTurn(domain: string, task: Task, kind: LookKind = 'own'): boolean {
    return this.#turns.take(domain, kind, task);
  }

  /** What a look at a key is about that was proved in the domain's name, by what is kept of it, by the DNS at the last look, or by the admin's word. */
  kindOf(domain: string, fingerprint: string, records: Records): LookKind {
    const trust = trustIn(records, this.#node.unixMs);
    const own = [trust.pin?.fingerprint, this.#policy.fingerprintOf(domain), ...(this.#named.get(domain) ?? [])];
    if (own.includes(fingerprint)) return 'own';
    const successors = rotationsIn(records).map(({ heard }) => heard.to);
    const named = [...lastingRetired(trust, this.#node.unixMs), ...successors];
    return named.includes(fingerprint) ? 'named' : 'others';
  }

  /** A key was taken on a circuit that is to be the domain's. */
  took(domain: string, fingerprint: string): void {
    this.#sightings.saw(domain, fingerprint);
    remember(this.#taken, domain, fingerprint, this.#node.options.federationLimits.peersMax);
  }

  /** A domain's circuit stands: it hears what is said of its key, and is looked at now and then. */
  ready(domain: string): void {
    // Whoever has come with its key may have stolen it: only who was gone to is the domain.
    if (this.#notices.tellWaiting(domain) && this.#node.ways.isOurs(domain)) this.#plan.drop(domain, 'untold');
    this.#plan.drop(domain, 'away');
    this.want(domain, 'round', this.#node.options.trustLimits.recheckSoonMs);
  }

  /** A domain's circuit is over, or it was not reached: in a while it is looked whether it is silent, and whether others find so. */
  lost(domain: string): void {
    const { recheckSoonMs, recheckLaterMs } = this.#node.options.trustLimits;
    this.#insist(domain, 'away', { firstMs: recheckSoonMs, mostMs: recheckLaterMs, untilMs: Infinity });
  }

  /** The domain is to be looked at in so long. */
  want(domain: string, reason: LookReason, delayMs: number): void {
    this.#plan.want(domain, reason, this.#node.nowMs + Math.max(1, delayMs));
    this.#wait(domain);
  }

  /** Whether the admin has said something of a linked domain that no look has gone by yet: how it stands may be over in a moment. */
  isUnsettled(domain: string): boolean {
    return this.#plan.has(domain, 'ruled') || this.#ruled.has(domain);
  }

  /** Nothing is planned any more. */
  forget(domain: string): void {
    this.#plan.forget(domain);
  }

  /** Looks at a domain without its having come: by what is known of it, and by what somebody has brought. */
  hear(domain: string, news: News = {}, after: readonly (() => void)[] = []): void {
    const { teller = domain } = news;
    const key = `${domain} ${teller}`;
    const waiting = this.#brought.get(key);
    if (waiting !== undefined) {
      const both = together(waiting.news, news, this.#node.options.trustLimits.stepsMax);
      this.#brought.set(key, { news: both, after: [...waiting.after, ...after] });
      return;
    }
    this.#brought.set(key, { news, after });
    const task: Task = (over) => {
      const brought = this.#brought.get(key)!;
      this.#brought.delete(key);
      this.#lookAt(domain, brought.news, () => {
        over();
        for (const one of brought.after) one();
      });
    };
    if (this.inTurn(domain, task, teller === domain ? 'own' : 'others')) return;
    this.#brought.delete(key);
    for (const one of after) one();
  }

  #lookAt(domain: string, news: News, done: () => void): void {
    readRecords(this.#node, nodeUniform(domain), (records) => {
      if (records === null || trustIn(records, this.#node.unixMs).pin === null) {
        if (records !== null) this.#plan.forget(domain);
        done();
        return;
      }
      const isUp = this.#node.ways.linked().includes(domain);
      const proof = this.#found(domain, isUp);
      // It stands and was taken: that is seen now, however long ago it began.
      if (proof.kind === 'proved') this.#sightings.saw(domain, proof.fingerprint);
      this.look(domain, records, { proof, shown: null, told: [], ...news }, (decision) => {
        // What it is refused for, too.
        if (isUp) this.#notices.tellWaiting(domain);
        if (decision !== null && proof.kind === 'proved' && decision.verdict === 'refuse') {
          this.#outcomes.refused(domain, proof.fingerprint, decision);
          this.#node.ways.shut(domain, codeOf(decision));
        }
        done();
      });
    });
  }

  /** Asks whoever there is to ask, decides, and keeps it; null when the store does not. */
  look(domain: string, records: Records, heard: Heard, decided: (decision: TrustDecision | null) => void): void {
    gather(this.#node, this.#policy, this.#sightings, domain, records, heard, (gathered) => {
      if (gathered === null) {
        decided(null);
        return;
      }
      const { options, unixMs } = this.#node;
      const state = trustIn(records, unixMs);
      const { dns } = gathered.inputs;
      if (dns.kind === 'record') {
        remember(this.#named, domain, [dns.fpr, dns.nfpr], options.federationLimits.peersMax);
      }
      const inputs = { ...gathered.inputs, sought: this.#keyStates.sought(domain) };
      const decision = decide(state, inputs, unixMs, options.trustLimits);
      const operations = trustOperations(domain, records, state, heard, decision, gathered);
      const expected = this.#policy.fingerprintOf(domain) ?? state.pin?.fingerprint ?? '';
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

  /** What is proved of a domain that has not just come: the key on its circuit, or that nobody is there. */
  #found(domain: string, isUp: boolean): ProofFinding {
    const taken = this.#taken.get(domain);
    return isUp && taken !== undefined
      ? { kind: 'proved', fingerprint: taken }
      : { kind: 'silent', witnesses: this.#sightings.silentWitnesses(domain) };
  }

  #insist(domain: string, reason: LookReason, again: Again): void {
    this.#plan.insist(domain, reason, this.#node.nowMs, again);
    this.#wait(domain);
  }

  /** Until the first of its reasons is due. */
  #wait(domain: string): void {
    const nextMs = this.#plan.nextMs(domain);
    if (nextMs === null) return;
    this.#node.timer(`trust ${domain}`, Math.max(1, nextMs - this.#node.nowMs), () => this.#due(domain));
  }

  #due(domain: string): void {
    const reasons = this.#plan.take(domain, this.#node.nowMs);
    this.#wait(domain);
    if (reasons.length === 0) return;
    const { ways } = this.#node;
    if (ways.linked().includes(domain)) {
      if (reasons.includes('untold')) ways.goTo(domain);
      if (reasons.includes('ruled')) this.#ruled.add(domain);
      // Only then: looks that take longer than it is waited for them would pile up.
      this.hear(domain, {}, [
        () => {
          this.#ruled.delete(domain);
          this.#outcomes.looked(domain);
        },
      ]);
      return;
    }
    if (!reasons.some(goesThere)) return;
    this.#goThere(domain);
    // Do others find nobody there either? What they have said so far counts in this look, the rest when it comes.
    if (reasons.includes('away')) this.#sightings.ask(domain);
    if (ways.isUnreached(domain)) this.hear(domain);
  }

  /** Where it is pinned: of anybody else nothing is expected. */
  #goThere(domain: string): void {
    readRecords(this.#node, nodeUniform(domain), (records) => {
      if (records === null) return;
      if (trustIn(records, this.#node.unixMs).pin === null) this.#plan.forget(domain);
      else this.#meet(domain);
    });
  }

  #meet(domain: string): void {
    const isGone = this.#node.meet(domain, 'known');
    if (!isGone) this.want(domain, 'crowded', this.#node.options.federationLimits.meetingMsMax);
  }

  /** What the decision wants to be done beside. */
  #follow(domain: string, decision: TrustDecision, gathered: Gathered): void {
    const { tasks, lookAgainMs, next, row } = decision;
    const { rotations, inputs } = gathered;
    const { options, unixMs } = this.#node;
    const { recheckSoonMs, recheckLaterMs } = options.trustLimits;
    if (tasks.includes('ask peers')) this.#sightings.ask(domain);
    if (tasks.includes('tell the domain') && inputs.dns.kind === 'record') {
      this.#sightings.tellNamed(domain, inputs.dns.fpr);
    }
    const waiting = rotations.all.filter(({ heard }) => heard.from === next.pin?.fingerprint);
    if (tasks.includes('ask key servers')) {
      this.#keyStates.fetch(domain, 0, () => this.want(domain, 'sought', 1));
    } else if (next.pin !== null) {
      const isUrgent = waiting.length > 0 || tasks.includes('fetch key');
      this.#keyStates.fetch(domain, isUrgent ? recheckSoonMs : recheckLaterMs);
    }
    for (const one of tasks.includes('pass on') ? rotations.all : rotations.fresh) this.#notices.passOn(domain, one);
    this.#tellOwner(domain, decision, gathered);
    if (lookAgainMs !== null) this.want(domain, `row ${row}`, lookAgainMs - unixMs);
  }

  /** Whose key has named a successor hears of it before that can count, whoever brought it here: at once, and it is gone there until it has, also where somebody has come with its key. */
  #tellOwner(domain: string, { tasks, next }: TrustDecision, { rotations, inputs }: Gathered): void {
    const { ways, options, unixMs, nowMs } = this.#node;
    const by = (key: string | undefined) => (one: KeptRotation) => one.heard.from === key;
    const pinned = next.pin?.fingerprint;
    const proved = inputs.proof.kind === 'proved' ? inputs.proof.fingerprint : undefined;
    if (tasks.includes('tell of successors') && rotations.all.some(by(proved))) {
      this.#notices.tellWhenReady(domain, rotations.all.filter(by(proved)));
    } else if (ways.linked().includes(domain) && this.#taken.get(domain) === pinned) {
      for (const one of rotations.fresh.filter(by(pinned))) this.#notices.tell(domain, domain, one);
    }
    if (ways.isOurs(domain) && this.#taken.get(domain) === pinned) return;
    const { graceMs, recheckSoonMs } = options.trustLimits;
    const untilMs = Math.max(
      ...rotations.all.filter(by(pinned)).map(({ heard }) => Math.max(heard.seenMs, heard.notBeforeMs) + graceMs),
    );
    if (untilMs <= unixMs) return;
    if (!ways.linked().includes(domain)) this.#meet(domain);
    const firstMs = options.federationLimits.meetingMsMax;
    this.#insist(domain, 'untold', { firstMs, mostMs: recheckSoonMs, untilMs: nowMs + untilMs - unixMs });
  }
}
