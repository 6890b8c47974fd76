/** What people in the scene `federation` do with each other: they become friends and part, say how it is with them, and one blocks another. docs/simulator.md#federation */
import { render } from '../../psyc/render.ts';
import { renderPublication } from '../../publication/packet.ts';
import type { Observer } from '../observation.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Author } from './author.ts';
import { beginUnixMs } from './circuit-end.ts';
import type { DevicePlan } from './town.ts';

const SECOND = 1_000_000;

/** Who become friends, by nick. */
const pairs = ['ada bob', 'ada cyd', 'ada eve', 'bob dan', 'cyd fay', 'dan fay'];
const blocking = { by: 'fay', who: 'dan' };

/** A device that does so. */
export interface Friend {
  readonly world: World;
  readonly random: Random;
  readonly plan: DevicePlan;
  readonly author: Author;
  readonly observe: Observer;
  /** The uniform of a nick. */
  uniformOf(nick: string): string;
  /** Says something numbered and signed. */
  say(target: string, method: string, answered: () => void): void;
  /** Asks its own home, until it is answered. */
  readonly ask: (tag: string, packet: Uint8Array, answered: () => void) => void;
}

/** Plans all of it, for one main channel. */
export function planFriends(friend: Friend): void {
  const { plan } = friend;
  if (plan.host.includes('.phone.')) {
    planWords(friend);
    if (plan.nick === blocking.by) planBlock(friend);
  }
  planPresence(friend);
}

function planWords(friend: Friend): void {
  const { world, random, plan, observe } = friend;
  const others = pairs.flatMap((pair) => {
    const [a = '', b = ''] = pair.split(' ');
    return a === plan.nick ? [b] : b === plan.nick ? [a] : [];
  });
  for (const nick of others) {
    const other = friend.uniformOf(nick);
    const say = (wants: boolean): void => {
      const word = { person: plan.person, other, wants, timeMs: beginUnixMs + world.clock.nowMs } as const;
      observe({ kind: 'word', ...word, isKept: false });
      friend.say(other, wants ? '_request_friendship' : '_request_unfriend', () =>
        observe({ kind: 'word', ...word, isKept: true }),
      );
    };
    world.clock.at(4 * SECOND + random.below(4 * SECOND), () => say(true));
    if (!random.chance(0.3)) continue;
    world.clock.at(10 * SECOND + random.below(6 * SECOND), () => say(false));
    if (random.chance(0.5)) world.clock.at(18 * SECOND + random.below(6 * SECOND), () => say(true));
  }
  // Late enough for most, and not so late that the play is over.
  world.clock.at(36 * SECOND, () => ask(friend, `f-${plan.host}`, '_request_friends', {}, () => {}));
}

function planPresence(friend: Friend): void {
  const { world, random, plan, author, observe } = friend;
  for (let at = 0; at < 3; at++) {
    const availability = random.between(1, 9);
    world.clock.at((6 + 7 * at) * SECOND + random.below(6 * SECOND), () => {
      const address = `${plan.person}#_presence`;
      const entity = { _degree_availability: String(availability) };
      const said = author.sign(address, { entity, method: '_notice_presence' }, beginUnixMs + world.clock.nowMs);
      const packet = renderPublication(said, { _source: plan.channel, _target: address });
      ask(friend, `p${at}-${plan.host}`, '_request_announce', { _packet: packet }, () =>
        observe({ kind: 'announced', host: plan.host, availability }),
      );
    });
  }
}

function planBlock(friend: Friend): void {
  const { world, random, plan, observe } = friend;
  const who = friend.uniformOf(blocking.who);
  world.clock.at(8 * SECOND + random.below(2 * SECOND), () => {
    const entity = { _name: 'rules', _version: '0', _value: `block ${who}\n` };
    ask(friend, `b-${plan.host}`, '_request_store', entity, () =>
      observe({ kind: 'blocked', person: plan.person, who }),
    );
  });
}

function ask(
  { plan, ask: begin }: Friend,
  tag: string,
  method: string,
  entity: Readonly<Record<string, string | Uint8Array>>,
  answered: () => void,
): void {
  const routing = { _source: plan.channel, _target: plan.person, _tag: tag };
  begin(tag, render({ routing, entity, method }), answered);
}
