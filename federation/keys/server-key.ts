/** Which key signs circuits for the domain key that a server's proof names; whether that is the right one is for trust to say. docs/spec/circuit-proof.md#course */
import type { ServerAnswer, ServerQuestion } from '../../circuit/server-handshake.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { networkOf } from '../../pki/network.ts';
import type { Asker } from '../circuits.ts';
import type { Desk } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import type { PkiAnswer } from './pki.ts';
import { readRecords } from '../records.ts';
import { nodeUniform } from '../waking.ts';

const refused = (code: FederationCode): ServerAnswer => ({ kind: 'refused', code });

/** By the key that came along, or else the one that is kept. */
export function readServerKey(
  desk: Desk,
  { claim, evidence }: ServerQuestion & { kind: 'server key' },
  { address }: Asker,
  answer: (answer: ServerAnswer) => void,
): void {
  const taken = (domain: PkiAnswer): void => {
    if (domain.kind === 'refused') answer(domain);
    else if (domain.kind !== 'domain' || domain.circuitKey === null) answer(refused('_trust_unknown_key'));
    else if (!equalBytes(domain.fingerprint, claim.fingerprint)) answer(refused('_trust_unknown_key'));
    else answer({ kind: 'key', publicKey: domain.circuitKey });
  };
  readRecords(desk, nodeUniform(claim.from), (records) => {
    const key = evidence.key ?? records?.get('key');
    if (key === undefined) {
      answer(refused(records === null ? '_trust_unavailable' : '_trust_unknown_key'));
      return;
    }
    const pinned = records?.get('fingerprint');
    const isPinned = pinned !== undefined && equalBytes(pinned, claim.fingerprint);
    // Whose name and key he claims is his choice; but of a pinned one there are not many, and they do not wait for those.
    const stranger = isPinned ? claim.from : `at ${address === null ? '' : (networkOf(address) ?? address)}`;
    const question = { kind: 'domain', domain: claim.from, key } as const;
    desk.askPki(
      question,
      (domain) => {
        const isOver = domain.kind === 'refused' && (domain.code === '_revoked_key' || domain.code === '_expired_key');
        // What becomes of a pinned one is for the table to say; of any other there is nothing to be said.
        if (isOver && isPinned) desk.askPki({ ...question, isAnyState: true }, taken, { stranger });
        else taken(domain);
      },
      { stranger },
    );
  });
}
