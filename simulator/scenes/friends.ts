/** What people in the scene `federation` do with each other: they become friends and part, say how it is with them, and one blocks another. docs/simulator.md#federation */
import { render } from '../../psyc/render.ts';
import { renderPublication } from '../../publication/packet.ts';
import type { World } from '../world.ts';
import { beginUnixMs } from './circuit-end.ts';
import { type FederationRun, SECOND } from './federation-run.ts';
import type { Speaker } from './speaker.ts';

/** Who become friends, by nick. */
const pairs = ['ada bob', 'ada cyd', 'ada eve', 'bob dan', 'cyd fay', 'dan fay'];
const blocking = { by: 'fay', who: 'dan' };

/** A main channel, and what it needs. */
interface Friend {
  readonly world: World;
  readonly speaker: Speaker;
  /** The uniform of a nick. */
  readonly uniformOf: (nick: string) => string;
}

/** Plans all of it, for one main channel. */
export function planFriends({ world }: FederationRun, speaker: Speaker, uniformOf: (nick: string) => string): void {
  const friend = { world, speaker, uniformOf };
  const { plan } = speaker;
  if (plan.host.includes('.phone.')) {
    planWords(friend);
    if (plan.nick === blocking.by) planBlock(friend);
  }
  planPresence(friend);
}

function planWords({ world, speaker, uniformOf }: Friend): void {
  const { random, plan } = speaker;
  const others = pairs.flatMap((pair) => {
    const [a = '', b = ''] = pair.split(' ');
    return a === plan.nick ? [b] : b === plan.nick ? [a] : [];
  });
  for (const nick of others) {
    const other = uniformOf(nick);
    const say = (wants: boolean): void => {
      const word = { person: plan.person, other, wants, timeMs: beginUnixMs + world.clock.nowMs } as const;
      world.observe({ kind: 'word', ...word, isKept: false });
      speaker.say(other, wants ? '_request_friendship' : '_request_unfriend', new Uint8Array(0), () =>
        world.observe({ kind: 'word', ...word, isKept: true }),
      );
    };
    world.clock.at(4 * SECOND + random.below(4 * SECOND), () => say(true));
    if (!random.chance(0.3)) continue;
    world.clock.at(10 * SECOND + random.below(6 * SECOND), () => say(false));
    if (random.chance(0.5)) world.clock.at(18 * SECOND + random.below(6 * SECOND), () => say(true));
  }
  // Late enough for most, and not so late that the play is over.
  world.clock.at(36 * SECOND, () => ask(speaker, `f-${plan.host}`, '_request_friends', {}, () => {}));
}

function planPresence({ world, speaker }: Friend): void {
  const { random, plan, author } = speaker;
  for (let at = 0; at < 3; at++) {
    const availability = random.between(1, 9);
    world.clock.at((6 + 7 * at) * SECOND + random.below(6 * SECOND), () => {
      const address = `${plan.person}#_presence`;
      const entity = { _degree_availability: String(availability) };
      const said = author.sign(address, { entity, method: '_notice_presence' }, beginUnixMs + world.clock.nowMs);
      const packet = renderPublication(said, { _source: plan.channel, _target: address });
      ask(speaker, `p${at}-${plan.host}`, '_request_announce', { _packet: packet }, () =>
        world.observe({ kind: 'announced', host: plan.host, availability }),
      );
    });
  }
}

function planBlock({ world, speaker, uniformOf }: Friend): void {
  const { random, plan } = speaker;
  const who = uniformOf(blocking.who);
  world.clock.at(8 * SECOND + random.below(2 * SECOND), () => {
    const entity = { _name: 'rules', _version: '0', _value: `block ${who}\n` };
    ask(speaker, `b-${plan.host}`, '_request_store', entity, () =>
      world.observe({ kind: 'blocked', person: plan.person, who }),
    );
  });
}

function ask(
  speaker: Speaker,
  tag: string,
  method: string,
  entity: Readonly<Record<string, string | Uint8Array>>,
  answered: () => void,
): void {
  const { channel, person } = speaker.plan;
  const routing = { _source: channel, _target: person, _tag: tag };
  speaker.ask(tag, render({ routing, entity, method }), answered);
}
