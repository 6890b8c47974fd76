/** Addresses of boxes, for those who have the secret and for those who have read them somewhere. docs/spec/pigeonhole.md#keys */
import type { Suite } from '../../crypto/suite.ts';
import { boxSecrets, renderAddress } from '../../services/pigeonhole/keys.ts';
import type { BoxState } from './state.ts';

export { parseAddress } from '../../services/pigeonhole/keys.ts';

/** The address of one's own box. */
export const addressOf = (suite: Suite, { domain, root }: BoxState): string =>
  renderAddress(boxSecrets(suite, domain, root));
