/** What a configuration says of the listener, as its node is told it. docs/operating.md#onion-routing */
import type { MorOptions } from '../../federation/mor-events.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import type { Config } from '../config/config.ts';

/** Nothing where there is to be none. */
export const morOptions = (mor: Config['mor']): { readonly mor?: MorOptions } =>
  mor === null
    ? {}
    : {
        mor: {
          limits: { ...listenerLimits, linkMsMean: Math.round(1000 / mor.framesPerSecond) },
          links: mor.links,
        },
      };
