/** Who may speak for whom: nothing that was not proved passes, in neither direction. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Authority, judge, type Judgement, type Signed } from '../../circuit/authority.ts';
import { ProofError } from '../../circuit/proof-errors.ts';
import { proofLimits } from '../../circuit/proof-limits.ts';

type Routing = Readonly<Record<string, string | undefined>>;

const routeOf =
  (routing: Routing) =>
  (name: string): string | undefined =>
    routing[name];

/** An end that has proved these: domains, and persons. */
function end(proved: readonly string[], carries = false): Authority {
  const authority = new Authority(carries);
  for (const name of proved) {
    if (name.startsWith('psyc://')) authority.provePerson(name);
    else authority.proveHost(name);
  }
  return authority;
}

const ada = 'psyc://a.example/~ada';
const bob = 'psyc://b.example/~bob';
const hall = 'psyc://b.example/@hall';

const verdict = (judgement: Judgement): string => (judgement.allowed ? judgement.basis : judgement.code);

describe('between servers', () => {
  const a = end(['a.example']);
  const b = end(['b.example']);
  const fromB = (routing: Routing, signed: Signed | null = null): string =>
    verdict(judge(b, a, routeOf(routing), signed));

  test('each speaks for its own entities', () => {
    expect(fromB({ _source: bob, _target: ada })).toBe('circuit');
    expect(fromB({ _source: `${bob}#_presence`, _target: ada })).toBe('circuit');
    expect(fromB({ _context: hall, _source_relay: bob })).toBe('circuit');
    expect(fromB({ _target: ada })).toBe('circuit');
    expect(fromB({})).toBe('circuit');
  });

  test('and for nobody else', () => {
    expect(fromB({ _source: 'psyc://c.example/~carol', _target: ada })).toBe('_authority_unproved_source');
    expect(fromB({ _source: ada, _target: ada })).toBe('_authority_unproved_source');
    expect(fromB({ _context: 'psyc://c.example/@hall' })).toBe('_authority_unproved_context');
    expect(fromB({ _source: bob, _target: ada, _source_relay: ada })).toBe('_authority_unproved_source_relay');
    expect(fromB({ _source_relay: 'psyc://c.example/~carol' })).toBe('_authority_unproved_source_relay');
    for (const odd of [
      'psyc://B.example/~bob',
      'psyc://b.example:4404/~bob',
      'psyc://b.example./~bob',
      'b.example',
      '~bob',
    ]) {
      expect(fromB({ _source: odd, _target: ada })).toBe('_authority_unproved_source');
    }
  });

  test('an author’s signature speaks for him, wherever it comes from', () => {
    const carol = 'psyc://c.example/~carol';
    expect(fromB({ _source: carol, _target: ada }, { author: carol, address: ada })).toBe('author');
    expect(fromB({ _context: carol }, { author: carol, address: carol })).toBe('author');
    expect(fromB({ _context: `${carol}#news` }, { author: carol, address: `${carol}#news` })).toBe('author');
    expect(fromB({ _context: hall, _source_relay: carol }, { author: carol, address: hall })).toBe('author');
    expect(fromB({ _context: hall, _source_relay: ada }, { author: ada, address: hall })).toBe('author');
  });

  test('but not for others, for other addresses, or for places', () => {
    const carol = 'psyc://c.example/~carol';
    const other = 'psyc://c.example/@hall';
    expect(fromB({ _source: ada, _target: ada }, { author: carol, address: ada })).toBe('_authority_unproved_source');
    expect(fromB({ _source: carol, _target: ada }, { author: carol, address: bob })).toBe('_authority_unproved_source');
    expect(fromB({ _context: other }, { author: carol, address: other })).toBe('_authority_unproved_context');
    expect(fromB({ _context: hall, _source_relay: ada }, { author: carol, address: hall })).toBe(
      '_authority_unproved_source_relay',
    );
  });

  test('a place tells who spoke in it, but not to the one whose word it would be', () => {
    const guest = 'psyc://c.example/~guest';
    expect(fromB({ _context: hall, _source_relay: guest })).toBe('hearsay');
    expect(fromB({ _context: hall, _source_relay: ada })).toBe('_authority_unproved_source_relay');
  });
});

