/** Cells that leave for the home on a clock. docs/spec/people.md#cells-on-a-clock */
import type { AskedHome } from './asking.ts';
import type { CellClock, ClockEvent } from './clock.ts';

/** A clock that only goes forward, in milliseconds, and an alarm, which the function that it gives takes back. */
export interface Alarms {
  nowMs(): number;
  after(delayMs: number, wake: () => void): () => void;
}

/** Runs the clock to its end: whether the message was taken; null: a cell was refused for good, and that has been told. */
export function onClock(home: AskedHome, mor: string, clock: CellClock, alarms: Alarms): Promise<boolean | null> {
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
      cancel = alarms.after(Math.max(0, atMs - alarms.nowMs()), () => take({ kind: 'wake' }));
    };
    const take = (event: ClockEvent): void => {
      try {
        for (const effect of clock.step(event, alarms.nowMs())) {
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
