/** Who is in the members-only place of the scene `federation` with which keys, and who listens in. docs/simulator.md#federation */
import { hexOf } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import { renderPublication, signedContent } from '../../publication/packet.ts';
import type { Reader } from '../../publication/sender-key.ts';
import type { IdealKeys, IdealPerson } from '../ideal.ts';
import type { Observer } from '../observation.ts';
import type { Author } from './author.ts';
import { beginUnixMs } from './circuit-end.ts';
import { Confidant, type ConfidantOptions } from './confidant.ts';
import { Eavesdropper } from './eavesdropper.ts';
import type { FederationRun } from './federation-run.ts';
import { den, type DevicePlan, hal, keysOf, mallory, owners, persons } from './town.ts';

/** What everything that is said there has in it, and nothing else. */
export const confidence = 'in confidence ';

/** Whom its owner invites. */
export const invited = ['bob', 'dan', 'eve'].map((nick) => persons.find((one) => one.nick === nick)!.uniform);

/** Tries to come in uninvited; while everybody may, she does. */
export const fay = persons.find(({ nick }) => nick === 'fay')!.uniform;

/** Everybody's keys. */
export function readersOf(keys: IdealKeys): ReadonlyMap<string, Reader> {
  return new Map(
    [...persons, hal, mallory].map((plan) => {
      const publicKey = keys.sealing.x25519PublicKey(keys.secretOf(plan.uniform));
      return [plan.uniform, { uniform: plan.uniform, fingerprint: keysOf(keys, plan).fingerprint, publicKey }];
    }),
  );
}

/** Somebody who has everybody's secrets. */
export function spyOn(keys: IdealKeys, readers: ReadonlyMap<string, Reader>, observe: Observer): Eavesdropper {
  const devices = new Map(persons.flatMap(({ devices: all }) => all.map(({ id, person }) => [hexOf(id), person])));
  return new Eavesdropper({
    suite: keys.sealing,
    place: den,
    spied: [...readers.values()].map((reader) => ({ ...reader, secret: keys.secretOf(reader.uniform) })),
    authorOf: (device) => devices.get(device) ?? '',
    readable: (key, person) => observe({ kind: 'readable', context: den, key, person }),
  });
}

/** What a device does there; null where its person never comes in. `number`: of the next thing it says there. */
export function inDen(
  { world, plant, keys, readers }: FederationRun,
  { person, id, channel, host, isMain }: DevicePlan,
  { fingerprint }: IdealPerson,
  author: Author,
  number: () => { readonly counter: number; readonly tag: string },
): Confidant | null {
  if (!isMain || ![owners.get(den), ...invited, fay].includes(person)) return null;
  const random = world.random.stream(`keys of ${host}`);
  const options: ConfidantOptions = {
    suite: keys.sealing,
    place: den,
    device: id,
    own: { uniform: person, fingerprint },
    secret: keys.secretOf(person),
    newKey: () => Uint8Array.from({ length: 32 }, () => random.below(256)),
    readerOf: (uniform: string) => readers.get(uniform) ?? null,
    publish: (content: Uint8Array, method: string, words: string | null) => {
      const { counter, tag } = number();
      const said = author.signContent(den, content, beginUnixMs + world.clock.nowMs);
      const routing = { _source: channel, _target: den, _tag: tag, _counter: String(counter) };
      if (words === null) world.observe({ kind: 'asked', key: tag, author: person, target: den, method, whom: null });
      else {
        const signed = signedContent(said);
        world.observe({ kind: 'said', key: tag, author: channel, target: den, tag, counter, content: signed });
        world.observe({ kind: 'sealed', key: tag, words });
      }
      return { tag, method, counter: said.counter, bytes: renderPublication(said, routing) };
    },
    enter: () => {
      const { counter, tag } = number();
      const method = '_request_context_enter';
      const routing = { _source: channel, _target: den, _tag: tag, _counter: String(counter) };
      world.observe({ kind: 'asked', key: tag, author: person, target: den, method, whom: null });
      return { tag, method, bytes: render({ routing, method }) };
    },
    read: (key: string, words: string) => world.observe({ kind: 'read', host, key, words }),
  };
  return new Confidant(plant?.confidant?.(options) ?? options);
}
