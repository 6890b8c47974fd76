/** Proofs of keys: the bytes that are signed, and every way in which a proof of one circuit is none on another. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  type BrowserAnswer,
  browserBytes,
  type DeviceClaim,
  deviceBytes,
  exporterOf,
  type Role,
  type ServerClaim,
  serverBytes,
} from '../../circuit/binding.ts';
import { Challenges } from '../../circuit/challenge.ts';
import {
  checkBrowser,
  checkDevice,
  checkServer,
  proveBrowser,
  proveDevice,
  proveServer,
  type ServerCheck,
} from '../../circuit/proof.ts';
import { ProofError } from '../../circuit/proof-errors.ts';
import { proofLimits } from '../../circuit/proof-limits.ts';
import { bytesOfHex, hexOf, textBytes } from '../../crypto/bytes.ts';
import { suite } from '../../server/suite.ts';

const fill = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte);

/** The code of the ProofError that `act` throws; null when it throws none. */
function codeOf(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof ProofError) return error.code;
    throw error;
  }
}

/** Two servers and a client, with what an attacker may not have: their seeds. */
const seeds = { a: fill(0x0a), b: fill(0x0b), device: fill(0x0d) };
const keyOf = (seed: Uint8Array): Uint8Array => suite.ed25519PublicKey(seed);
const fingerprints = { a: fill(0xaa, 20), b: fill(0xbb, 20), ada: fill(0xad, 20) };

/** What a circuit exports for a role; another circuit exports something else. */
const exported = (circuit: string, role: Role): Uint8Array => {
  const { label, context } = exporterOf(role);
  return suite.blake2b(new Uint8Array([...textBytes(`${circuit} ${label} `), ...context]), 32);
};

const claimA: ServerClaim = {
  role: 'initiator',
  from: 'a.example',
  to: 'b.example',
  fingerprint: fingerprints.a,
  peerFingerprint: fingerprints.b,
};
const claimB: ServerClaim = {
  role: 'acceptor',
  from: 'b.example',
  to: 'a.example',
  fingerprint: fingerprints.b,
  peerFingerprint: null,
};
/** The initiator's side, and the acceptor's. */
const atA: ServerCheck = {
  role: 'initiator',
  domain: 'a.example',
  fingerprint: fingerprints.a,
  peerDomain: 'b.example',
};
const atB: ServerCheck = { role: 'acceptor', domain: 'b.example', fingerprint: fingerprints.b, peerDomain: null };
const proofA = proveServer(suite, claimA, exported('circuit', 'initiator'), seeds.a);
const proofB = proveServer(suite, claimB, exported('circuit', 'acceptor'), seeds.b);

/** Checks A's proof at B, with something changed. */
const checkA = (
  claim: Partial<ServerClaim> = {},
  check: Partial<ServerCheck> = {},
  circuit = 'circuit',
): string | null => {
  const claimed = { ...claimA, ...claim };
  return codeOf(() =>
    checkServer(suite, { ...atB, ...check }, claimed, exported(circuit, claimed.role), keyOf(seeds.a), proofA),
  );
};

describe('servers', () => {
  test('prove themselves to each other', () => {
    expect(checkA()).toBeNull();
    checkServer(suite, atA, claimB, exported('circuit', 'acceptor'), keyOf(seeds.b), proofB);
  });

  test('a proof replayed on another circuit is none, nor one through a man in the middle', () => {
    expect(checkA({}, {}, 'another circuit')).toBe('_proof_invalid_signature');
  });

  test('a reflected proof is none', () => {
    const reflect = (claim: ServerClaim): string | null =>
      codeOf(() => checkServer(suite, atA, claim, exported('circuit', claim.role), keyOf(seeds.a), proofA));
    expect(reflect(claimA)).toBe('_proof_reflected');
    // The role changed on the way back: our own name gives it away, and so does our own key.
    expect(reflect({ ...claimA, role: 'acceptor' })).toBe('_proof_reflected');
    const renamed: ServerClaim = {
      ...claimA,
      role: 'acceptor',
      from: 'b.example',
      to: 'a.example',
      peerFingerprint: null,
    };
    expect(reflect(renamed)).toBe('_proof_reflected');
    expect(reflect({ ...renamed, fingerprint: fingerprints.b })).toBe('_proof_invalid_signature');
  });

  test('nothing in a claim can be changed', () => {
    expect(checkA({ from: 'c.example' })).toBe('_proof_invalid_signature');
    expect(checkA({ fingerprint: fill(0xcc, 20) })).toBe('_proof_invalid_signature');
    expect(checkA({ peerFingerprint: null })).toBe('_proof_invalid_signature');
    expect(checkA({ role: 'host' })).toBe('_proof_invalid_role');
    expect(checkA({ to: 'c.example' })).toBe('_proof_foreign_target');
    expect(checkA({ peerFingerprint: fill(0xcc, 20) })).toBe('_proof_foreign_fingerprint');
  });

  test('a proof meant for another server, domain or key is none', () => {
    expect(checkA({}, { domain: 'c.example' })).toBe('_proof_foreign_target');
    expect(checkA({}, { fingerprint: fill(0xcc, 20) })).toBe('_proof_foreign_fingerprint');
    expect(checkA({}, { peerDomain: 'c.example' })).toBe('_proof_foreign_source');
  });

  test('without NULs inside, and with 32 bytes exported', () => {
    expect(() => serverBytes({ ...claimA, from: 'a\0b' }, fill(1))).toThrow(RangeError);
    expect(() => serverBytes(claimA, fill(1, 31))).toThrow(RangeError);
  });
});

