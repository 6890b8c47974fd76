/** The secret of a box as a line of text, for another device of its owner's. docs/spec/pigeonhole.md#devices */
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { isDomain } from '../../psyc/names.ts';
import { PigeonholeError } from '../../services/pigeonhole/error.ts';
import { isBoxName } from './files.ts';
import type { BoxState } from './state.ts';

const MARK = 'p3do-box-v1';
const ROOT_BYTES = 32;

/** What another device needs. */
export type SharedBox = Pick<BoxState, 'domain' | 'way' | 'root'> & { readonly name: string };

/** One line, without its end. */
export const renderSecret = ({ name, domain, way, root }: SharedBox): string =>
  `${MARK} ${name} ${domain} ${way} ${hexOf(root)}`;

/** Throws PigeonholeError `_box_invalid_secret`. */
export function parseSecret(line: string): SharedBox {
  const [mark, name = '', domain = '', way, hex = '', ...more] = line.trim().split(' ');
  const root = bytesOfHex(hex);
  const isForm = mark === MARK && more.length === 0 && isBoxName(name) && isDomain(domain);
  if (!isForm || root?.length !== ROOT_BYTES || (way !== 'anonymous' && way !== 'direct')) {
    throw new PigeonholeError('_box_invalid_secret', 'that is not what p3do box secret has printed');
  }
  return { name, domain, way, root };
}
