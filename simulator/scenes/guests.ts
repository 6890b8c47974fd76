/** The plain peer of the scene `federation`: its people in a place of ours, and how what they say is known again. docs/simulator.md#federation */
import { textBytes } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import { Host } from '../host.ts';
import { byTag, type KeyReader, readRaw, textOfBytes } from '../raw-packet.ts';
import { type FederationRun, noDisk, nobody, SECOND, speakUs } from './federation-run.ts';
import { PlainServer } from './plain-server.ts';
import { guests, hostOf, isGuest, places, plainHost } from './town.ts';

const [, bar] = places;

/** What stands at the end of everything that is said in a place. */
const nameIn = (text: string): string => /[\w.-]+$/.exec(text)?.[0] ?? '';

/** By the tag; what guests say by its words, since their tags are given by our side. */
export const byName: KeyReader = {
  keyOf: (bytes) => {
    const { routing, content } = readRaw(bytes);
    const author = routing.get('_source_relay') ?? routing.get('_source') ?? '';
    return isGuest(author.split('#', 1)[0]!) ? nameIn(textOfBytes(content).trimEnd()) : byTag.keyOf(bytes);
  },
  keyAcknowledged: (bytes) => byTag.keyAcknowledged(bytes),
};

/** Begins the plain peer, which crashes and is parted like others. */
export function beginGuests({ world, intervalUsMean }: FederationRun): void {
  const random = world.random.stream(plainHost);
  const counters = new Map<string, number>();
  const methods = new Map([
    ['_request_enter', '_request_context_enter'],
    ['_request_leave', '_request_context_leave'],
  ]);
  const boot = (life: number) =>
    new PlainServer({
      host: plainHost,
      peer: hostOf(bar),
      place: bar,
      people: guests,
      nameOf: (person) => {
        const counter = (counters.get(person) ?? 0) + 1;
        counters.set(person, counter);
        return `${person.split('~')[1]}-${counter}`;
      },
      sent: (author, key, method) => {
        const asked = methods.get(method);
        if (asked !== undefined) {
          world.observe({ kind: 'asked', key, author, target: bar, method: asked, whom: null });
          return;
        }
        const content = textBytes(`${method}\n${key}\n`);
        const counter = counters.get(author)!;
        world.observe({ kind: 'said', key, author, target: bar, tag: key, counter, content });
      },
      refused: (key) => world.observe({ kind: 'refused', host: plainHost, key }),
      heard: (author, words, circuit) => {
        const [host, key] = [plainHost, nameIn(textOfBytes(words))];
        world.observe({ kind: 'heard', host, context: bar, key, author, words, circuit: `${life} ${circuit}` });
      },
    });
  const host = new Host(world, plainHost, boot, noDisk, nobody, byTag);
  world.clock.after(random.below(SECOND), () => host.start());
  host.startCrashing();
  world.network.links.startPartitions(plainHost, hostOf(bar));
  const tell = (person: string, method: string): void =>
    host.tell({ kind: 'said', packet: render({ routing: { _source: person }, method }) });
  for (const person of guests) {
    for (let atUs = 3 * SECOND; atUs < speakUs; atUs += random.exponential(intervalUsMean)) {
      world.clock.at(atUs, () => tell(person, '_message_public'));
    }
  }
  const leaves = random.pick(guests);
  world.clock.at(8 * SECOND + random.below(6 * SECOND), () => tell(leaves, '_request_leave'));
  world.clock.at(16 * SECOND + random.below(6 * SECOND), () => tell(leaves, '_request_enter'));
}
