/** Plants in whole servers with listeners: bugs in what becomes of their files at a restart, and in their rates. docs/simulator.md#plants */
import type { NodeEffect } from '../machine.ts';
import { type Plant, steppingBoot } from './plant.ts';

/** What was opened is written, and looked for elsewhere. */
export const unreadTags: Plant = {
  name: 'unread-tags',
  what: 'after a restart a server looks for its replay tags where there are none',
  caughtBy: 'reopening',
  scene: 'anonymous',
  boot: (boot) =>
    steppingBoot(boot, (step) => (event, nowMs) => {
      const elsewhere = (effect: NodeEffect): NodeEffect => {
        if (effect.kind !== 'store' || effect.request.kind !== 'read') return effect;
        const isOfCells = effect.request.context.startsWith('cells of ');
        return isOfCells ? { ...effect, request: { ...effect.request, context: 'nowhere' } } : effect;
      };
      return step(event, nowMs).map(elsewhere);
    }),
};

/** A listener begins when it knows what was kept. */
export const deafAfterRestart: Plant = {
  name: 'deaf-after-restart',
  what: 'after a restart a server’s listener is not told what was kept, and so does nothing',
  caughtBy: 'arrival',
  scene: 'anonymous',
  boot: (boot) =>
    steppingBoot(boot, (step, life) => (event, nowMs) => {
      // What is asked for cells has numbers below zero.
      const isKept = event.kind === 'stored' && event.outcome.kind === 'rows' && event.outcome.request < 0;
      return life > 1 && isKept ? [] : step(event, nowMs);
    }),
};

/** Each of many puts out as much as if it were one of few. */
export const fewServers: Plant = {
  name: 'few-servers',
  what: 'servers put out new cells as if there were none but those that they have links to',
  caughtBy: 'congestion',
  scene: 'anonymous',
  federation: (options) => (options.mor === undefined ? options : { ...options, mor: { ...options.mor, servers: 1 } }),
};
