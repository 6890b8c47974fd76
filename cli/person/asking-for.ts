/** Who asks as nobody for a person of this machine: his stock on the disk, his home, the clocks here. docs/spec/round-trips.md#stock */
import { Asking, type AskingOptions } from '../../client/anonymous/asking.ts';
import { writeStock } from '../../client/anonymous/stock-file.ts';
import type { Whose } from '../../client/profile/profile.ts';
import { Asker } from '../../round-trips/asker.ts';
import type { StockSecret, StockWish } from '../../round-trips/stock.ts';
import { suite } from '../../server/suite.ts';
import { systemTimers } from '../../server/transport/timers.ts';

interface Options extends Pick<AskingOptions, 'home' | 'isAll' | 'stations' | 'told'> {
  readonly whose: Whose;
  readonly wish: StockWish;
  /** What was in the stock when its lock was taken. */
  readonly kept: readonly StockSecret[];
}

/** The lock of the stock must be held from before it was read until this is stopped. */
export function askingFor({ whose, wish, kept, ...rest }: Options): Asking {
  const { folder, domain } = whose;
  return new Asking({
    asker: new Asker({ suite, home: domain, kept, wish }),
    mor: `psyc://${domain}/$mor`,
    keep: (secrets) => writeStock(folder, secrets),
    now: () => ({ monotoneMs: systemTimers.nowMs(), wallMs: Date.now() }),
    after: (delayMs, wake) => systemTimers.after(delayMs, wake),
    ...rest,
  });
}
