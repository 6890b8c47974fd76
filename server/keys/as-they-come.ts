/** What several who are asked at once give, whoever is first. docs/spec/key-server.md#finding */

/** So many at a time, in their order; what each gives as soon as it is there. None is to reject. */
export async function* asTheyCome<T>(
  tasks: readonly (() => Promise<readonly T[]>)[],
  atOnceMax: number,
): AsyncGenerator<T> {
  const waiting = [...tasks.entries()];
  const running = new Map<number, Promise<readonly [number, readonly T[]]>>();
  while (waiting.length > 0 || running.size > 0) {
    for (const [at, task] of waiting.splice(0, atOnceMax - running.size)) {
      running.set(
        at,
        task().then((given) => [at, given]),
      );
    }
    const [at, given] = await Promise.race(running.values());
    running.delete(at);
    yield* given;
  }
}
