/** Which key of another domain is taken for its own: the configured one, the pinned one, or the first. docs/spec/people.md#trust */
import type { ServerAnswer, ServerQuestion } from '../circuit/server-handshake.ts';
import { hexOf } from '../crypto/bytes.ts';
import { equalBytes } from '../psyc/bytes.ts';
import type { Desk } from './desk.ts';
import type { FederationCode } from './error.ts';
import { record, readRecords } from './records.ts';

type Answering = (answer: ServerAnswer) => void;

const refused = (code: FederationCode): ServerAnswer => ({ kind: 'refused', code });

/** The domain's own uniform, which its pin and its key are kept under. */
const uniformOf = (domain: string): string => `psyc://${domain}`;

/** Which key signs circuits for the key that a server's proof names. */
export function readServerKey(desk: Desk, question: ServerQuestion & { kind: 'server key' }, answer: Answering): void {
  const { claim, evidence } = question;
  const read = (key: Uint8Array | undefined): void => {
    if (key === undefined) {
      answer(refused('_trust_unknown_key'));
      return;
    }
    desk.askPki({ kind: 'domain', domain: claim.from, key }, (domain) => {
      if (domain.kind === 'refused') answer(domain);
      else if (domain.kind !== 'domain' || domain.circuitKey === null) answer(refused('_trust_unknown_key'));
      else if (!equalBytes(domain.fingerprint, claim.fingerprint)) answer(refused('_trust_unknown_key'));
      else answer({ kind: 'key', publicKey: domain.circuitKey });
    });
  };
  if (evidence.key !== null) {
    read(evidence.key);
    return;
  }
  readRecords(desk, uniformOf(claim.from), (records) => {
    if (records === null) answer(refused('_trust_unavailable'));
    else read(records.get('key'));
  });
}

/**
 * Whether a proved key is that domain's. A first one is pinned before the answer, but only of whom we went to: anybody can
 * come in another's name, and would keep it for good. `accepted`: the domain came to us.
 */
export function admitServer(
  desk: Desk,
  question: ServerQuestion & { kind: 'admission' },
  accepted: boolean,
  answer: Answering,
): void {
  const { peer, evidence } = question;
  if (peer.kind !== 'server') throw new Error('a person is admitted by his residence');
  const { domain, fingerprint } = peer;
  const uniform = uniformOf(domain);
  const refuse = (code: FederationCode, expected: string): void => {
    desk.notify({ kind: 'foreign key', domain, fingerprint: hexOf(fingerprint), expected });
    answer(refused(code));
  };
  // One name is not said in two ways: without keys it would be worth nothing where it is worth something.
  if (desk.options.plain.has(domain)) {
    answer(refused('_trust_plain_domain'));
    return;
  }
  const configured = desk.options.pins.get(domain);
  if (configured !== undefined && configured !== hexOf(fingerprint)) {
    refuse('_trust_foreign_key', configured);
    return;
  }
  readRecords(desk, uniform, (records) => {
    if (records === null) {
      answer(refused('_trust_unavailable'));
      return;
    }
    const pinned = records.get('fingerprint');
    if (pinned !== undefined && configured === undefined && !equalBytes(pinned, fingerprint)) {
      refuse('_trust_changed_key', hexOf(pinned));
      return;
    }
    const key = evidence.key ?? records.get('key');
    const isKept = pinned !== undefined && equalBytes(pinned, fingerprint);
    if (isKept && (key === undefined || equalBytes(key, records.get('key') ?? new Uint8Array(0)))) {
      answer({ kind: 'admitted', key: null, statement: null });
      return;
    }
    if (pinned === undefined && configured === undefined && accepted) {
      desk.meet(domain);
      answer(refused('_trust_unmet'));
      return;
    }
    if (key !== undefined && key.length > desk.options.federationLimits.pinnedKeyBytesMax) {
      answer(refused('_trust_oversized_key'));
      return;
    }
    const operations = [
      record(uniform, 'fingerprint', fingerprint, pinned === undefined),
      ...(key === undefined ? [] : [record(uniform, 'key', key)]),
    ];
    desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind !== 'written') {
        answer(refused('_trust_unavailable'));
        return;
      }
      if (pinned === undefined && configured === undefined) {
        desk.notify({ kind: 'first contact', domain, fingerprint: hexOf(fingerprint) });
      }
      answer({ kind: 'admitted', key: null, statement: null });
    });
  });
}
