/** All that is looked at, in the order of the lines. docs/operating.md#doctor */
import type { Check } from './finding.ts';
import { countersignedCheck } from './countersigned-check.ts';
import { directoryCheck } from './directory-check.ts';
import { keyServerCheck } from './key-server-check.ts';
import { dnssecCheck, recordCheck, resolversCheck } from './record-checks.ts';
import { serverCheck } from './server-checks.ts';

/** Whoever has more to look at adds it here. */
export const checks: readonly Check[] = [
  recordCheck,
  resolversCheck,
  dnssecCheck,
  serverCheck,
  keyServerCheck,
  directoryCheck,
  countersignedCheck,
];
