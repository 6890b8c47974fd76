/** What the admin of a running server asks of it, and is answered. docs/spec/trust.md#policy */
import { renderBase64 } from '../crypto/base64.ts';
import { hexOf } from '../crypto/bytes.ts';
import { answerAccounts } from './people/accounts.ts';
import type { Entities } from './entities.ts';
import type { KeySearch } from './keys/key-search.ts';
import type { Mor } from './onions/mor.ts';
import type { AdminAnswer, AdminFault, AdminQuestion, DomainShown } from './admin-questions.ts';
import type { NodeEffect } from './events.ts';
import { renderPolicy } from './trust/policy-lines.ts';
import type { Trusts } from './trust/trust.ts';
import type { TrustOwner } from './trust/trust-owner.ts';

/** Domains that something is to be done about. */
function changed(question: AdminQuestion): string[] {
  switch (question.kind) {
    case 'change':
      return question.changes.map(({ domain }) => domain);
    case 'lost':
    case 'meet':
    case 'forget':
      return [question.domain];
    default:
      return [];
  }
}

/** Answers now or later, once. */
export function answerAdmin(
  node: TrustOwner & { effect(effect: NodeEffect): void },
  trusts: Trusts,
  entities: Entities,
  search: KeySearch,
  mor: Mor | null,
  { request, question }: { readonly request: number; readonly question: AdminQuestion },
): void {
  const answer = (told: AdminAnswer): void => node.effect({ kind: 'told', request, answer: told });
  const { policy } = trusts;
  const done = (code: AdminFault | null): void => answer(code === null ? { kind: 'done' } : { kind: 'refused', code });
  if (changed(question).includes(node.domain)) {
    done('_admin_own_domain');
    return;
  }
  switch (question.kind) {
    case 'accounts':
    case 'account':
    case 'freeze':
    case 'close':
      answerAccounts(
        node,
        (name, isWoken) => entities.personAwake(name) ?? (isWoken ? entities.person(name) : null),
        question,
        answer,
      );
      break;
    case 'visitors':
      answer({ kind: 'visitors', visitors: entities.visitors() });
      break;
    case 'mor':
      answer({ kind: 'mor', status: mor?.status() ?? null });
      break;
    case 'feeds':
      entities.feedsShown((feeds) => answer({ kind: 'feeds', feeds, budgets: entities.publications.budgets() }));
      break;
    case 'boxes':
      answer({ kind: 'boxes', boxes: entities.boxes() });
      break;
    case 'page':
      entities.page(question, (page) => answer({ kind: 'page', page }));
      break;
    case 'file':
      entities.file(question, (file) => answer({ kind: 'file', file }));
      break;
    case 'list': {
      const names = new Set([...policy.text.lines.map(({ domain }) => domain), ...node.ways.linked()]);
      showAll([...names].sort());
      break;
    }
    case 'show':
      showAll([question.domain]);
      break;
    case 'policy':
      answer({ kind: 'policy', text: renderPolicy(policy.text) });
      break;
    case 'change':
      policy.change(question.unknown, question.changes, (code) => {
        if (code !== null) {
          done(code);
          return;
        }
        trusts.ruled(changed(question));
        entities.dismissVisitors((domain) => policy.faultOf(domain));
        const disowned = question.changes.filter(({ rule }) => rule === 'block' || rule === 'limit');
        trusts.disown(
          disowned.map(({ domain }) => domain),
          done,
        );
      });
      break;
    case 'find':
      search.find(question.person, (found) => {
        if (found === null) answer({ kind: 'refused', code: '_keys_unknown' });
        else {
          const { key, read } = found;
          const { fingerprint, untilMs } = read;
          answer({ kind: 'found', key: renderBase64(key), fingerprint: hexOf(fingerprint), untilMs });
        }
      });
      break;
    case 'lost':
      trusts.declareLost(question.domain, question.isLost, done);
      break;
    case 'announce':
      // Whoever has the files has said it.
      done(null);
      break;
    case 'meet':
      if (node.meet(question.domain, 'admin')) {
        node.ways.hurry(question.domain);
        done(null);
      } else done('_excessive_peers');
      break;
    case 'forget':
      trusts.forget(question.domain, done);
      break;
  }

  function showAll(names: readonly string[]): void {
    const domains: DomainShown[] = [];
    const next = (): void => {
      const domain = names[domains.length];
      if (domain === undefined)
        answer({ kind: 'domains', domains, ownKey: trusts.ownKey.shown(), unixMs: node.unixMs });
      else {
        trusts.show(domain, (shown) => {
          if (shown === null) {
            done('_trust_unavailable');
            return;
          }
          domains.push(shown);
          next();
        });
      }
    };
    next();
  }
}
