/** Two worlds that answer a node's questions about keys: OpenPGP, and the simulator's ideal keys. */
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import type { PkiAnswer, PkiQuestion } from '../../federation/keys/pki.ts';
import { revoke } from '../../pki/certification.ts';
import { newDevice } from '../../pki/device-statement.ts';
import { firstStatement, signStatement } from '../../pki/enrolment.ts';
import { applyRevocation, makeRevocation } from '../../pki/revocation.ts';
import { Notary, type SoughtKeys } from '../../server/node/notary.ts';
import { IdealKeys } from '../../simulator/ideal.ts';
import { certified, DAY, domainKey, identityKey, NOW, seed } from '../pki/keys.ts';

/** Somebody's identity key, by number: under any name it has the same fingerprint. */
export interface Who {
  readonly nick: string;
  readonly identity: number;
  readonly counter?: number;
  /** Devices and revoked ones, by number. */
  readonly devices?: readonly number[];
  readonly revoked?: readonly number[];
}

export interface Shown {
  readonly key: Uint8Array;
  /** With the certification of `a.example`, made at the beginning. */
  readonly certified: Uint8Array;
  readonly statement: Uint8Array;
  readonly fingerprint: Uint8Array;
  /** With its name taken back by the identity itself. */
  readonly retired: Uint8Array;
}

/** Whoever answers for `a.example`; it takes everybody, or those with the invitation `welcome`. */
export interface World {
  readonly domains: ReadonlyMap<string, Uint8Array>;
  show(who: Who): Promise<Shown>;
  /** A copy of b.example's key in which it revokes itself. */
  revoked(): Promise<Uint8Array>;
  /** From now on others have this of somebody, and nothing else. */
  publish(person: string, key: Uint8Array, statement: Uint8Array): void;
  answer(question: PkiQuestion, seconds: number, isOpen: boolean, by?: 'b.example'): Promise<PkiAnswer>;
}

/** As servers are. */
export async function openPgp(): Promise<World> {
  const [a, b] = [await domainKey('a.example', 1), await domainKey('b.example', 4)];
  let published: SoughtKeys[] = [];
  return {
    domains: new Map([
      ['a.example', a.certificate.bytes],
      ['b.example', b.certificate.bytes],
    ]),
    async show({ nick, identity, counter = 1, devices = [1], revoked = [] }) {
      const secret = await identityKey(nick, 'a.example', identity);
      const { certificate, signer } = secret;
      const userId = certificate.userIds[0]!.text;
      const { fingerprint } = certificate.key;
      const device = (number: number): ReturnType<typeof newDevice> => newDevice(seed(number), NOW);
      const stated = { counter, devices: devices.map(device), revoked: revoked.map(device) };
      return {
        key: certificate.bytes,
        certified: (await certified(a, certificate, userId)).bytes,
        statement: await signStatement(signer, { ...firstStatement(fingerprint, userId, NOW), ...stated }),
        fingerprint: bytesOfHex(fingerprint)!,
        retired: await revoke(secret, certificate, userId, NOW),
      };
    },
    async revoked() {
      return applyRevocation(b.certificate, await makeRevocation(b.signer, NOW));
    },
    publish(_, key, statement) {
      // Something that is no key comes first.
      published = [
        { key: a.certificate.bytes, statement: null },
        { key, statement },
      ];
    },
    answer(question, seconds, isOpen, by) {
      const search = async function* (): AsyncGenerator<SoughtKeys> {
        yield* published;
      };
      const inviteNamed = (typed: string): Promise<string | null> => Promise.resolve(typed === 'welcome' ? 'it' : null);
      return new Notary({ key: by === undefined ? a : b, isOpen, inviteNamed, search, now: () => seconds }).answer(
        question,
      );
    },
  };
}

/** As the simulator's are. */
export function ideal(): Promise<World> {
  const keys = new IdealKeys((length) => new Uint8Array(length));
  keys.untilMs = (NOW + 30 * DAY) * 1000;
  const [a, b] = [keys.domain('a.example'), keys.domain('b.example')];
  return Promise.resolve({
    domains: new Map([
      ['a.example', a.certificate],
      ['b.example', b.certificate],
    ]),
    show({ nick, identity, counter = 1, devices = [1], revoked = [] }) {
      const stated = { counter, revoked: revoked.map(seed), identity: `key${identity}` };
      const shown = keys.person(`psyc://a.example/~${nick}`, devices.map(seed), stated);
      return Promise.resolve({ ...shown, certified: keys.certified(shown.key, a), retired: keys.retired(shown.key) });
    },
    revoked() {
      keys.states.set(hexOf(b.fingerprint), { revocation: 'hard', endsMs: null });
      return Promise.resolve(b.certificate);
    },
    publish(person, key, statement) {
      keys.published.clear();
      keys.published.set(person, { key, statement });
    },
    answer(question, seconds, isOpen, by) {
      keys.close('a.example', isOpen ? null : ['welcome']);
      return Promise.resolve(keys.answer(question, by === undefined ? a : b, seconds * 1000));
    },
  });
}
