/** What comes one after the other, as far as it comes in time. docs/spec/key-server.md#finding */

/** How long others are waited for whether they know that something was taken back: somebody waits to be let in. */
export const TAKEN_BACK_MS = 1500;

/** Nothing. */
export async function* none(): AsyncGenerator<never> {}

/** From when on no more than so much longer is waited. */
export interface Soon {
  readonly ms: number;
  readonly isEnough: () => boolean;
}

/** What comes within so long; what is under way then is left alone. */
export async function* within<T>(all: AsyncIterable<T>, ms: number, soon?: Soon): AsyncGenerator<T> {
  const reading = all[Symbol.asyncIterator]();
  const timers: NodeJS.Timeout[] = [];
  let end = (): void => {};
  const late = new Promise<null>((done) => (end = () => done(null)));
  timers.push(setTimeout(end, ms));
  try {
    for (;;) {
      const next = await Promise.race([reading.next(), late]);
      if (next === null || next.done === true) return;
      yield next.value;
      if (timers.length === 1 && soon?.isEnough() === true) timers.push(setTimeout(end, soon.ms));
    }
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}
