/** What the rows of the table do to what is remembered. docs/spec/trust.md#state */
import type { DnsHeard } from './dns-heard.ts';
import type { Way } from './succession.ts';
import type { TrustLimits } from './trust-limits.ts';
import type { Alarm, Basis, DomainTrust, KeyRevocation, TrustDecision, TrustInputs, TrustRow } from './trust-state.ts';

/** One look at one domain. */
export interface Context {
  readonly state: DomainTrust;
  readonly inputs: TrustInputs;
  readonly nowMs: number;
  readonly limits: TrustLimits;
  readonly dns: DnsHeard;
}

/** What a row adds. */
type More = Partial<
  Omit<TrustDecision, 'row' | 'verdict' | 'next'> & Pick<DomainTrust, 'standing' | 'held' | 'silentSinceMs'>
>;

/** The circuit is closed; what is pinned stays. */
export const refuse = (context: Context, row: TrustRow, alarms: readonly Alarm[], more: More = {}): TrustDecision =>
  keep(context, row, { alarms, ...more });

/** Nothing comes of it but what `more` says. */
export function keep({ state, dns }: Context, row: TrustRow, more: More): TrustDecision {
  const { alarms = [], tasks = [], honoured = null, lookAgainMs = null, ...kept } = more;
  const next = { ...state, ...kept };
  return { row, verdict: 'refuse', alarms: [...dns.alarms, ...alarms], tasks, honoured, lookAgainMs, next };
}

/** The number to store where this key is proved. Whoever answers without a validator's word might as well say the highest there is. */
const numberOf = ({ seq }: Pick<DomainTrust, 'seq'>, dns: DnsHeard, fingerprint: string): number =>
  dns.isSecure && dns.names(fingerprint) ? Math.max(seq, dns.record!.seq) : seq;

/** The circuit stands. Where the pinned key was proved on it, everything that waited for its silence is over. */
export function accept(context: Context, row: TrustRow, alarms: readonly Alarm[], more: More = {}): TrustDecision {
  const { state, inputs, nowMs, dns, limits } = context;
  const isPinned = inputs.proof.kind === 'proved' && inputs.proof.fingerprint === state.pin?.fingerprint;
  if (!isPinned) return { ...keep(context, row, { alarms, ...more }), verdict: 'accept' };
  const isOver = state.trialUntilMs !== null && nowMs >= state.trialUntilMs;
  // A trial ends well where the DNS still says so; or where nobody expects it to say anything, or it has said nothing for long: silence is held against nobody.
  const isQuiet = dns.isSilent && nowMs - (state.missingSinceMs ?? nowMs) >= limits.holdMs;
  const isPassed = isOver && (dns.names(state.pin.fingerprint) || (inputs.admin.isPlaced && dns.isSilent) || isQuiet);
  const trialUntilMs = isPassed ? null : state.trialUntilMs;
  const next: DomainTrust = {
    ...state,
    provedMs: nowMs,
    silentSinceMs: null,
    isVouched: state.isVouched || (dns.isSecure && dns.names(state.pin.fingerprint)),
    missingSinceMs: dns.isSilent ? (state.missingSinceMs ?? nowMs) : null,
    held: null,
    trialUntilMs,
    standing: trialUntilMs === null ? 'normal' : 'quarantine',
    seq: numberOf(state, dns, state.pin.fingerprint),
  };
  const lookAgainMs = trialUntilMs === null ? null : nextLook(trialUntilMs, nowMs, limits);
  const rowOf = isPassed ? '17' : row;
  return { ...keep({ ...context, state: next }, rowOf, { alarms, lookAgainMs, ...more }), verdict: 'accept' };
}

/** Pins a key that no word of the one before leads to. */
export function pinNew(
  { state, inputs, nowMs, dns, limits }: Context,
  row: TrustRow,
  fingerprint: string,
  basis: Basis,
  trialUntilMs: number | null = null,
): TrustDecision {
  const before = state.pin;
  const isSame = before?.fingerprint === fingerprint;
  const isHard = before !== null && isRevokedHard(inputs.revocations, before.fingerprint);
  // Who lost his key has certified nothing wrong with it; of whom the admin says that he was another one nothing counts.
  const untilMs = basis === 'emergency' && !isHard ? nowMs + limits.overlapMs : nowMs;
  const retired =
    before === null || isSame ? state.retired : retire(state.retired, before.fingerprint, untilMs, limits);
  const next: DomainTrust = {
    pin: {
      fingerprint,
      sinceMs: isSame ? before.sinceMs : nowMs,
      basis,
      recovery: isSame ? before.recovery : inputs.recovery,
    },
    standing: trialUntilMs === null ? 'normal' : 'quarantine',
    trialUntilMs,
    // Whose key it was may have counted to the end, and who begins anew counts from one.
    seq: numberOf(isSame ? state : { seq: 0 }, dns, fingerprint),
    rotation: isSame ? state.rotation : null,
    retired: retired.filter((one) => one.fingerprint !== fingerprint),
    left: isSame ? state.left : [],
    // Whom the admin calls another one has vouched for nobody there.
    undone: isSame || before === null || basis !== 'confirmed' ? state.undone : undone(state, before.sinceMs, nowMs),
    provedMs: nowMs,
    silentSinceMs: null,
    isVouched: dns.isSecure && dns.names(fingerprint),
    missingSinceMs: dns.isSilent ? nowMs : null,
    held: null,
    confirmed: basis === 'confirmed' ? fingerprint : state.confirmed,
  };
  const alarms: Alarm[] = [...dns.alarms];
  if (basis === 'first use') alarms.push('first use');
  if (basis === 'emergency') alarms.push('key followed');
  const lookAgainMs = trialUntilMs === null ? null : nextLook(trialUntilMs, nowMs, limits);
  const tasks = basis === 'first use' ? (['ask peers'] as const) : [];
  return { row, verdict: 'accept', alarms, tasks, honoured: null, lookAgainMs, next };
}

