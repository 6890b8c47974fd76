/** Plants in servers whose keys change: bugs in what they believe of others' keys, keep of it and tell. docs/simulator.md#plants */
import type { NodeEffect } from '../machine.ts';
import { readRaw, textOfBytes } from '../raw-packet.ts';
import type { Operation } from '../../store/store.ts';
import { type Plant, steppingBoot } from './plant.ts';

type Around = NonNullable<Plant['boot']>;

/** Servers that write down only some of what they would. */
const keeping =
  (isKept: (operation: Operation) => boolean): Around =>
  (boot) =>
    steppingBoot(
      boot,
      (step) => (event, nowMs) =>
        step(event, nowMs).map((effect): NodeEffect => {
          if (effect.kind !== 'store' || effect.request.kind !== 'write') return effect;
          const operations = effect.request.operations.filter(isKept);
          return { ...effect, request: { ...effect.request, operations } };
        }),
    );

/** Servers that do not say this. A line of its own: what stands in values is no line of these packets but of packets in them. */
const notSaying =
  (method: string): Around =>
  (boot) =>
    steppingBoot(
      boot,
      (step) => (event, nowMs) =>
        step(event, nowMs).filter((effect) => {
          if (effect.kind !== 'write') return true;
          return !textOfBytes(readRaw(effect.bytes).content).split('\n').includes(method);
        }),
    );

/** What has a successor has none the next time. */
export const forgottenStatements: Plant = {
  name: 'forgotten-statements',
  what: 'a server does not keep statements that keys have successors: each is heard for the first time, and waits anew',
  caughtBy: 'agreement',
  scene: 'trust',
  boot: keeping((operation) => operation.op !== 'record' || !operation.name.startsWith('rotation ')),
};

/** Whoever countersigns keeps it to himself. */
export const secretWords: Plant = {
  name: 'secret-words',
  what: 'a server does not tell others that it countersigns their keys, nor that it does no more',
  caughtBy: 'countersignatures',
  scene: 'trust',
  boot: notSaying('_notice_countersignature'),
};

/** Nobody has the time to object. */
export const hastySuccessor: Plant = {
  name: 'hasty-successor',
  what: 'a server gives a successor that nothing but a statement speaks for no time, in which the recovery key could object',
  caughtBy: 'pins',
  scene: 'trust',
  federation: (options) => ({ ...options, trustLimits: { ...options.trustLimits, graceMs: 0 } }),
};

/** Whose key it is is the last to hear of it. */
export const secretSuccessors: Plant = {
  name: 'secret-successors',
  what: 'a server tells nobody of statements that a key has a successor, the domain whose key it is neither',
  caughtBy: 'agreement',
  scene: 'trust',
  boot: notSaying('_notice_key_rotation'),
};

/** Whoever was there, his home does not hear of it. */
export const silentVisits: Plant = {
  name: 'silent-visits',
  what: 'a server does not tell a visitor’s home that he was there',
  caughtBy: 'visits',
  scene: 'trust',
  boot: notSaying('_request_visit'),
};

/** There is one queue, and it is short. */
export const roomForNobody: Plant = {
  name: 'room-for-nobody',
  what: 'a server in whose neighbour’s name many come has no room for looks at keys: who comes is told that too much is waiting',
  caughtBy: 'admission',
  scene: 'trust',
  federation: (options) =>
    options.identity.domain !== 'e.example'
      ? options
      : { ...options, federationLimits: { ...options.federationLimits, looksOfDomainMax: 0 } },
};

/** Whoever comes with another key is only sent away. */
export const silentRefusal: Plant = {
  name: 'silent-refusal',
  what: 'a server refuses another key for a person than the pinned one, and does not tell him',
  caughtBy: 'warnings',
  scene: 'trust',
  boot: notSaying('_notice_key_foreign'),
};
