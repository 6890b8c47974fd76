/** What may go wrong with a box that is its user's to know, whatever has said so. docs/spec/pigeonhole.md#errors */
import { PigeonholeError } from '../../services/pigeonhole/error.ts';
import { BoxRefusal } from './asking.ts';

/** Code and sentence; null: something else. */
export const boxFault = (error: unknown): { readonly code: string; readonly message: string } | null =>
  error instanceof PigeonholeError || error instanceof BoxRefusal ? error : null;
