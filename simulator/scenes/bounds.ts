/** Bounds of the scene `federation`, small enough to be met within half a minute. docs/simulator.md#federation */
import { federationLimits } from '../../federation/limits.ts';
import { trustLimits } from '../../pki/trust-limits.ts';

/** Of one circuit. */
export const circuitBounds = {
  openingMsMax: 4_000,
  greetingMsMax: 5_000,
  idleMsMax: 6_000,
  keepAliveMs: 2_000,
  unsentBytesMax: 16_384,
};

/** Of what is under way. */
export const deliveryBounds = {
  waitingMax: 8,
  waitingBytesMax: 8_000,
  heldMax: 8,
  heldBytesMax: 8_000,
  authorsMax: 12,
  batchMax: 4,
  batchBytesMax: 4_000,
  windowMax: 6,
  windowBytesMax: 6_000,
  windowSilentMax: 2,
  backlogMax: 16,
  resentMax: 16,
  retryMsMin: 50,
  retryMsMax: 2_000,
  resendMsMin: 400,
  resendMsMax: 5_000,
  giveUpMsMax: 259_200_000,
};

/** Of one server. */
export const nodeBounds = {
  ...federationLimits,
  lettersMax: 16,
  requestsMax: 24,
  historiesMax: 8,
  historyRowsMax: 8,
  historyBytesMax: 4_096,
  loginsMax: 4,
  pkiAskedMax: 12,
  pkiStrangersMax: 8,
  pkiOfStrangerMax: 6,
  errandsMax: 4,
  authorsKnownMax: 6,
  authorsAskedMax: 4,
  uncheckedMax: 12,
  presenceMsMin: 200,
  presenceGraceMs: 1_000,
  presenceWaitMs: 300,
  // Longer than faults last: what is honest is never taken for what nobody has a key for.
  keysMsMax: 40_000,
};

/** Of one server of the scene `trust`, where keys are what goes wrong: who does not tell them is asked elsewhere before long. */
export const keyBounds = {
  ...nodeBounds,
  // Crowds come: how much room there is for whom is what it is about.
  pkiAskedMax: 32,
  pkiStrangersMax: 24,
  keysMsMax: 3_000,
  keysAgainMsMin: 500,
  keyReportMsMin: 4_000,
};

/** How long keys wait for what: all of it comes about within half a minute. */
export const trustBounds = {
  ...trustLimits,
  graceMs: 10_000,
  holdMs: 12_000,
  overlapMs: 20_000,
  skewMs: 1_000,
  missingMs: 8_000,
  silentMsMax: 600_000,
  endedMs: 4_000,
  recheckSoonMs: 2_000,
  recheckLaterMs: 6_000,
  witnessPinnedMs: 4_000,
  witnessSeenMs: 6_000,
};
