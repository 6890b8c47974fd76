/** A browser, which exports nothing, answers a challenge of the server's. docs/spec/circuit-proof.md#challenges */
import { expect, test } from '@jest/globals';
import { Challenges } from '../../circuit/challenge.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { proveBrowser } from '../../circuit/proof.ts';
import { proofLimits } from '../../circuit/proof-limits.ts';
import { type ProofMessage, renderProof } from '../../circuit/proof-packet.ts';
import { suite } from '../../server/suite.ts';
import { channel, claim, device, End, fill } from './handshake-ends.ts';

const answer = { origin: 'https://b.example', challenge: fill(0), timeMs: 1_000_000 };
const request = renderProof({ kind: 'challenge request' });
const challengeIn = (host: End): Uint8Array => new Uint8Array(parseOne(host.sent.at(-1)!).value('_challenge')!);
const browserLogin = (challenge: Uint8Array, more: Partial<typeof answer> = {}): Uint8Array => {
  const answered = { ...answer, challenge, ...more };
  const signature = proveBrowser(suite, { ...claim, peerFingerprint: null }, answered, device.seed);
  const message: ProofMessage = {
    kind: 'browser',
    channel,
    claim: { ...claim, peerFingerprint: null },
    answer: answered,
    signature,
    evidence: { key: null, statement: null },
  };
  return renderProof(message);
};

test('answers the circuit’s challenge, on a stream that exports nothing', () => {
  const host = new End({ exported: null }).take(request);
  expect(host.take(browserLogin(challengeIn(host))).ends.map(({ kind }) => kind)).toEqual(['admitted', 'proved']);
});

test.each<[string, (challenge: Uint8Array) => Uint8Array, number]>([
  ['_proof_foreign_origin', (challenge) => browserLogin(challenge, { origin: 'https://evil.example' }), 0],
  ['_proof_unknown_challenge', () => browserLogin(fill(1)), 0],
  ['_proof_expired_challenge', (challenge) => browserLogin(challenge), proofLimits.challengeMsMax],
  [
    '_proof_invalid_time',
    (challenge) => browserLogin(challenge, { timeMs: 1 + 1_000_000 + proofLimits.clockMsMax }),
    0,
  ],
])('is refused with %s', (code, say, nowMs) => {
  const host = new End().take(request);
  expect(host.take(say(challengeIn(host)), nowMs).code).toBe(code);
});

test('has asked for a challenge, and gets none when there are too many', () => {
  expect(new End().take(browserLogin(fill(1))).code).toBe('_proof_unknown_challenge');
  const challenges = new Challenges({ challengesMax: 1, challengeMsMax: 1_000 });
  new End({ challenges, circuit: 'first' }).take(request);
  expect(new End({ challenges, circuit: 'second' }).take(request).code).toBe('_proof_excessive');
});
