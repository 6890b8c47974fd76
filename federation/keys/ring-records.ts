/** Where the store has the keys of the ring: each under its fingerprint, and found by address. docs/spec/key-server.md#kept */
import { directoryName } from '../../pki/hkp.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { parseEntity } from '../../psyc/uniform.ts';
import type { Operation } from '../../store/store.ts';
import { lease } from '../desk.ts';

/**
 * Records of a key: as this domain certified it or pinned it, as it countersigned it, as others sent it, and which domain's it
 * is. Each has one writer, and together they are the key.
 */
export type RingRecord = 'certified' | 'countersigned' | 'sent' | 'domain';

/** The context of a key; 40 lower-case hex digits. */
export const ringContext = (fingerprint: string): string => `key ${fingerprint}`;

/** The context that names the keys of an address, `nick@domain`. */
export const addressContext = (address: string): string => `keys of ${address}`;

/** Sets one record of a key. */
export const ringRecord = (fingerprint: string, name: RingRecord, value: Uint8Array): Operation => ({
  op: 'record',
  context: ringContext(fingerprint),
  lease,
  name,
  value,
});

/** The context of a name in this domain's directory. */
export const directoryContext = (name: string): string => `directory ${name}`;

/** Lets a key be found by an address; by its name in the directory too, where it is one of `home`, this domain. */
export function addressOperations(address: string, fingerprint: string, home: string): Operation[] {
  const value = encodeText(address);
  const at = address.lastIndexOf('@');
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
  const named: Operation = { op: 'record', context: addressContext(address), lease, name: fingerprint, value };
  if (domain !== home) return [named];
  const context = directoryContext(directoryName(local));
  return [named, { op: 'record', context, lease, name: 'address', value }];
}

/** Puts another domain's key on the ring, with this domain's word on it. */
export const countersignedOperations = (
  domain: string,
  fingerprint: string,
  key: Uint8Array,
  home: string,
): Operation[] => [
  ringRecord(fingerprint, 'countersigned', key),
  ringRecord(fingerprint, 'domain', encodeText(domain)),
  ...addressOperations(`p3do@${domain}`, fingerprint, home),
];

/** Puts a key of ours on the ring, as we have certified it, for a person, `psyc://domain/~nick`. */
export function certifiedOperations(person: string, fingerprint: string, key: Uint8Array): Operation[] {
  const { name, host } = parseEntity(person);
  return [ringRecord(fingerprint, 'certified', key), ...addressOperations(`${name}@${host}`, fingerprint, host)];
}
