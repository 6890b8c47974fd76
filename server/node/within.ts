/** What comes one after the other, as far as it comes in time. docs/spec/key-server.md#finding */

/** How long others are waited for whether they know that something was taken back: somebody waits to be let in. */
export const TAKEN_BACK_MS = 1500;

/** Nothing. */
export async function* none(): AsyncGenerator<never> {}

/** What comes within so long; what is under way then is left alone. */
export async function* within<T>(all: AsyncIterable<T>, ms: number): AsyncGenerator<T> {
  const reading = all[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((done) => {
    timer = setTimeout(() => done(null), ms);
  });
  try {
    for (;;) {
      const next = await Promise.race([reading.next(), late]);
      if (next === null || next.done === true) return;
      yield next.value;
    }
  } finally {
    clearTimeout(timer);
  }
}
