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

/** Servers that say only some of what they would. */
const saying =
  (isSaid: (method: string) => boolean): Around =>
  (boot) =>
    steppingBoot(
      boot,
      (step) => (event, nowMs) =>
        step(event, nowMs).filter((effect) => {
          if (effect.kind !== 'write') return true;
          const { content } = readRaw(effect.bytes);
          return isSaid(/^_\w+$/m.exec(textOfBytes(content))?.[0] ?? '');
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
  boot: saying((method) => method !== '_notice_countersignature'),
};

/** Nobody has the time to object. */
export const hastySuccessor: Plant = {
  name: 'hasty-successor',
  what: 'a server gives a successor that nothing but a statement speaks for no time, in which the recovery key could object',
  caughtBy: 'pins',
  scene: 'trust',
  federation: (options) => ({ ...options, trustLimits: { ...options.trustLimits, graceMs: 0 } }),
};