const claimAda: DeviceClaim = {
  person: 'psyc://a.example/~ada',
  device: fill(0xde, 16),
  to: 'b.example',
  fingerprint: fingerprints.ada,
  peerFingerprint: null,
};

describe('devices', () => {
  const signature = proveDevice(suite, claimAda, exported('circuit', 'device'), seeds.device);
  const check = (claim: Partial<DeviceClaim> = {}, domain = 'b.example', circuit = 'circuit'): string | null =>
    codeOf(() =>
      checkDevice(
        suite,
        { domain, fingerprint: fingerprints.b },
        { ...claimAda, ...claim },
        exported(circuit, 'device'),
        keyOf(seeds.device),
        signature,
      ),
    );

  test('log in where they say, on the circuit they are on', () => {
    expect(check()).toBeNull();
    expect(check({}, 'c.example')).toBe('_proof_foreign_target');
    expect(check({ to: 'c.example' }, 'c.example')).toBe('_proof_invalid_signature');
    expect(check({}, 'b.example', 'another circuit')).toBe('_proof_invalid_signature');
    expect(check({ person: 'psyc://a.example/~eve' })).toBe('_proof_invalid_signature');
    expect(check({ device: fill(1, 16) })).toBe('_proof_invalid_signature');
    expect(check({ peerFingerprint: fill(0xcc, 20) })).toBe('_proof_foreign_fingerprint');
    expect(check({ peerFingerprint: fingerprints.b })).toBe('_proof_invalid_signature');
  });

  test('a server proves itself to a client, and to a client only', () => {
    const host: ServerClaim = {
      role: 'host',
      from: 'b.example',
      to: '',
      fingerprint: fingerprints.b,
      peerFingerprint: null,
    };
    const proof = proveServer(suite, host, exported('circuit', 'host'), seeds.b);
    const at: ServerCheck = { role: 'device', domain: '', fingerprint: null, peerDomain: 'b.example' };
    const ask = (claim: ServerClaim, where = at): string | null =>
      codeOf(() => checkServer(suite, where, claim, exported('circuit', claim.role), keyOf(seeds.b), proof));
    expect(ask(host)).toBeNull();
    expect(ask(host, { ...at, peerDomain: 'c.example' })).toBe('_proof_foreign_source');
    expect(ask(host, atA)).toBe('_proof_invalid_role');
    expect(ask(claimB)).toBe('_proof_invalid_role');
  });
});

