/** A question that a server answers out of its own memory: when its answer has come, so has all that it had to say before. */
import { channelOf } from '../../circuit/channel.ts';
import { render } from '../../psyc/render.ts';
import type { Speaker, SpeakerKeys } from './node/speaker.ts';

/** Asks for one's own keys on this circuit of the channel `side`, or of the main one. */
export async function ping(
  speaker: Speaker,
  keys: SpeakerKeys,
  side: string | null = null,
): Promise<(string | null)[]> {
  const routing = { _source: channelOf(keys.person, keys.device, { side }), _target: keys.person, _tag: 'ping' };
  speaker.peer.say(render({ routing, method: '_request_keys' }));
  const before: (string | null)[] = [];
  for (;;) {
    const packet = await speaker.peer.hear();
    if (packet === null) throw new Error('_circuit_lost');
    if (packet.method === '_status_keys') return before;
    before.push(packet.method);
  }
}
