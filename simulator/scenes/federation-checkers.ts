/** What must hold in the scene `federation`: its checkers, and the queues that they know. docs/simulator.md#checkers */
import type { Checker } from '../checkers/checker.ts';
import { AcknowledgementChecker } from '../checkers/acknowledgement.ts';
import { BlockedChecker } from '../checkers/blocked.ts';
import { CopiesChecker } from '../checkers/copies.ts';
import { DurabilityChecker } from '../checkers/durability.ts';
import { ForgeryChecker } from '../checkers/forgery.ts';
import { FriendsChecker } from '../checkers/friends.ts';
import { LeavingChecker } from '../checkers/leaving.ts';
import { LivenessChecker } from '../checkers/liveness.ts';
import { MembersChecker } from '../checkers/members.ts';
import { OnceChecker } from '../checkers/once.ts';
import { OrderChecker } from '../checkers/order.ts';
import { OutsidersChecker } from '../checkers/outsiders.ts';
import { PresenceChecker } from '../checkers/presence.ts';
import { QueuesChecker } from '../checkers/queues.ts';
import { ReadersChecker } from '../checkers/readers.ts';
import { SecrecyChecker } from '../checkers/secrecy.ts';
import { TruthChecker } from '../checkers/truth.ts';
import { confidence } from './den-people.ts';
import { maxima } from './maxima.ts';
import { deviceHostOf, guests, headerOf, hostOf, isGuest, personOfHost, persons, servers } from './town.ts';

/** Hosts of those devices whose people have friends, by person. */
const mainHosts: ReadonlyMap<string, readonly string[]> = new Map(
  persons
    .filter(({ isNew, nick }) => !isNew && nick !== 'hal')
    .map(({ uniform, devices }) => [uniform, devices.filter(({ isMain }) => isMain).map(({ host }) => host)]),
);

/** All of them, for one run. */
export const checkers = (): Checker[] => [
  new OrderChecker(true),
  new OnceChecker(),
  new TruthChecker(headerOf),
  new AcknowledgementChecker(deviceHostOf),
  new DurabilityChecker(hostOf),
  new LivenessChecker(false, (author) => !isGuest(author)),
  new QueuesChecker(maxima),
  new MembersChecker(hostOf),
  new OutsidersChecker(personOfHost, guests),
  new CopiesChecker(servers),
  new ForgeryChecker(),
  new LeavingChecker(hostOf, 'leaving'),
  new SecrecyChecker(confidence),
  new ReadersChecker(personOfHost),
  new FriendsChecker(),
  new PresenceChecker(mainHosts),
  new BlockedChecker(),
];