describe('browsers', () => {
  const answer: BrowserAnswer = { origin: 'https://b.example', challenge: fill(0xc4), timeMs: 1_760_000_000_000 };
  const signature = proveBrowser(suite, claimAda, answer, seeds.device);
  const check = (
    change: Partial<BrowserAnswer> = {},
    challenge = answer.challenge,
    nowMs = answer.timeMs,
  ): string | null => {
    const origins = ['https://b.example'];
    const at = { domain: 'b.example', fingerprint: fingerprints.b, origins, challenge };
    return codeOf(() =>
      checkBrowser(suite, at, claimAda, { ...answer, ...change }, keyOf(seeds.device), signature, nowMs),
    );
  };

  test('answer the challenge of their circuit, from our page, now', () => {
    expect(check()).toBeNull();
    expect(check({ origin: 'https://evil.example' })).toBe('_proof_foreign_origin');
    expect(check({}, fill(0xc5))).toBe('_proof_unknown_challenge');
    expect(check({ challenge: fill(0xc5) }, fill(0xc5))).toBe('_proof_invalid_signature');
    expect(check({ timeMs: answer.timeMs + 1 })).toBe('_proof_invalid_signature');
    expect(check({}, answer.challenge, answer.timeMs + proofLimits.clockMsMax)).toBeNull();
    expect(check({}, answer.challenge, answer.timeMs + proofLimits.clockMsMax + 1)).toBe('_proof_invalid_time');
    expect(check({}, answer.challenge, answer.timeMs - proofLimits.clockMsMax - 1)).toBe('_proof_invalid_time');
  });

  test('a device’s proof over TLS is none in a browser, and the reverse', () => {
    const other = proveDevice(suite, claimAda, answer.challenge, seeds.device);
    const at = {
      domain: 'b.example',
      fingerprint: fingerprints.b,
      origins: [answer.origin],
      challenge: answer.challenge,
    };
    const ask = (): void => checkBrowser(suite, at, claimAda, answer, keyOf(seeds.device), other, answer.timeMs);
    expect(codeOf(ask)).toBe('_proof_invalid_signature');
  });
});

describe('challenges', () => {
  test('are good once, for two minutes, for their circuit', () => {
    const challenges = new Challenges();
    expect(challenges.give('one', fill(1), 0)).toBe(true);
    expect(challenges.give('two', fill(2), 0)).toBe(true);
    expect(challenges.redeem('one', 5)).toEqual(fill(1));
    expect(codeOf(() => challenges.redeem('one', 5))).toBe('_proof_unknown_challenge');
    expect(codeOf(() => challenges.redeem('two', proofLimits.challengeMsMax))).toBe('_proof_expired_challenge');
    expect(codeOf(() => challenges.redeem('two', 0))).toBe('_proof_unknown_challenge');
    challenges.give('three', fill(3), 0);
    challenges.forget('three');
    expect(challenges.size).toBe(0);
  });

  test('a new one takes the place of the old', () => {
    const challenges = new Challenges();
    challenges.give('one', fill(1), 0);
    challenges.give('one', fill(2), 1);
    expect(challenges.size).toBe(1);
    expect(challenges.redeem('one', 2)).toEqual(fill(2));
  });

  test('no more are outstanding than there is room for; expired ones make room', () => {
    const challenges = new Challenges({ challengesMax: 2, challengeMsMax: 100 });
    expect(['a', 'b', 'c'].map((name) => challenges.give(name, fill(1), 0))).toEqual([true, true, false]);
    expect(challenges.give('a', fill(2), 50)).toBe(true);
    expect(challenges.give('c', fill(3), 99)).toBe(false);
    expect(challenges.give('c', fill(3), 100)).toBe(true);
    expect(challenges.size).toBe(2);
  });
});

interface Vector {
  readonly name: string;
  readonly seed: string;
  readonly claim: Record<string, string | null>;
  readonly answer?: { origin: string; timeMs: number };
  /** Exported keying material; in a browser the challenge. */
  readonly material: string;
  readonly signedBytes: string;
  readonly signature: string;
}

test.each(JSON.parse(readFileSync(new URL('../vectors/circuit/proofs.json', import.meta.url), 'utf8')) as Vector[])(
  'vector: $name',
  ({ seed, claim, answer, material, signedBytes, signature }) => {
    const bytes = (name: string): Uint8Array => bytesOfHex(claim[name]!)!;
    const material32 = bytesOfHex(material)!;
    const peerFingerprint = claim['peerFingerprint'] === null ? null : bytes('peerFingerprint');
    const to = claim['to']!;
    const keys = { fingerprint: bytes('fingerprint'), peerFingerprint };
    const made = (): Uint8Array => {
      if (claim['person'] === undefined) {
        return serverBytes({ role: claim['role'] as 'host', from: claim['from']!, to, ...keys }, material32);
      }
      const device: DeviceClaim = { person: claim['person']!, device: bytes('device'), to, ...keys };
      if (answer === undefined) return deviceBytes(device, material32);
      return browserBytes(device, { ...answer, challenge: material32 });
    };
    expect(hexOf(made())).toBe(signedBytes);
    expect(hexOf(suite.ed25519Sign(made(), bytesOfHex(seed)!))).toBe(signature);
  },
);
