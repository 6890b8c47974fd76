/** Cells that leave for the home on a clock, in a session. docs/spec/people.md#cells-on-a-clock */
import type { CellClock, ClockEvent } from '../../client/anonymous/clock.ts';
import type { Timers } from '../../server/transport/timers.ts';
import type { Talk } from './talk.ts';

/** Runs the clock to its end: whether the message was taken; null: a cell was refused for good, and that has been told. */
export function onClock(home: Talk, mor: string, clock: CellClock, timers: Timers): Promise<boolean | null> {
  return new Promise((resolve, reject) => {
    let cancel = (): void => {};
    const end = (isTaken: boolean | null): void => {
      cancel();
      resolve(isTaken);
    };
    const hand = async (strike: number, cell: Uint8Array): Promise<void> => {
      const entity = { _cell: cell };
      const told = await home.ask({ target: mor, method: '_request_mor_cell', entity, excused: ['_mor_full'] });
      if (told === null) end(null);
      else take({ kind: typeof told === 'string' ? 'refused' : 'taken', strike });
    };
    const wakeAt = (atMs: number): void => {
      cancel = timers.after(Math.max(0, atMs - timers.nowMs()), () => take({ kind: 'wake' }));
    };
    const take = (event: ClockEvent): void => {
      try {
        for (const effect of clock.step(event, timers.nowMs())) {
          if (effect.kind === 'hand') hand(effect.strike, effect.cell).catch(reject);
          else if (effect.kind === 'wake') wakeAt(effect.atMs);
          else end(effect.isTaken);
        }
      } catch (error) {
        reject(error);
      }
    };
    wakeAt(clock.nextMs);
  });
}
