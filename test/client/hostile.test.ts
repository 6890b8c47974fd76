/** Homes that are not who they say, and bytes that are nothing: the client is refused nothing it needs, and never throws. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ClientHandshake } from '../../circuit/client-handshake.ts';
import type { ProofMessage } from '../../circuit/proof-packet.ts';
import { proveServer } from '../../circuit/proof.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { renderRouted, render } from '../../psyc/render.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { suite } from '../../server/suite.ts';
import { bytesOfHex } from '../../crypto/bytes.ts';
import type { Kept } from '../../client/session/kept.ts';
import { domainKey, exportedOn, Home, type HomeOptions } from './home.ts';
import { fresh, Life, someone, type Someone } from './life.ts';

let keyA: SecretKey;
let keyE: SecretKey;
let keyB: SecretKey;
let ada: Someone;

beforeAll(async () => {
  keyA = await domainKey('a.example', 10);
  // Another key that says it is the same domain's.
  keyE = await domainKey('a.example', 50);
  keyB = await domainKey('b.example', 20);
  ada = await someone('ada', 'a.example', 30, keyA);
});

type ServerProof = Extract<ProofMessage, { kind: 'server' }>;

const pinned = (): Kept => {
  const pin = { fingerprint: keyA.certificate.key.fingerprint, counter: 0 };
  return { ...fresh(ada), pins: new Map([['a.example', pin]]) };
};

async function meets(options: HomeOptions, kept = pinned()): Promise<Life> {
  return new Life(ada, new Home('a.example', keyA, options), { kept }).start();
}

/** Whether the client told nothing of itself. */
const isMute = (client: Life): boolean => client.home.proofs.every(({ kind }) => kind === 'server request');

describe('a host that is not the home', () => {
  test('another key for the domain than the pinned one: refused, told, not tried again', async () => {
    const client = await meets({ key: keyE });
    expect(client.told('over')).toEqual([{ kind: 'over', code: '_trust_changed_key', by: null }]);
    expect(isMute(client)).toBe(true);
    await client.pass(100_000);
    expect(client.home.proofs).toHaveLength(1);
  });

  test('without a pin another domain’s key is not taken either', async () => {
    const client = await meets({ key: keyB }, fresh(ada));
    expect(client.told('over')).toMatchObject([{ code: '_trust_foreign_key' }]);
    expect(client.kept.pins.size).toBe(0);
  });

  const refusals: [string, string, HomeOptions][] = [
    [
      'a man in the middle of TLS, whose other side exports something else',
      '_proof_invalid_signature',
      {
        exported: (connection) => exportedOn(connection + 1),
      },
    ],
    [
      'a proof replayed from another circuit',
      '_proof_invalid_signature',
      {
        proof: (proof) => ({ ...proof, signature: signatureOn(7, proof) }),
      },
    ],
    [
      'a proof of the material of another role',
      '_proof_invalid_signature',
      {
        exported: (connection) => ({ ...exportedOn(connection), host: exportedOn(connection).device }),
      },
    ],
    [
      'a proof between servers',
      '_proof_invalid_role',
      {
        proof: (proof) => ({ ...proof, claim: { ...proof.claim, role: 'acceptor' } }),
      },
    ],
    [
      'another domain',
      '_proof_foreign_source',
      {
        proof: (proof) => ({ ...proof, claim: { ...proof.claim, from: 'b.example' } }),
      },
    ],
    [
      'a proof for a server',
      '_proof_foreign_target',
      {
        proof: (proof) => ({ ...proof, claim: { ...proof.claim, to: 'c.example' } }),
      },
    ],
    [
      'a fingerprint that is not the key’s',
      '_trust_unknown_key',
      {
        proof: (proof) => ({ ...proof, claim: { ...proof.claim, fingerprint: new Uint8Array(20) } }),
      },
    ],
    ['no key', '_trust_unknown_key', { proof: (proof) => ({ ...proof, evidence: { key: null, statement: null } }) }],
    [
      'no key at all',
      '_invalid_packet',
      {
        proof: (proof) => ({ ...proof, evidence: { key: new Uint8Array(9), statement: null } }),
      },
    ],
    [
      'acceptance before anything was proved',
      '_proof_necessary',
      {
        proof: () => ({ kind: 'proved', uniform: 'psyc://a.example/~ada', key: null, statement: null }),
      },
    ],
  ];

  /** The home's own signature, as it was on another connection. */
  const signatureOn = (connection: number, { claim }: ServerProof): Uint8Array =>
    proveServer(suite, claim, exportedOn(connection).host, keyA.circuitSeed!);

  test.each(refusals)('%s', async (_, code, options) => {
    const client = await meets(options);
    const [ending] = [...client.told('over'), ...client.told('lost')];
    expect(ending).toMatchObject({ code });
    expect(isMute(client)).toBe(true);
    expect(client.told('ready')).toHaveLength(0);
  });

  test('a host that says nothing is given up in time, and tried again later each time', async () => {
    const client = await meets({ silent: true });
    await client.pass(30_000);
    expect(client.told('lost')).toMatchObject([{ code: '_proof_timeout', byPeer: false }]);
    await client.pass(60_000);
    expect(client.home.proofs.length).toBeGreaterThan(1);
  });

  test('what is refused for good is not tried again; what may pass is', async () => {
    const final = await meets({ refuses: { kind: 'device', code: '_login_unknown_person' } });
    expect(final.told('over')).toEqual([{ kind: 'over', code: '_login_unknown_person', by: 'a.example' }]);
    const passing = await meets({ refuses: { kind: 'device', code: '_trust_unavailable' } });
    expect(passing.told('lost')).toMatchObject([{ code: '_trust_unavailable', byPeer: true }]);
    await passing.pass(1_000);
    expect(passing.home.proofs.filter(({ kind }) => kind === 'device').length).toBeGreaterThan(1);
  });
});

