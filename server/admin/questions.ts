/** An admin's question as it comes in JSON, read strictly. docs/operating.md#other-domains */
import { z } from 'zod';
import type { AdminQuestion } from '../../federation/admin-questions.ts';
import { entityIn } from '../../federation/letter.ts';
import { isDomain, isNick } from '../../psyc/names.ts';
import { renderUniform } from '../../psyc/uniform.ts';

export type {
  AccountShown,
  AdminAnswer,
  AdminQuestion,
  BudgetShown,
  DomainShown,
  OwnKeyShown,
  FeedShown,
} from '../../federation/admin-questions.ts';
export { parsePolicy, type PolicyChange, renderPolicy, type Rule } from '../../federation/trust/policy-lines.ts';

function isPersonUniform(text: string): boolean {
  const entity = entityIn(text);
  return entity?.kind === 'person' && renderUniform(entity) === text;
}

const domain = z.string().refine(isDomain);
const nick = z.string().refine(isNick);
const fingerprint = z
  .string()
  .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
  .nullable();
const change = z.strictObject({ domain, rule: z.enum(['allow', 'limit', 'block']).nullable(), fingerprint });

const schema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('show'), domain }),
  z.strictObject({ kind: z.literal('list') }),
  z.strictObject({ kind: z.literal('mor') }),
  z.strictObject({ kind: z.literal('visitors') }),
  z.strictObject({ kind: z.literal('boxes') }),
  z.strictObject({ kind: z.literal('feeds') }),
  z.strictObject({ kind: z.literal('find'), person: z.string().refine(isPersonUniform) }),
  z.strictObject({ kind: z.literal('policy') }),
  z.strictObject({ kind: z.literal('announce') }),
  z.strictObject({ kind: z.literal('lost'), domain, isLost: z.boolean() }),
  z.strictObject({
    kind: z.literal('change'),
    unknown: z.enum(['open', 'closed']).nullable(),
    changes: z.array(change),
  }),
  z.strictObject({ kind: z.literal('meet'), domain }),
  z.strictObject({ kind: z.literal('forget'), domain }),
  z.strictObject({ kind: z.literal('accounts'), after: nick.nullable() }),
  z.strictObject({ kind: z.literal('account'), nick }),
  z.strictObject({ kind: z.literal('freeze'), nick, isFrozen: z.boolean() }),
  z.strictObject({ kind: z.literal('close'), nick }),
]);

/** null for what is none. */
export function questionIn(line: string): AdminQuestion | null {
  try {
    return schema.parse(JSON.parse(line));
  } catch {
    return null;
  }
}
