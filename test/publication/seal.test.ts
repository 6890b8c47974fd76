/** Private messages: only their reader reads them, only their author can sign them, and lengths show little. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hexOf, textBytes } from '../../crypto/bytes.ts';
import { hpkeSeal } from '../../crypto/hpke.ts';
import { PublicationError } from '../../publication/error.ts';
import { publicationLimits } from '../../publication/limits.ts';
import { readPublication, renderPublication } from '../../publication/packet.ts';
import { openPrivate, readerOf, sealPrivate, SEALED_METHOD } from '../../publication/private.ts';
import { openAsPerson, sealToPerson } from '../../publication/seal.ts';
import { signPublication, verifyPublication } from '../../publication/sign.ts';
import { render } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import { alice, parse, readVectors, routeOf, seed, statement, unhex } from './vectors.ts';

const vectors = readVectors<{
  uniform: string;
  fingerprint: string;
  secret: string;
  publicKey: string;
  ephemeral: string;
  seals: { name: string; content: string; sealed: string }[];
}>('sealed.json');

const carol = { uniform: vectors.uniform, fingerprint: unhex(vectors.fingerprint) };
const secret = unhex(vectors.secret);
const publicKey = unhex(vectors.publicKey);
const message = { entity: { _nick: 'alice' }, method: '_message_private', data: 'only for you' };

function codeOf(act: () => unknown): string | null {
  try {
    act();
    return null;
  } catch (error) {
    if (error instanceof PublicationError) return error.code;
    throw error;
  }
}

/** A packet to Carol with this as its data. */
const sealedPacket = (data: Uint8Array) =>
  parse(render({ routing: { _target: carol.uniform }, method: SEALED_METHOD, data }));

describe('seals', () => {
  test.each(vectors.seals)('$name', ({ content, sealed }) => {
    expect(hexOf(sealToPerson(suite, carol, publicKey, unhex(content), unhex(vectors.ephemeral)))).toBe(sealed);
    expect(hexOf(openAsPerson(suite, carol, secret, unhex(sealed))!)).toBe(content);
  });

  test('whatever is sealed comes back, in one of ten lengths', () => {
    const { paddedBytesMin, paddedBytesMax } = publicationLimits;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (content) => {
        const sealed = sealToPerson(suite, carol, publicKey, content);
        const padded = sealed.length - 48;
        expect(Number.isInteger(Math.log2(padded))).toBe(true);
        expect(padded).toBeGreaterThanOrEqual(paddedBytesMin);
        expect(padded).toBeLessThanOrEqual(Math.max(paddedBytesMin, 2 * content.length));
        expect(openAsPerson(suite, carol, secret, sealed)).toEqual(content);
      }),
      { numRuns: 50 },
    );
    expect(sealToPerson(suite, carol, publicKey, new Uint8Array(paddedBytesMax - 1))).toHaveLength(paddedBytesMax + 48);
    const tooLong = (): unknown => sealToPerson(suite, carol, publicKey, new Uint8Array(paddedBytesMax));
    expect(codeOf(tooLong)).toBe('_publication_oversized');
  });

  test('for another uniform, key or fingerprint it does not open; upper case is the same uniform', () => {
    const sealed = sealToPerson(suite, carol, publicKey, textBytes('x'));
    expect(openAsPerson(suite, { ...carol, uniform: 'psyc://c.example/~dave' }, secret, sealed)).toBeNull();
    expect(openAsPerson(suite, { ...carol, fingerprint: alice.fingerprint }, secret, sealed)).toBeNull();
    expect(openAsPerson(suite, carol, new Uint8Array(32).fill(1), sealed)).toBeNull();
    expect(openAsPerson(suite, { ...carol, uniform: 'psyc://C.Example/~Carol' }, secret, sealed)).toEqual(
      textBytes('x'),
    );
    expect(codeOf(() => sealToPerson(suite, carol, new Uint8Array(32), textBytes('x')))).toBe(
      '_publication_unsealable',
    );
  });

  test('a padding that is none is not opened', () => {
    const aad = new Uint8Array([...carol.fingerprint, ...textBytes(carol.uniform)]);
    for (const padded of [new Uint8Array(256), new Uint8Array(256).fill(1), new Uint8Array(0)]) {
      const sealed = hpkeSeal(suite, publicKey, textBytes('p3do-person-v1'), aad, padded)!;
      expect(openAsPerson(suite, carol, secret, sealed)).toBeNull();
    }
  });
});

describe('private messages', () => {
  const content = sealPrivate(suite, alice.fingerprint, carol, publicKey, message);
  const signed = signPublication(suite, { ...statement, address: carol.uniform, content }, seed);
  const packet = parse(renderPublication(signed, { _source: alice.uniform, _target: carol.uniform }));

  test('signed by the author, opened by the reader', () => {
    const publication = readPublication(packet, routeOf(packet))!;
    verifyPublication(suite, publication, alice, routeOf(packet), statement.timeMs);
    expect(readerOf(packet)).toEqual(carol.fingerprint);
    const inner = openPrivate(suite, publication.fingerprint, carol, secret, packet);
    expect([inner.method, inner.text('_nick'), inner.dataText]).toEqual(['_message_private', 'alice', 'only for you']);
    expect(Buffer.from(packet.raw).toString('latin1')).not.toContain('only for you');
  });

  test('who signs another’s seal as his own is found out', () => {
    const mallory = new Uint8Array(20).fill(0xee);
    expect(codeOf(() => openPrivate(suite, mallory, carol, secret, packet))).toBe('_publication_foreign_seal');
    expect(codeOf(() => openPrivate(suite, null, carol, secret, packet))).toBe('_publication_foreign_seal');
  });

  test('what is not sealed, or holds no PSYC, is refused', () => {
    const plain = parse(render({ routing: { _target: carol.uniform }, method: '_message_private', data: 'x' }));
    expect(readerOf(plain)).toBeNull();
    expect(codeOf(() => openPrivate(suite, null, carol, secret, plain))).toBe('_publication_invalid_seal');
    expect(codeOf(() => openPrivate(suite, null, carol, new Uint8Array(32).fill(3), packet))).toBe(
      '_publication_invalid_seal',
    );
    const routed = ':_source\tpsyc://home.example/~alice\n_message_private\n';
    for (const text of ['no content', '', ':_a\tb\n', routed, '=_topic\tx\n_message\n']) {
      const inside = sealedPacket(sealToPerson(suite, carol, publicKey, textBytes(text)));
      expect(codeOf(() => openPrivate(suite, null, carol, secret, inside))).toBe('_publication_invalid_seal');
    }
  });

  test('from nobody, it names nobody', () => {
    const anonymous = sealedPacket(sealToPerson(suite, carol, publicKey, textBytes('_message_private\nhush\n')));
    expect(openPrivate(suite, null, carol, secret, anonymous).dataText).toBe('hush');
  });
});