test('a packet that is no proof ends the circuit', async () => {
  const client = new Life(ada, new Home('a.example', keyA, { silent: true }), { kept: pinned() });
  await client.start();
  client.home.say(render({ routing: { _source: 'psyc://b.example', _target: ada.uniform }, method: '_message' }));
  await client.settle();
  expect(client.told('lost')).toMatchObject([{ code: '_proof_necessary' }]);
});

test('a stream that exports nothing is not spoken on', () => {
  const { identity, seed, certificate, statement } = ada;
  const handshake = new ClientHandshake({
    suite,
    domain: 'a.example',
    pinned: null,
    person: ada.uniform,
    fingerprint: bytesOfHex(identity.certificate.key.fingerprint)!,
    device: new Uint8Array(16),
    seed,
    channel: `${ada.uniform}#0000000000000000`,
    key: certificate,
    statement,
    registration: null,
  });
  expect(handshake.step({ kind: 'opened', exported: null })).toMatchObject([
    { kind: 'send' },
    { kind: 'failed', code: '_proof_unbound', byPeer: false },
  ]);
});

describe('whatever comes', () => {
  const uniform = fc.constantFrom(
    'psyc://a.example/~ada',
    'psyc://b.example/~bob',
    'psyc://b.example/~bob#x',
    'psyc://b.example/@hall',
    'psyc://a.example',
    'x',
    '',
  );
  const method = fc.constantFrom(
    '_message',
    '_message_private_sealed',
    '_echo',
    '_echo_history',
    '_error',
    '_status_keys',
    '_notice_context_enter',
    '_notice_context_leave',
    '_notice_proved',
    '_notice_proof_server',
    '_x',
  );
  const names = ['_source', '_target', '_context', '_source_relay', '_tag', '_tag_relay', '_counter'];
  const value = fc.oneof(
    uniform,
    fc.nat(9).map(String),
    fc.string({ maxLength: 8 }).map((text) => text.replace(/\n/g, '')),
  );
  const packet = fc
    .tuple(
      fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 5 }),
      fc.dictionary(
        fc.constantFrom(
          '_after',
          '_sequence',
          '_uniform_member',
          '_key',
          '_statement',
          '_key_domain',
          '_signature_author',
          '_code',
        ),
        fc.oneof(fc.uint8Array({ maxLength: 200 }), value),
        { maxKeys: 4 },
      ),
      method,
      fc.option(fc.uint8Array({ maxLength: 50 }), { nil: null }),
    )
    .map(([routing, entity, name, data]) => {
      const { content } = parseOne(render({ entity, method: name, data }));
      return renderRouted(routing, content);
    });

  test.each(['main', 'side'] as const)('a session on a %s channel never throws', async (channel) => {
    const bytes = fc.oneof(
      { weight: 4, arbitrary: packet },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 12 }), fc.boolean(), async (chunks, isProved) => {
        const client = new Life(ada, new Home('a.example', keyA, { silent: !isProved }), { kept: pinned(), channel });
        await client.start();
        await client.command({ kind: 'say', command: 1, target: 'psyc://b.example/~bob', text: 'x' });
        for (const chunk of chunks) client.tell({ kind: 'bytes', circuit: client.circuit, bytes: chunk });
        await client.settle();
        await client.pass(5_000);
      }),
      { numRuns: 150 },
    );
  });
});
