/** The table of continuity: what becomes of another domain's key by everything that is heard of it. docs/spec/trust.md#table */
import { dnsHeard } from './dns-heard.ts';
import { isQuorum, seenBy } from './quorum.ts';
import { leftAfter, type Succession, successionOf, type Way } from './succession.ts';
import type { TrustLimits } from './trust-limits.ts';
import {
  accept,
  type Context,
  follow,
  isRevokedHard,
  keep,
  pinNew,
  refuse,
  voidAll,
  withoutRevoked,
} from './trust-outcome.ts';
import type { DomainTrust, TrustDecision, TrustInputs } from './trust-state.ts';

/**
 * What is to be done at `nowMs`, and what is to be remembered. Pure: everything that is heard is in `inputs`. Rows are tried
 * from above; the first that fits counts.
 */
export function decide(known: DomainTrust, inputs: TrustInputs, nowMs: number, limits: TrustLimits): TrustDecision {
  const { proof, revocations, witnesses } = inputs;
  const state = withoutRevoked(known, revocations, nowMs);
  const dns = dnsHeard(state, inputs);
  const context: Context = { state, inputs, nowMs, limits, dns };
  const key = proof.kind === 'proved' ? proof.fingerprint : null;
  const { pin } = state;

  // Row 1.
  if (proof.kind === 'bad') return refuse(context, '1', ['bad proof']);
  if (key !== null && isRevokedHard(revocations, key)) {
    return key === pin?.fingerprint ? voidAll(context, '1') : refuse(context, '1', ['revoked key']);
  }
  // Row 15a stands where a person's hand stands: above all but proofs. What he gave and was met is over.
  const given = inputs.admin.fingerprint === state.confirmed ? null : inputs.admin.fingerprint;
  if (key !== null && given !== null) {
    return key === given ? pinNew(context, '15a', key, 'confirmed') : refuse(context, '15a', ['not as given']);
  }
  const succession = successionOf(state, inputs, nowMs, limits);
  const led = key === null ? null : succession.to(key);
  // Row 2. The pinned key is in two hands: until it is left for the key that its recovery key names, neither is the domain.
  if (succession.isTorn || (state.standing === 'frozen' && led?.isOverruling !== true)) {
    // Once, to all: two who told each other at every look would go on for ever.
    const isNews = state.standing !== 'frozen';
    return refuse(context, '2', ['two successors'], {
      standing: 'frozen',
      tasks: [
        ...(isNews ? (['pass on'] as const) : []),
        ...(succession.isAhead ? (['tell of successors'] as const) : []),
      ],
    });
  }
  // Row 3.
  const old = key === pin?.fingerprint ? undefined : state.retired.find(({ fingerprint }) => fingerprint === key);
  if (old !== undefined) {
    // Whoever has had it for long may not know that it has a successor.
    const tasks = ['tell of successors'] as const;
    return nowMs < old.untilMs ? accept(context, '3', [], { tasks }) : refuse(context, '3', ['rolled back']);
  }
  const quorum = (): boolean => key !== null && isQuorum(witnesses, key, nowMs, limits);
  if (pin === null) return unmet(context, key, quorum);
  return pinned(context, key, succession, led, quorum);
}

/** Rows 16 to 18: nothing is pinned. */
function unmet(context: Context, key: string | null, quorum: () => boolean): TrustDecision {
  const { dns, inputs, nowMs, limits } = context;
  if (key === null) return refuse(context, '18', []);
  if (dns.names(key)) {
    if (dns.isSecure || quorum()) return pinNew(context, '16', key, 'corroborated');
    return pinNew(context, '17', key, 'first use', nowMs + limits.graceMs);
  }
  // Whoever says where a domain is says that whoever is there is the domain.
  if (inputs.admin.isPlaced && dns.isSilent) return pinNew(context, '17', key, 'first use', nowMs + limits.graceMs);
  return refuse(context, '18', ['unvouched']);
}

/** Rows 5 to 15: a key is pinned. */
function pinned(
  context: Context,
  key: string | null,
  succession: Succession,
  led: Way | null,
  quorum: () => boolean,
): TrustDecision {
  const { state, inputs, dns, nowMs, limits } = context;
  const pin = state.pin!;
  const revoked = inputs.revocations.find(({ fingerprint }) => fingerprint === pin.fingerprint);
  const isEmergency =
    key !== null &&
    key !== pin.fingerprint &&
    led === null &&
    (revoked !== undefined || inputs.admin.isLost) &&
    dns.names(key) &&
    quorum();
  if (isRevokedHard(inputs.revocations, pin.fingerprint) && !isEmergency && led === null) return voidAll(context, '5');
  if (key === null) return silent(context);
  if (key === pin.fingerprint) return proved(context, quorum, succession);
  if (led !== null) return succeeding(context, key, led, quorum);
  if (isEmergency) {
    const sinceMs = state.held?.fingerprint === key ? state.held.sinceMs : nowMs;
    const untilMs = sinceMs + limits.holdMs;
    if (nowMs >= untilMs) return pinNew(context, '11', key, 'emergency');
    return refuse(context, '11', ['successor held'], { held: { fingerprint: key, sinceMs }, lookAgainMs: untilMs });
  }
  if (dns.names(key)) {
    const isAway = state.provedMs !== null && nowMs - state.provedMs >= limits.holdMs;
    if (dns.isSecure && isAway && quorum())
      return accept(context, '12', ['approval needed'], { standing: 'quarantine' });
    return refuse(context, '13', ['takeover'], { tasks: ['ask peers'] });
  }
  return refuse(context, '14', ['impostor']);
}

