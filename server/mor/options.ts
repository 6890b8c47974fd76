/** What a configuration says of the listener, as its node is told it. docs/operating.md#onion-routing */
import type { MorOptions } from '../../federation/onions/mor-events.ts';
import { type ListenerLimits, listenerLimits } from '../../listener-bots/limits.ts';
import type { Config } from '../config/config.ts';

/** Limits of a listener whose links carry so many frames a second: a peer's budget is what two such servers may send, for half a minute. */
function limitsFor(framesPerSecond: number): ListenerLimits {
  const linkMsMean = 1000 / framesPerSecond;
  const times = Math.max(1, listenerLimits.linkMsMean / linkMsMean);
  return {
    ...listenerLimits,
    linkMsMean,
    bucketFramesPerSecond: listenerLimits.bucketFramesPerSecond * times,
    bucketFramesMax: listenerLimits.bucketFramesMax * times,
  };
}

/** Nothing where there is to be none. `unsafe`: its clocks are off. */
export const morOptions = (mor: Config['mor'], unsafe: boolean): { readonly mor?: MorOptions } =>
  mor === null
    ? {}
    : {
        mor: {
          limits: limitsFor(mor.framesPerSecond),
          links: mor.links,
          servers: mor.servers,
          contexts: mor.contexts.map(({ name, members, servers, framesPerSecond }) => ({
            name,
            members,
            servers,
            limits: limitsFor(framesPerSecond),
          })),
          unsafe,
        },
      };
