/** What the persons of the scene `federation` do with their devices, and when. docs/simulator.md#federation */
import { hexOf } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import { SEALED_METHOD } from '../../publication/private.ts';
import type { IdealPerson } from '../ideal.ts';
import { Author } from './author.ts';
import { planDen } from './den.ts';
import type { Device } from './device.ts';
import { type FederationRun, SECOND, speakUs } from './federation-run.ts';
import { planFriends } from './friends.ts';
import { drawData } from './people.ts';
import { Speaker } from './speaker.ts';
import { guests, hal, isPlace, keysOf, owners, type PersonPlan, persons, places } from './town.ts';

const uniformOf = (nick: string): string => persons.find((known) => known.nick === nick)!.uniform;

/** Everything that one person does; gives his devices. */
export function beginPerson(run: FederationRun, plan: PersonPlan): Device[] {
  const { suite } = run.keys;
  const identity = keysOf(run.keys, plan);
  const { fingerprint } = identity;
  const authors = new Map<string, Author>();
  return plan.devices.map((device) => {
    const { id, seed } = device;
    // One chain for each device, whatever channel it speaks on.
    const author = authors.get(hexOf(id)) ?? new Author({ suite, fingerprint, device: id, seed });
    authors.set(hexOf(id), author);
    const speaker = new Speaker(run, device, identity, author);
    planAll(run, speaker, identity);
    return speaker.machine;
  });
}

/** Whatever is done on one channel. */
function planAll(run: FederationRun, speaker: Speaker, identity: IdealPerson): void {
  const { world } = run;
  const { plan, random } = speaker;
  const { host, person, nick, isMain, server } = plan;
  if (isMain) {
    world.observe({ kind: 'entered', host, context: person, sequence: 0 });
    for (const place of places) {
      world.clock.at(SECOND + random.below(2 * SECOND), () => speaker.request(place, '_request_context_enter'));
    }
  }
  planSpeech(run, speaker);
  // Somebody with one device leaves, speaks where he should not, and comes back.
  if (nick === 'dan' || nick === 'fay') {
    const place = random.pick(places);
    world.clock.at(10 * SECOND + random.below(4 * SECOND), () => speaker.request(place, '_request_context_leave'));
    world.clock.at(18 * SECOND + random.below(4 * SECOND), () => speaker.request(place, '_request_context_enter'));
  }
  planActs(run, speaker);
  planDen(run, speaker);
  if (nick === 'hal') planClosing(run, speaker, identity);
  else if (isMain && speaker.isKnown) planFriends(run, speaker, uniformOf);
  world.network.links.startPartitions(host, server);
}

/** A side channel speaks to persons only: nobody enters a place by it. */
function planSpeech({ world, intervalUsMean }: FederationRun, speaker: Speaker): void {
  const { person, isMain } = speaker.plan;
  const { random } = speaker;
  const others = persons.map(({ uniform }) => uniform).filter((other) => other !== person);
  for (let atUs = 0; atUs < speakUs; atUs += random.exponential(intervalUsMean)) {
    const times = random.chance(0.1) ? random.between(3, 8) : 1;
    const target = isMain && (person === hal.uniform || random.chance(0.7)) ? random.pick(places) : random.pick(others);
    // What is sealed inside is for clients to say: here it is bytes.
    const method = isPlace(target) ? '_message_public' : SEALED_METHOD;
    world.clock.at(2 * SECOND + atUs, () => {
      for (let i = 0; i < times; i++) speaker.say(target, method, drawData(random));
    });
  }
}

/** Whoever owns a place puts others out, who come back or do not. */
function planActs({ world }: FederationRun, speaker: Speaker): void {
  const { host, person } = speaker.plan;
  const { random } = speaker;
  const place = places.find((one) => owners.get(one) === person);
  if (place === undefined || !host.includes('.phone.')) return;
  const others = [...['bob', 'eve', 'gus'].map(uniformOf), ...(place === places[1] ? guests : [])];
  const act = (atUs: number, kind: string, whom: string): void =>
    world.clock.at(atUs, () => speaker.request(place, `_request_context_${kind}`, { _uniform_member: whom }));
  const [kicked, banned] = [random.pick(others), random.pick(others)];
  act(8 * SECOND + random.below(4 * SECOND), 'kick', kicked);
  act(14 * SECOND + random.below(2 * SECOND), 'ban', random.chance(0.5) ? banned : 'psyc://c.example');
}

function planClosing({ world, keys }: FederationRun, speaker: Speaker, { key }: IdealPerson): void {
  const { channel, person } = speaker.plan;
  const routing = { _source: channel, _target: person, _tag: 'close' };
  const packet = render({ routing, entity: { _key: keys.retired(key) }, method: '_request_close' });
  world.clock.at(12 * SECOND + speaker.random.below(8 * SECOND), () => speaker.close(packet));
}
