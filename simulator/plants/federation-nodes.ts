/** Plants in servers of a federation: bugs in whom they believe, remember and tell. docs/simulator.md#plants */
import { hexOf } from '../../crypto/bytes.ts';
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import { IdealKeys } from '../ideal.ts';
import type { NodeEffect } from '../machine.ts';
import { readRaw } from '../raw-packet.ts';
import { liarsKey } from '../scenes/ideal-dns.ts';
import { type Plant, steppingBoot, withoutOperations } from './plant.ts';

/** Whoever signs anything is believed. */
export const credulousNode: Plant = {
  name: 'credulous-node',
  what: 'a server takes any signature for a good one',
  caughtBy: 'forgery',
  scene: 'federation',
  federation: (options) => ({ ...options, suite: { ...options.suite, ed25519Verify: () => true } }),
};

/** Members of the last life are none. */
export const forgottenMembers: Plant = {
  name: 'forgotten-members',
  what: 'after a restart a server does not know who the members are',
  caughtBy: 'members',
  scene: 'federation',
  boot: (boot) =>
    steppingBoot(boot, (step, life) => (event, nowMs) => {
      if (life === 1 || event.kind !== 'stored' || event.outcome.kind !== 'members') return step(event, nowMs);
      return step({ kind: 'stored', outcome: { ...event.outcome, members: [] } }, nowMs);
    }),
};

/** Whoever was a member is one for ever. */
export const endlessMembership: Plant = {
  name: 'endless-membership',
  what: 'a server does not write down that a membership has ended, and believes what is written after a restart',
  caughtBy: 'outsiders',
  scene: 'federation',
  boot: (boot) => withoutOperations(boot, (operation) => operation.op === 'member' && operation.sequence === 0),
};

const names = new IdealKeys((length) => new Uint8Array(length));
/** Fingerprints of the key of `a.example`, and of the one that the liar of the scene has made in its name. */
const [first, second] = ['first', liarsKey].map((name) => hexOf(names.domain('a.example', name).fingerprint));

/** What the DNS says takes the place of what is pinned. */
export const pinsOfTheDns: Plant = {
  name: 'pins-of-the-dns',
  what: 'a server takes the key that the DNS once named for the one that it has pinned',
  caughtBy: 'forgery',
  scene: 'federation',
  boot: (boot) =>
    steppingBoot(boot, (step) => (event, nowMs) => {
      if (event.kind !== 'stored' || event.outcome.kind !== 'records') return step(event, nowMs);
      const records = event.outcome.records.map(({ name, value }) => {
        if (name !== 'trust') return { name, value };
        const text = decodeText(value).replace(`"pin":{"fingerprint":"${first}"`, `"pin":{"fingerprint":"${second}"`);
        return { name, value: encodeText(text) };
      });
      return step({ kind: 'stored', outcome: { ...event.outcome, records } }, nowMs);
    }),
};

/** Whoever has something to do with somebody is his friend. */
export const everybodyAFriend: Plant = {
  name: 'everybody-a-friend',
  what: 'a server takes whoever was asked, or has asked, for a friend',
  caughtBy: 'friends',
  scene: 'federation',
  boot: (boot) =>
    steppingBoot(
      boot,
      (step) => (event, nowMs) =>
        step(event, nowMs).map((effect): NodeEffect => {
          if (effect.kind !== 'store' || effect.request.kind !== 'write') return effect;
          const operations = effect.request.operations.map((operation) =>
            operation.op === 'member' && operation.context.startsWith('circle of ') && operation.sequence !== 0
              ? { ...operation, sequence: 3 }
              : operation,
          );
          return { ...effect, request: { ...effect.request, operations } };
        }),
    ),
};

/** What was missed stays missed. */
export const unasked: Plant = {
  name: 'unasked',
  what: 'a server asks nobody how it is with friends of its people',
  caughtBy: 'presence',
  scene: 'federation',
  boot: (boot) =>
    steppingBoot(
      boot,
      (step) => (event, nowMs) =>
        step(event, nowMs).filter((effect) => {
          if (effect.kind !== 'write') return true;
          const { routing } = readRaw(effect.bytes);
          return routing.has('_context') || routing.get('_target')?.endsWith('#_presence') !== true;
        }),
    ),
};

/** What people have decided lasts as long as a life. */
export const forgottenRules: Plant = {
  name: 'forgotten-rules',
  what: 'after a restart a server does not know whom its people block',
  caughtBy: 'blocked',
  scene: 'federation',
  boot: (boot) =>
    steppingBoot(boot, (step, life) => {
      const cabinets = new Set<number>();
      return (event, nowMs) => {
        const isCabinet = event.kind === 'stored' && cabinets.delete(event.outcome.request);
        const told =
          life > 1 && isCabinet && event.outcome.kind === 'records'
            ? { ...event, outcome: { ...event.outcome, records: [] } }
            : event;
        const effects = step(told, nowMs);
        for (const effect of effects) {
          if (effect.kind !== 'store' || effect.request.kind !== 'records') continue;
          if (effect.request.context.startsWith('cabinet of ')) cabinets.add(effect.request.request);
        }
        return effects;
      };
    }),
};

/** As if each member got a copy of his own. */
export const copyForEach: Plant = {
  name: 'copy-for-each',
  what: 'a multicast is written twice on a circuit, as if it went to each of two members',
  caughtBy: 'copies',
  scene: 'federation',
  boot: (boot) =>
    steppingBoot(
      boot,
      (step) => (event, nowMs) =>
        step(event, nowMs).flatMap((effect): NodeEffect[] => {
          if (effect.kind !== 'write') return [effect];
          const { routing } = readRaw(effect.bytes);
          return routing.has('_context') && !routing.has('_target') ? [effect, effect] : [effect];
        }),
    ),
};

/** Whoever goes does not say so. */
export const silentLeaving: Plant = {
  name: 'silent-leaving',
  what: 'a home that closes an account does not know in which places its person is',
  caughtBy: 'leaving',
  scene: 'federation',
  boot: (boot) =>
    steppingBoot(boot, (step) => (event, nowMs) => {
      if (event.kind !== 'stored' || event.outcome.kind !== 'memberships') return step(event, nowMs);
      return step({ kind: 'stored', outcome: { ...event.outcome, contexts: [] } }, nowMs);
    }),
};
