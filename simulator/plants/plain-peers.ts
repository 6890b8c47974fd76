/** A plant in what a server without keys is told. docs/simulator.md#plants */
import { parseOne } from '../../circuit/one-packet.ts';
import { render } from '../../psyc/render.ts';
import type { NodeEffect } from '../machine.ts';
import { places, plainHost } from '../scenes/town.ts';
import { type Plant, steppingBoot } from './plant.ts';

/** Whoever asked to be a plain peer once hears what our people hear. */
export const openWindow: Plant = {
  name: 'open-window',
  what: 'a plain peer is told what is said in a place whether or not its people are members',
  caughtBy: 'outsiders',
  scene: 'federation',
  boot: (boot) =>
    steppingBoot(boot, (step) => {
      let window: string | null = null;
      return (event, nowMs) => {
        if (event.kind === 'opened' && event.peer === plainHost) window = event.circuit;
        return step(event, nowMs).flatMap((effect): NodeEffect[] => {
          if (window === null || effect.kind !== 'write' || effect.circuit === window) return [effect];
          const packet = parseOne(effect.bytes.slice());
          const [_context, relay] = [packet.ownRoute('_context'), packet.ownRoute('_source_relay')];
          if (_context !== places[1] || relay === undefined || packet.method !== '_message_public') return [effect];
          const { method, data } = packet;
          const bytes = render({ routing: { _context, _source_relay: relay }, method, data });
          return [effect, { kind: 'write', circuit: window, bytes }];
        });
      };
    }),
};
