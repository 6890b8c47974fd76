/** What a configuration says of boxes, as its node is told it. docs/operating.md#pigeonhole */
import { pigeonholeLimits, type PigeonholeOptions } from '../services/pigeonhole/limits.ts';
import type { Config } from './config/config.ts';

/** Nothing where there are to be none. */
export const pigeonholeOptions = (said: Config['pigeonhole']): { readonly pigeonhole?: PigeonholeOptions } =>
  said === null
    ? {}
    : { pigeonhole: { limits: { ...pigeonholeLimits, makeBitsMin: said.workBits }, boxesMax: said.boxes } };
