/** What goes on in the members-only place of the scene `federation`: who comes, is put out and comes back. docs/simulator.md#federation */
import { textBytes } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import type { World } from '../world.ts';
import { confidence, fay, invited } from './den-people.ts';
import { type FederationRun, SECOND, speakUs } from './federation-run.ts';
import type { Speaker } from './speaker.ts';
import { den, owners } from './town.ts';

/** Its owner makes it members-only, invites three, puts one out and invites him again; another leaves and comes back; all speak. */
export function planDen({ world }: FederationRun, speaker: Speaker): void {
  const { person, nick, host } = speaker.plan;
  if (speaker.confidant === null) return;
  const random = speaker.random.stream('den');
  const at = (atUs: number, withinUs: number, kind: string, variables: Readonly<Record<string, string>> = {}): void =>
    world.clock.at(atUs + random.below(withinUs), () => speaker.request(den, `_request_context_${kind}`, variables));
  const act = (atUs: number, withinUs: number, kind: string, whom: string): void =>
    at(atUs, withinUs, kind, { _uniform_member: whom });
  if (owners.get(den) === person) {
    at(SECOND, SECOND, 'enter');
    if (host.includes('.phone.')) {
      world.clock.at(2 * SECOND, () => speaker.request(den, '_request_context_mode', { _mode: 'members' }));
      for (const whom of invited) act(2 * SECOND + 1, SECOND, 'invite', whom);
      const out = random.pick(invited);
      act(10 * SECOND, 4 * SECOND, random.chance(0.7) ? 'kick' : 'ban', out);
      act(15 * SECOND, SECOND, 'unban', out);
      for (const whom of invited) act(16 * SECOND, SECOND, 'invite', whom);
    }
  } else {
    // An invitation may be late; who is in already is announced once more.
    for (const second of person === fay ? [14] : [4, 7, 18, 22]) at(second * SECOND, SECOND, 'enter');
    if (nick === 'dan') at(12 * SECOND, 2 * SECOND, 'leave');
  }
  for (let atUs = 4 * SECOND; atUs < speakUs; atUs += random.exponential(4 * SECOND)) {
    const words = `${confidence}${random.word().toString(36)} ${host} ${atUs}`;
    world.clock.at(atUs, () => confide(world, speaker, words));
  }
}

function confide(world: World, speaker: Speaker, words: string): void {
  const { channel } = speaker.plan;
  world.observe({ kind: 'confided', author: channel, words });
  const routing = { _source: channel, _target: den };
  speaker.tell(render({ routing, method: '_message_public', data: textBytes(words) }));
}