/** Rows 9 and 10: a statement leads to the key that is proved. */
function succeeding(context: Context, key: string, way: Way, quorum: () => boolean): TrustDecision {
  const { state, inputs, dns, nowMs, limits } = context;
  const { activeMs, overMs, isOverruling, isUndisputed, isSought, steps } = way;
  const isSaid = dns.names(key) || dns.announces(key);
  const isCorroborated = isSaid && (dns.isSecure || quorum());
  // Row 3, of a key that has had its successor before this server took it: whoever has it since comes too late.
  if (overMs !== null && nowMs >= overMs && !isCorroborated)
    return refuse(context, '3', ['rolled back'], { tasks: ['ask peers'] });
  const isVouched = isUndisputed || isCorroborated;
  if (!isVouched) {
    if (nowMs < activeMs)
      return refuse(context, '10', ['successor waits'], { tasks: ['ask peers'], lookAgainMs: activeMs });
    // Whoever has stolen a key and not the zone's keys waits as long as the owner keeps his record; also where he keeps it from being heard.
    const isUnheard = state.isVouched && dns.record === null && inputs.dns.kind !== 'none';
    // So does whoever has a key that was left long ago, where this server has missed it and others have not.
    const onTheWay = [state.pin!.fingerprint, ...steps.map(({ to }) => to)];
    const isElsewhere = inputs.witnesses.some((witness) => {
      const seen = seenBy(witness, nowMs, limits);
      return seen !== null && !onTheWay.includes(seen);
    });
    if (!isOverruling && !isSaid && (dns.isSecure || isUnheard || isElsewhere)) {
      const lookAgainMs = nowMs + limits.recheckLaterMs;
      return refuse(context, '10', ['successor doubted'], { tasks: ['ask peers'], lookAgainMs });
    }
    // Nor is anybody followed before it was asked, when there was no time left to object, whether somebody has.
    if (!isSought) return refuse(context, '10', ['successor waits'], { tasks: ['ask peers', 'ask key servers'] });
  }
  // Row 10a. Were keys forgotten, the recovery key's word on them would undo nothing any more.
  const left = leftAfter(state, way.steps, nowMs, limits);
  if (left === null) return refuse(context, '10a', ['too many keys']);
  return follow(context, isVouched ? '9' : '10', way, left);
}

/** Row 7a: nobody is reached. */
function silent(context: Context): TrustDecision {
  const { state, inputs, nowMs, limits } = context;
  const witnesses = inputs.proof.kind === 'silent' ? inputs.proof.witnesses : 0;
  const sinceMs = state.silentSinceMs ?? (witnesses > 0 ? (state.provedMs ?? state.pin!.sinceMs) : null);
  const isHonoured = sinceMs !== null && state.standing === 'normal' && nowMs < sinceMs + limits.silentMsMax;
  return keep(context, '7a', {
    alarms: sinceMs !== null && state.silentSinceMs === null ? ['home silent'] : [],
    silentSinceMs: sinceMs,
    honoured: isHonoured ? { atMs: sinceMs, untilMs: sinceMs + limits.silentMsMax } : null,
  });
}

/** Rows 6 to 8, 15, and the end of a trial by 16 or 17: the pinned key is proved. */
function proved(context: Context, quorum: () => boolean, succession: Succession): TrustDecision {
  const { state, inputs, dns, nowMs, limits } = context;
  const pin = state.pin!;
  const soft = inputs.revocations.find(({ fingerprint }) => fingerprint === pin.fingerprint)?.seenMs ?? null;
  const endedMs = Math.min(soft ?? Infinity, inputs.pinEndsMs ?? Infinity);
  if (nowMs >= endedMs) {
    const lastMs = endedMs + limits.endedMs;
    const more = { tasks: ['fetch key'] as const, lookAgainMs: nowMs < lastMs ? lastMs : null };
    return nowMs < lastMs ? accept(context, '15', ['key ended'], more) : refuse(context, '15', ['key ended'], more);
  }
  // It may know nothing of them: then somebody else has its key.
  const ahead = succession.isAhead
    ? { alarms: ['successor waits'] as const, tasks: ['ask peers', 'tell of successors'] as const }
    : { alarms: [], tasks: [] };
  if (dns.names(pin.fingerprint)) {
    // What was first use is looked at with other eyes once somebody vouches for it.
    if (state.trialUntilMs !== null && (dns.isSecure || quorum())) {
      return pinNew(context, '16', pin.fingerprint, 'corroborated');
    }
    return accept(context, '6', ahead.alarms, { tasks: ahead.tasks });
  }
  if (dns.isSilent) {
    const isLate = nowMs - (state.missingSinceMs ?? nowMs) >= limits.missingMs && !inputs.admin.isPlaced;
    return accept(context, '7', [...(isLate ? (['dns silent'] as const) : []), ...ahead.alarms], {
      tasks: ahead.tasks,
    });
  }
  const announced = dns.record!.fpr;
  if (succession.to(announced) !== null) return accept(context, '10', ahead.alarms, { tasks: ahead.tasks });
  const tasks = [...new Set(['ask peers', 'tell the domain', ...ahead.tasks] as const)];
  return accept(context, '8', ['dns names another key', ...ahead.alarms], { tasks });
}
