/** Who is there in the scene `onions`: servers, who is a member where, and who is not what he seems. docs/simulator.md#onions */
import { listenerLimits, type ListenerLimits } from '../../listener-bots/limits.ts';
import type { MorPeer } from './mor-node.ts';

/** Servers that do as they should. */
export const honest = ['a.example', 'b.example', 'c.example', 'd.example'] as const;
/** One that does not, and is a member like the others. */
export const evil = 'evil.example';
/** One whose context others are members of, and who is a member nowhere, though it asks as if it were. */
const outsider = 'out.example';
/** Servers whose keys all accept. */
export const accepted: readonly string[] = [...honest, evil];
export const everybody: readonly string[] = [...accepted, outsider];

/** Links whose ends are members of each other's contexts. */
export const pairs: readonly (readonly [string, string])[] = [
  ['a.example', 'b.example'],
  ['b.example', 'c.example'],
  ['c.example', 'd.example'],
  ['a.example', 'd.example'],
  ['a.example', evil],
  ['c.example', evil],
];
const outsiderAt = 'a.example';

/** All links; the first end opens the circuit. */
export const links: readonly (readonly [string, string])[] = [...pairs, [outsiderAt, outsider]];

/** The members of a server's context. */
export const membersOf = (host: string): string[] =>
  host === outsider ? [outsiderAt] : pairs.flatMap(([a, b]) => (a === host ? [b] : b === host ? [a] : []));

/** The circuits of a server, as it sees them. */
export function peersOf(host: string): MorPeer[] {
  return links.flatMap(([a, b]) => {
    if (a !== host && b !== host) return [];
    const name = a === host ? b : a;
    // The outsider believes that he is a member.
    const isMemberThere = membersOf(name).includes(host) || host === outsider;
    return [{ name, membership: { isMember: membersOf(host).includes(name), isMemberThere }, dials: a === host }];
  });
}

/** Small enough to be met, and fast enough for a minute. */
export const small: ListenerLimits = {
  ...listenerLimits,
  linkMsMean: 120,
  bucketFramesPerSecond: 30,
  bucketFramesMax: 400,
  queueCellsMax: 200,
  // One of those that wait is drawn at each strike: of a dozen one is not drawn for a minute now and then.
  queuedMsMax: 100_000,
  seenMs: 20_000,
  seenCellsMax: 5_000,
  openingCellsMax: 64,
  batchCellsMax: 4,
  delayedCellsMax: 64,
  originCellsMax: 64,
  originOpenedMax: 48,
  originCellsOfOneMax: 16,
  contextKeyMs: 80_000,
  contextGraceMs: 80_000,
  contextRenewMs: 20_000,
  contextAskMs: 2_000,
  tidyMs: 1_000,
};

export const smallCircuit = {
  openingMsMax: 4_000,
  greetingMsMax: 5_000,
  idleMsMax: 6_000,
  keepAliveMs: 2_000,
  unsentBytesMax: 65_536,
};

/** What the checker of queues goes by, in words of its own. */
export const maxima = {
  circuits: 12,
  'cells for a link': 200,
  'cells being opened': 64,
  'cells that wait': 64,
  'new cells': 64,
  'replay tags': 2_000,
  'one-time secrets': 100,
  'watched tags': 0,
  'messages in parts': 0,
  // The limit, what a dishonest server writes beside it, and the packet in which a circuit says why it ends.
  'unsent bytes': 65_536 + 65_536,
  'store requests': 8,
};
