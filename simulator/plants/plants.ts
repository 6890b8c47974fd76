/** Every planted bug, by name; the table in docs/simulator.md#plants is the same list. */
import { endlessBacklog, endlessWriting, hiddenState, throwingStep } from './careless-nodes.ts';
import { overlookedReader, sameKeyAgain } from './confidants.ts';
import { lyingDisk, tornWrite } from './disks.ts';
import {
  confusedTags,
  droppedOnReconnect,
  forgetfulRestart,
  hastyAcknowledgement,
  mangledDelivery,
  noResend,
  renamedDelivery,
  repeatedDelivery,
  rewrittenDelivery,
  rollbackForCommit,
  swappedDeliveries,
} from './dishonest-nodes.ts';
import {
  copyForEach,
  credulousNode,
  endlessMembership,
  everybodyAFriend,
  forgottenMembers,
  forgottenRules,
  pinsOfTheDns,
  silentLeaving,
  unasked,
} from './federation-nodes.ts';
import { impatientFeed, keptWords, unreconciled } from './feed-nodes.ts';
import { openWindow } from './plain-peers.ts';
import {
  busyOrigin,
  forgottenTags,
  freshTags,
  keptForItself,
  keptSecrets,
  putOutBare,
  spentByDamage,
  toldToAnybody,
} from './onion-nodes.ts';
import { deafAfterRestart, fewServers, unreadTags } from './onion-servers.ts';
import type { Plant } from './plant.ts';
import {
  forgottenStatements,
  hastySuccessor,
  roomForNobody,
  secretSuccessors,
  secretWords,
  silentRefusal,
  silentVisits,
} from './trust-nodes.ts';

/** The plants. */
export const plants: ReadonlyMap<string, Plant> = new Map(
  [
    swappedDeliveries,
    forgetfulRestart,
    repeatedDelivery,
    mangledDelivery,
    rewrittenDelivery,
    renamedDelivery,
    hastyAcknowledgement,
    rollbackForCommit,
    tornWrite,
    lyingDisk,
    droppedOnReconnect,
    noResend,
    confusedTags,
    endlessBacklog,
    endlessWriting,
    throwingStep,
    hiddenState,
    credulousNode,
    pinsOfTheDns,
    forgottenMembers,
    openWindow,
    endlessMembership,
    copyForEach,
    silentLeaving,
    everybodyAFriend,
    unasked,
    forgottenRules,
    sameKeyAgain,
    overlookedReader,
    forgottenTags,
    freshTags,
    keptSecrets,
    spentByDamage,
    toldToAnybody,
    keptForItself,
    putOutBare,
    busyOrigin,
    unreadTags,
    deafAfterRestart,
    fewServers,
    hastySuccessor,
    forgottenStatements,
    secretSuccessors,
    secretWords,
    silentVisits,
    silentRefusal,
    roomForNobody,
    unreconciled,
    impatientFeed,
    keptWords,
  ].map((plant) => [plant.name, plant]),
);
