/** Whoever makes a key on the ring large keeps nothing out: not its revocation, and not what it says of itself. */
import { expect, test } from '@jest/globals';
import { concatBytes } from '@noble/hashes/utils.js';
import { readCertificate } from '../../pki/certificate.ts';
import { countersign, countersignStatus } from '../../pki/countersignature.ts';
import { framedKey } from '../../pki/key-packet.ts';
import { limits } from '../../pki/limits.ts';
import { splitPackets, tags } from '../../pki/packets.ts';
import { applyRevocation, makeRevocation } from '../../pki/revocation.ts';
import { admit } from '../../pki/ring.ts';
import { craft, packet, userIdData, withPackets } from './crafted.ts';
import { domainKey, NOW, seed } from './keys.ts';

const owner = await domainKey('far.example', 91);
const far = owner.certificate;
const { fingerprint } = far.key;
const id = 'P3DO <p3do@far.example>';
const dead = await applyRevocation(far, await makeRevocation(owner.signer, NOW));

/** Subpackets of so many bytes. */
const padding = (bytes: number): [number, Uint8Array][] => {
  const whole = Array.from({ length: Math.floor(bytes / 182) }, (): [number, Uint8Array] => [20, new Uint8Array(180)]);
  return bytes % 182 < 2 ? whole : [...whole, [20, new Uint8Array((bytes % 182) - 2)]];
};

const domains = await Promise.all(Array.from({ length: 9 }, (_, n) => domainKey(`d${n}.example`, 100 + n * 5)));
const known = [far, ...domains.map(({ certificate }) => certificate)];
const wordOf = (at: number, bytes: number): Uint8Array => {
  const crafted = { type: 0x13, created: NOW, hashed: padding(bytes) };
  const by = domains[at]!.certificate.key.fingerprint;
  return withPackets(far.bytes, [packet(tags.signature, craft(seed(100 + at * 5), by, crafted, userIdData(far, id)))]);
};

test('eight domains with words of 8 KB: the key is taken with its revocation, and with what the ninth says', async () => {
  const word = await countersign(domains[8]!, far, NOW);
  const copies = Array.from({ length: 8 }, (_, at) => wordOf(at, 8_000));
  const kept = await admit([word, ...copies], known, NOW);
  const read = await readCertificate((await admit([kept.bytes, dead], known, NOW)).bytes);
  expect(read.revocation).toMatchObject({ isHard: true });
  expect(read.userIds[0]!.foreign).toHaveLength(1);
  const alive = await readCertificate(kept.bytes);
  expect(await countersignStatus(alive, domains[8]!.certificate, NOW)).toMatchObject({ isValid: true });
});

test('what others say has room of its own, the newest first', async () => {
  const kept = await admit(
    Array.from({ length: 9 }, (_, at) => wordOf(at, 800)),
    known,
    NOW,
  );
  expect(kept.bytes.length).toBeLessThan(limits.keyBytesMax);
  expect((await readCertificate(kept.bytes)).userIds[0]!.foreign).toHaveLength(9);
});

/** A signature by the stolen key over itself. */
const own = (type: number, bytes: number, data: Uint8Array, more: [number, Uint8Array][] = []): Uint8Array =>
  packet(
    tags.signature,
    craft(seed(91), fingerprint, { type, created: NOW + 9, hashed: [...more, ...padding(bytes)] }, data),
  );

/** What the thief of a key makes of it, with subkeys whose bindings are so long. */
function filled(bytes: number, ...first: Uint8Array[]): Uint8Array {
  const [subkey] = splitPackets(far.bytes).filter(({ tag, body }) => tag === tags.publicSubkey && body[5] === 18);
  const subkeys = Array.from({ length: 8 }, (_, at) => {
    const body = Uint8Array.from(subkey!.body);
    body[body.length - 5] = at;
    const data = concatBytes(framedKey(far.key.body), framedKey(body));
    return [packet(tags.publicSubkey, body), own(0x18, bytes, data, [[27, Uint8Array.of(0x0c)]])];
  });
  return concatBytes(withPackets(far.bytes, first, 0), ...subkeys.flat());
}

test('whoever has stolen the key does not fill it, so that its revocation has no room', async () => {
  await expect(admit([filled(8_000)], known, NOW)).rejects.toMatchObject({ code: '_oversized_key' });
  const large = await admit([filled(3_700)], known, NOW);
  expect(large.bytes.length).toBeGreaterThan(28_000);
  const read = await readCertificate((await admit([large.bytes, dead], known, NOW)).bytes);
  expect(read.revocation).toMatchObject({ isHard: true });
});

test('nor where he says first that it is superseded, and has all the room of a revoked one', async () => {
  const superseded = own(0x20, 0, framedKey(far.key.body), [[29, Uint8Array.of(1)]]);
  const room = limits.keyBytesMax - (await admit([filled(7_000, superseded)], known, NOW)).bytes.length;
  const large = await admit([filled(7_000 + Math.floor(room / 8) - 1, superseded)], known, NOW);
  expect(limits.keyBytesMax - large.bytes.length).toBeLessThan(99);
  const stolen = own(0x20, 0, framedKey(far.key.body), [
    [29, Uint8Array.of(2, ...Buffer.from('it was stolen '.repeat(9)))],
  ]);
  const said = withPackets(far.bytes, [stolen], 0);
  const read = await readCertificate((await admit([large.bytes, said], known, NOW)).bytes);
  expect(read.revocation).toMatchObject({ isHard: true });
  expect(read.subkeys).toEqual([]);
});
