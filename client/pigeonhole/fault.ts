/** What may go wrong with a box that is its user's to know, whatever has said so. docs/spec/pigeonhole.md#errors */
import { PigeonholeError } from '../../services/pigeonhole/error.ts';
import { ServiceRefusal } from '../services/asking.ts';

/** Code and sentence; null: something else. */
export const boxFault = (error: unknown): { readonly code: string; readonly message: string } | null =>
  error instanceof PigeonholeError || error instanceof ServiceRefusal ? error : null;
