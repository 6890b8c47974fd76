/** Publishers who say the next thing when one of so many under way is accepted. Part of feeds-load.ts. */

/** Who can be let loose on a server. */
export interface Contestant {
  /** Lets so many publishers in. */
  join(publishers: number): Promise<void>;
  /** Signs so much more for each of them beforehand. */
  sign(each: number, text: string): void;
  /** Publishes as much of it as is accepted in so long, with so many under way; gives how many a second were accepted. */
  publish(window: number, ms: number): Promise<number>;
  /** So many readers, who are there. */
  follow(readers: number): Promise<void>;
  /** Each fetches the newest of each publisher; gives how many came. */
  fetch(each: number): Promise<number>;
}

/** One publisher's end. */
export interface Publisher {
  /** Says the next thing; false: there is none left. */
  say(): boolean;
  /** Called each time that one is accepted. */
  heard: () => void;
}

/** Accepted a second, of all of them together. */
export async function acceptedBy(publishers: readonly Publisher[], window: number, ms: number): Promise<number> {
  const begin = performance.now();
  let count = 0;
  await Promise.all(
    publishers.map(
      (publisher) =>
        new Promise<void>((resolve, reject) => {
          let open = 0;
          const next = (): void => {
            open++;
            if (!publisher.say()) reject(new Error('more was accepted than was signed beforehand'));
          };
          publisher.heard = () => {
            count++;
            open--;
            if (performance.now() - begin < ms) next();
            else if (open === 0) resolve();
          };
          for (let at = 0; at < window; at++) next();
        }),
    ),
  );
  return (count / (performance.now() - begin)) * 1000;
}