/** The old key's own word, or its recovery key's, leads to the new one; `left`: keys that were left so, this one included. */
export function follow(
  { state, inputs, nowMs, dns, limits }: Context,
  row: TrustRow,
  { steps, recovery, disowned }: Way,
  left: DomainTrust['left'],
): TrustDecision {
  const before = state.pin!;
  const { to: fingerprint, seq, hash } = steps.at(-1)!;
  const others = state.retired
    .filter((one) => one.fingerprint !== fingerprint)
    .map((one) => (disowned.includes(one.fingerprint) ? { ...one, untilMs: Math.min(one.untilMs, nowMs) } : one));
  const leaving = steps.map((step) => {
    const retiring = steps[0] === step ? before.fingerprint : step.from;
    // Its thief has it still.
    const isOver = isRevokedHard(inputs.revocations, retiring) || disowned.includes(retiring);
    // It was left when those followed who heard of it in time: whoever has it since gains nothing with those who did not.
    const leftMs = Math.min(nowMs, step.notBeforeMs + limits.graceMs);
    return { fingerprint: retiring, untilMs: isOver ? nowMs : leftMs + limits.overlapMs };
  });
  // Of those that are disowned the last is the pinned one, and each other was left; what led to the first was left before them.
  const misled = disowned.length === 0 ? undefined : state.left.at(-disowned.length);
  const next: DomainTrust = {
    ...state,
    pin: { fingerprint, sinceMs: before.sinceMs, basis: 'rotated', recovery },
    undone: misled === undefined ? state.undone : undone(state, misled.atMs, nowMs),
    standing: state.trialUntilMs === null ? 'normal' : 'quarantine',
    seq,
    rotation: hash,
    retired: leaving.reduce<DomainTrust['retired']>(
      (retired, one) => retire(retired, one.fingerprint, one.untilMs, limits),
      others,
    ),
    left,
    provedMs: nowMs,
    silentSinceMs: null,
    isVouched: dns.isSecure && dns.names(fingerprint),
    missingSinceMs: dns.isSilent ? (state.missingSinceMs ?? nowMs) : null,
    held: null,
  };
  const alarms: Alarm[] = [...dns.alarms, 'key followed'];
  // Whoever was told that it is torn is told how that ended.
  if (state.standing === 'frozen') alarms.push('no longer frozen');
  return { row, verdict: 'accept', alarms, tasks: [], honoured: null, lookAgainMs: state.trialUntilMs, next };
}

/** With one time more in which another's key was taken. What was between two of them is doubted, too, once. */
const undone = ({ undone: before }: DomainTrust, sinceMs: number, untilMs: number): DomainTrust['undone'] => ({
  sinceMs: Math.min(before?.sinceMs ?? sinceMs, sinceMs),
  untilMs,
});

/** Whether a key has revoked itself for cause. */
export const isRevokedHard = (revocations: readonly KeyRevocation[], fingerprint: string): boolean =>
  revocations.some((one) => one.fingerprint === fingerprint && one.isHard);

/** The same without the overlap of retired keys that have revoked themselves for cause. */
export function withoutRevoked(state: DomainTrust, revocations: readonly KeyRevocation[], nowMs: number): DomainTrust {
  const isOver = ({ fingerprint, untilMs }: DomainTrust['retired'][number]): boolean =>
    untilMs > nowMs && isRevokedHard(revocations, fingerprint);
  if (!state.retired.some(isOver)) return state;
  return { ...state, retired: state.retired.map((one) => (isOver(one) ? { ...one, untilMs: nowMs } : one)) };
}

/** The pinned key has revoked itself for cause: nothing that it vouched for counts. */
export function voidAll(context: Context, row: TrustRow): TrustDecision {
  return refuse(context, row, context.state.standing === 'void' ? [] : ['revoked key'], { standing: 'void' });
}

function retire(
  retired: DomainTrust['retired'],
  fingerprint: string,
  untilMs: number,
  limits: TrustLimits,
): DomainTrust['retired'] {
  const others = retired.filter((one) => one.fingerprint !== fingerprint);
  return [...others, { fingerprint, untilMs }].slice(-limits.retiredMax);
}

/** First use is looked at after an hour, after a day, and at its end. */
function nextLook(untilMs: number, nowMs: number, { graceMs, recheckSoonMs, recheckLaterMs }: TrustLimits): number {
  const sinceMs = untilMs - graceMs;
  const looks = [sinceMs + recheckSoonMs, sinceMs + recheckLaterMs, untilMs];
  return looks.find((atMs) => atMs > nowMs) ?? nowMs + recheckSoonMs;
}
