/** One pigeonhole in one node, and people who ask it over circuits as clients do. */
import { BoxOwner } from '../../client/pigeonhole/owner.ts';
import type { Request, Surroundings } from '../../client/pigeonhole/asking.ts';
import { type BoxState, newBoxState } from '../../client/pigeonhole/state.ts';
import type { Suite } from '../../crypto/suite.ts';
import type { Packet } from '../../psyc/packet.ts';
import { suite } from '../../server/suite.ts';
import { type BoxAddress, boxSecrets } from '../../services/pigeonhole/keys.ts';
import { pigeonholeLimits, type PigeonholeLimits } from '../../services/pigeonhole/limits.ts';
import type { BoxPacket } from '../../services/pigeonhole/request.ts';
import { IdealKeys } from '../../simulator/ideal.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { channel, NodeFixture } from '../federation/node-fixture.ts';
import type { Settings } from '../federation/node-settings.ts';

export const home = 'a.example';
export const dayMs = 86_400_000;

/** Work that costs nothing. */
export const easy: PigeonholeLimits = { ...pigeonholeLimits, makeBitsMin: 1, makeBitsMore: 6, depositBitsUsual: 1 };

/** A node with boxes: circuits are proved by ideal keys, orders by real ones. */
export function nodeWithBoxes(boxesMax = 4, limits = easy, settings: Settings = {}): NodeFixture {
  let drawn = 0;
  const keys = settings.keys ?? new IdealKeys((length) => new Uint8Array(length).fill(++drawn));
  const both: Suite = {
    ...keys.suite,
    ed25519Verify: (...signed) => keys.suite.ed25519Verify(...signed) || suite.ed25519Verify(...signed),
  };
  const options = { ...settings.options, suite: both, pigeonhole: { limits, boxesMax } };
  return new NodeFixture({}, { ...settings, keys, options });
}

/** When somebody has connected last, by fixture. */
const connected = new WeakMap<NodeFixture, Map<string, { readonly line: string; readonly atMs: number }>>();

/** A circuit of his that stands: one that says nothing for too long is closed. */
function lineOf(fixture: NodeFixture, nick: string): string {
  const lines = connected.get(fixture) ?? new Map<string, { readonly line: string; readonly atMs: number }>();
  connected.set(fixture, lines);
  const known = lines.get(nick);
  if (known !== undefined && fixture.nowMs - known.atMs < 60_000) return known.line;
  const peer = `client ${nick} phone`;
  const line = known === undefined ? peer : `${peer} at ${fixture.nowMs}`;
  fixture.connect(peer, { name: line });
  lines.set(nick, { line, atMs: fixture.nowMs });
  return line;
}

/** Says one thing in the name of somebody who lives there, and gives what is answered; null: nothing is. */
export function ask(fixture: NodeFixture, { method, entity }: BoxPacket, nick = 'bob'): Packet | null {
  const line = lineOf(fixture, nick);
  fixture.hear(line);
  const routing = { _source: channel(nick, 'phone'), _target: `psyc://${home}/$pigeonhole`, _tag: 'x' };
  fixture.sayRaw(line, { routing, entity, method });
  return fixture.hear(line).find(({ routing: { _tag_relay: tag } }) => tag === 'x')?.packet ?? null;
}

/** The code of a refusal, or the method. */
export const codeOf = (packet: Packet | null): string | null => packet?.text('_code') ?? packet?.method ?? null;

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
  return { suite, request, unixMs, depositBits: 1, pause: async () => {} };
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
