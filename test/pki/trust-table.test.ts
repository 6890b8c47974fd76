/** The table of continuity: a vector for every row and every edge; and that the DNS by itself changes no pin. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { networkOf } from '../../pki/network.ts';
import { isQuorum } from '../../pki/quorum.ts';
import { scaledTrust, trustLimits as limits } from '../../pki/trust-limits.ts';
import {
  type DnsFinding,
  type DomainTrust,
  type TrustInputs,
  unmetDomain,
  type Witness,
} from '../../pki/trust-state.ts';
import { decide } from '../../pki/trust-table.ts';
import { msIn, timed } from './durations.ts';

type Json = Record<string, unknown>;
interface Vectors {
  readonly states: Readonly<Record<string, Json>>;
  readonly nothing: Json;
  readonly cases: readonly {
    readonly name: string;
    readonly state: string | { readonly of: string; readonly but: Json };
    readonly now: string;
    readonly hears: Json;
    readonly row: string;
    readonly verdict: string;
    readonly alarms?: readonly string[];
    readonly tasks?: readonly string[];
    readonly honoured?: Json;
    readonly lookAgainMs?: string;
    readonly next: Json;
  }[];
}
const read = (name: string): unknown => JSON.parse(readFileSync(`test/vectors/pki/${name}`, 'utf8'));
const { states, nothing, cases } = read('trust-table.json') as Vectors;
const stateOf = (named: Vectors['cases'][number]['state']): Json =>
  typeof named === 'string' ? states[named]! : { ...states[named.of], ...named.but };

test.each(cases.map((one) => [`row ${one.row}: ${one.name}`, one] as const))('%s', (_, one) => {
  const state = timed(stateOf(one.state)) as DomainTrust;
  const inputs = timed({ ...nothing, ...one.hears }) as TrustInputs;
  expect(decide(state, inputs, msIn(one.now), limits)).toEqual({
    row: one.row,
    verdict: one.verdict,
    alarms: one.alarms ?? [],
    tasks: one.tasks ?? [],
    honoured: one.honoured === undefined ? null : timed(one.honoured),
    lookAgainMs: one.lookAgainMs === undefined ? null : msIn(one.lookAgainMs),
    next: { ...state, ...(timed(one.next) as Partial<DomainTrust>) },
  });
});

test('every row of the table has vectors', () => {
  const rows = [...readFileSync('docs/spec/trust.md', 'utf8').matchAll(/^\| (\d+a?) \|/gm)].map(([, row]) => row!);
  // Row 4 takes something away from the others.
  expect(rows).toContain('4');
  expect(new Set(cases.map(({ row }) => row))).toEqual(new Set(rows.filter((row) => row !== '4')));
});

describe('a quorum', () => {
  const quorum = read('quorum.json') as {
    now: string;
    key: string;
    witness: Json;
    cases: { name: string; witnesses: Json[]; holds: boolean }[];
    networks: [string, string | null][];
  };
  test.each(quorum.cases.map((one) => [one.name, one] as const))('%s', (_, { witnesses, holds }) => {
    const told = witnesses.map((one) => timed({ ...quorum.witness, ...one }) as Witness);
    expect(isQuorum(told, quorum.key, msIn(quorum.now), limits)).toBe(holds);
    expect(isQuorum(told.reverse(), quorum.key, msIn(quorum.now), limits)).toBe(holds);
  });

  test.each(quorum.networks)('%s is of the network %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

const [OLD, NEW, OTHER] = ['old', 'new', 'other'];
const nobody = timed(nothing) as TrustInputs;
const fingerprints = fc.constantFrom(OLD, NEW, OTHER);
const dnsAnswers: fc.Arbitrary<DnsFinding> = fc.oneof(
  fc.record({
    kind: fc.constant('record' as const),
    fpr: fingerprints,
    nfpr: fc.option(fingerprints),
    seq: fc.constantFrom(1, 7, 8, 999_999_999_999_999),
    secure: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom('none', 'timeout', 'ambiguous', 'bogus', 'differing') }),
);
/** Whoever has the DNS also says where the domain is: any key but the domain's may be proved there, or none, or the domain's. */
const proofs = fc.oneof(
  fc.record({ kind: fc.constant('proved' as const), fingerprint: fingerprints }),
  fc.record({ kind: fc.constant('silent' as const), witnesses: fc.nat(3) }),
);
const looks = fc.array(fc.record({ dns: dnsAnswers, proof: proofs, waitMs: fc.nat(40 * 86_400_000) }), {
  maxLength: 40,
});
const starts = ['pinned', 'on trial', 'frozen', 'void'].map((name) => timed(states[name]) as DomainTrust);

test('no sequence of DNS answers alone changes a pin, whoever is proved where they lead', () => {
  fc.assert(
    fc.property(fc.constantFrom(...starts), looks, (start, all) => {
      let [state, nowMs] = [start, msIn('100d')];
      for (const { dns, proof, waitMs } of all) {
        nowMs += waitMs;
        const decision = decide(state, { ...nobody, dns, proof }, nowMs, limits);
        state = decision.next;
        expect(state.pin).toEqual({ ...start.pin, basis: state.pin?.basis });
        if (decision.verdict === 'accept') expect(proof).toEqual({ kind: 'proved', fingerprint: OLD });
      }
    }),
    { numRuns: 2000 },
  );
});

test('nor do they take the domain away from whoever has its key', () => {
  fc.assert(
    fc.property(fc.constantFrom(...starts.slice(0, 2)), looks, (start, all) => {
      let [state, nowMs] = [start, msIn('100d')];
      for (const { dns, waitMs } of all) {
        nowMs += waitMs;
        const proof = { kind: 'proved', fingerprint: OLD } as const;
        const decision = decide(state, { ...nobody, dns, proof }, nowMs, limits);
        expect(decision.verdict).toBe('accept');
        // Nothing that was trusted goes back into quarantine.
        if (state.standing === 'normal') expect(decision.next.standing).toBe('normal');
        state = decision.next;
      }
    }),
    { numRuns: 1000 },
  );
});

test('what a domain stands for never depends on how often one looks', () => {
  fc.assert(
    fc.property(fc.constantFrom(...starts, unmetDomain), dnsAnswers, proofs, (state, dns, proof) => {
      const inputs = { ...nobody, dns, proof };
      const once = decide(state, inputs, msIn('100d'), limits);
      const twice = decide(once.next, inputs, msIn('100d'), limits);
      expect(twice.next).toEqual(once.next);
      expect(twice.verdict).toBe(once.verdict);
    }),
  );
});

test('times are divided for trials, counts are not', () => {
  const scaled = scaledTrust(limits, 1000);
  expect(scaled).toMatchObject({ graceMs: 259_200, silentMsMax: 34_560_000, witnessesMin: 3, retiredMax: 16 });
  expect(scaledTrust(limits, 1e12).skewMs).toBe(1);
});
