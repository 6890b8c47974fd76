/** One pigeonhole in one node, and people who ask it over circuits as clients do. */
import { BoxOwner } from '../../client/pigeonhole/owner.ts';
import type { Request, Surroundings } from '../../client/services/asking.ts';
import { type BoxState, newBoxState } from '../../client/pigeonhole/state.ts';
import type { Packet } from '../../psyc/packet.ts';
import { suite } from '../../server/suite.ts';
import { type BoxAddress, boxSecrets } from '../../services/pigeonhole/keys.ts';
import { pigeonholeLimits, type PigeonholeLimits } from '../../services/pigeonhole/limits.ts';
import type { BoxPacket } from '../../services/pigeonhole/request.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import type { NodeFixture } from '../federation/node-fixture.ts';
import type { Settings } from '../federation/node-settings.ts';
import { askService, home, nodeWith } from './stand.ts';

/** Work that costs nothing. */
export const easy: PigeonholeLimits = { ...pigeonholeLimits, makeBitsMin: 1, makeBitsMore: 6, depositBitsUsual: 1 };

/** A node with boxes. */
export const nodeWithBoxes = (boxesMax = 4, limits = easy, settings: Settings = {}): NodeFixture =>
  nodeWith({ pigeonhole: { limits, boxesMax } }, settings);

/** Says one thing in the name of somebody who lives there, and gives what is answered; null: nothing is. */
export const ask = (fixture: NodeFixture, asked: BoxPacket, nick = 'bob'): Packet | null =>
  askService(fixture, 'pigeonhole', asked, nick);

/** What a client goes by. `lost`: answers that do not come, the first time. */
export function around(fixture: () => NodeFixture, nick = 'bob', lost: () => boolean = () => false): Surroundings {
  const request: Request = async (_target, asking) => {
    for (let tries = 0; tries < 50; tries++) {
      const answer = ask(fixture(), asking, nick);
      if (answer !== null && !lost()) return answer;
      fixture().pass(1000);
    }
    throw new Error('nobody answers');
  };
  const unixMs = (): number => beginUnixMs + fixture().nowMs;
  return { suite, request, unixMs, firstBits: 1, pause: async () => {} };
}

/** A box's owner, and the disk that he has. */
export interface Owning {
  readonly owner: BoxOwner;
  readonly address: BoxAddress;
  readonly disk: { state: BoxState };
}

/** Somebody's device with a box, which is not made yet. */
export function owning(surroundings: Surroundings, root?: Uint8Array): Owning {
  const state = newBoxState(suite, home, 'direct', root);
  const disk = { state };
  const owner = new BoxOwner(surroundings, state, async (next) => void (disk.state = next));
  return { owner, address: boxSecrets(suite, home, state.root), disk };
}

const decoder = new TextDecoder();

/** What has come, as text. */
export const textsOf = ({ disk }: Owning): string[] =>
  disk.state.messages.map(({ content }) => decoder.decode(content));

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
