/** The statements by which a domain's keys followed each other, in one variable of a proof. docs/spec/circuit-proof.md#messages */
import { PsycError } from '../psyc/error.ts';
import { parseList, renderList } from '../psyc/list.ts';
import { proofLimits } from './proof-limits.ts';

/** One step: the statement as it was signed, the key that it names, and the recovery key where that has signed it. Nothing is checked. */
export interface ProofStep {
  readonly statement: Uint8Array;
  readonly key: Uint8Array;
  readonly recovery: Uint8Array | null;
}

/** A statement that a domain's key follows another one; and that one, or an older one from which `earlier` leads to it, the oldest step first. */
export interface Succession {
  readonly statement: Uint8Array;
  readonly before: Uint8Array;
  readonly earlier: readonly ProofStep[];
}

const PARTS = 3;

/** A frozen list of three elements for each, the oldest first; the third is empty where there is none. */
export function renderSteps(steps: readonly ProofStep[]): Uint8Array {
  const elements = steps.flatMap(({ statement, key, recovery }) => [statement, key, recovery ?? new Uint8Array(0)]);
  return renderList({ elements: elements.map((value) => ({ value })) }, 'frozen');
}

/** null: it is none, or there are over `stepsMax`. */
export function parseSteps(bytes: Uint8Array): ProofStep[] | null {
  try {
    const parts = parseList(bytes, 'frozen').elements.map(({ value }) => new Uint8Array(value));
    if (parts.length % PARTS !== 0 || parts.length / PARTS > proofLimits.stepsMax) return null;
    return Array.from({ length: parts.length / PARTS }, (_, at) => {
      const [statement, key, recovery] = parts.slice(at * PARTS, (at + 1) * PARTS);
      return { statement: statement!, key: key!, recovery: recovery!.length === 0 ? null : recovery! };
    });
  } catch (error) {
    if (error instanceof PsycError) return null;
    throw error;
  }
}

/** As many of the newest as there is room for in one variable. */
export function newestSteps(steps: readonly ProofStep[]): ProofStep[] {
  const some = steps.slice(-proofLimits.stepsMax);
  while (some.length > 0 && renderSteps(some).length > proofLimits.evidenceBytesMax) some.shift();
  return some;
}