describe('between client and server', () => {
  const client = end([ada]);
  const server = end(['b.example'], true);
  const said = (routing: Routing): string => verdict(judge(client, server, routeOf(routing), null));
  const heard = (routing: Routing, signed: Signed | null = null): string =>
    verdict(judge(server, client, routeOf(routing), signed));

  test('a client speaks for its person only', () => {
    expect(said({ _source: ada, _target: hall })).toBe('circuit');
    expect(said({ _context: `${ada}#news` })).toBe('circuit');
    expect(said({ _source: bob, _target: hall })).toBe('_authority_unproved_source');
    expect(said({ _source: 'psyc://a.example/~ada2', _target: hall })).toBe('_authority_unproved_source');
    expect(said({ _source: 'psyc://a.example/', _target: hall })).toBe('_authority_unproved_source');
    expect(said({ _target: hall })).toBe('_authority_unproved_source');
    expect(said({ _context: hall, _source_relay: ada })).toBe('_authority_unproved_context');
    expect(said({})).toBe('circuit');
  });

  test('its server passes on what others say, as hearsay, but nothing in the client’s own name', () => {
    expect(heard({ _source: 'psyc://c.example/~carol', _target: ada })).toBe('hearsay');
    expect(heard({ _context: 'psyc://c.example/@hall', _source_relay: 'psyc://c.example/~carol' })).toBe('hearsay');
    expect(heard({ _source: bob, _target: ada })).toBe('circuit');
    expect(heard({ _source: ada, _target: ada })).toBe('_authority_unproved_source');
    expect(heard({ _source: ada, _target: ada }, { author: ada, address: ada })).toBe('author');
    const carol = 'psyc://c.example/~carol';
    expect(heard({ _source: carol, _target: ada }, { author: carol, address: ada })).toBe('author');
  });
});

describe('whatever comes', () => {
  const hosts = ['a.example', 'b.example', 'c.example'];
  const uniforms = hosts.flatMap((host) =>
    ['~x', '~y', '~x#ch', '@p', '', '~X'].map((name) => `psyc://${host}/${name}`),
  );
  const uniform = fc.constantFrom(...uniforms);
  const person = fc.constantFrom(...uniforms.filter((name) => /~[xy]$/.test(name)));
  const maybe = fc.option(uniform, { nil: undefined });
  const proved = fc.tuple(fc.subarray(hosts, { maxLength: 2 }), fc.array(person, { maxLength: 2 }));
  const signature = fc.option(fc.record({ author: person, address: uniform }), { nil: null });

  /** A second opinion, by plain comparison of text. */
  const covers = ([domains, persons]: [string[], string[]], name: string): boolean =>
    name === name.toLowerCase() &&
    (domains.some((domain) => name.startsWith(`psyc://${domain}/`)) || persons.includes(name.replace(/#.*/, '')));

  test('nothing unproved passes but what its author signed, and nobody hears hearsay of himself', () => {
    const routing = fc.record({ _source: maybe, _target: maybe, _context: maybe, _source_relay: maybe });
    fc.assert(
      fc.property(proved, proved, fc.boolean(), routing, signature, (speaker, hearer, carries, given, signed) => {
        const from = end([...speaker[0], ...speaker[1]], carries);
        const to = end([...hearer[0], ...hearer[1]]);
        const judgement = judge(from, to, routeOf(given), signed);
        if (!judgement.allowed) return;
        const address = given._context ?? given._target;
        for (const name of ['_source', '_context', '_source_relay'] as const) {
          const claimed = given[name];
          if (claimed === undefined || covers(speaker, claimed)) continue;
          if (signed !== null && claimed.replace(/#.*/, '') === signed.author && signed.address === address) continue;
          // What is left is the word of one who may pass on others'.
          const isTold = name === '_source_relay' && given._context !== undefined && covers(speaker, given._context);
          expect(carries || isTold).toBe(true);
          expect(covers(hearer, claimed)).toBe(false);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('one circuit proves so many and no more', () => {
    const authority = new Authority();
    for (let index = 0; index < proofLimits.provedMax; index++) authority.proveHost(`h${index}.example`);
    authority.proveHost('h0.example');
    expect(() => authority.provePerson(ada)).toThrow(ProofError);
    expect(authority.covers(ada)).toBe(false);
  });
});
