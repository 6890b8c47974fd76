/** Tickets in a test of one node: made of what their owner alone knows, and what comes back on them in what the node puts out. */
import { hexOf } from '../../crypto/bytes.ts';
import { renderTell } from '../../listener-bots/context-packets.ts';
import { unwrapCell } from '../../onion/envelope.ts';
import { openOnion } from '../../onion/holder.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { forgottenKey, pairOf } from '../../onion/keys.ts';
import { oneTimeTag } from '../../onion/layer.ts';
import { makeTicket, type TicketMemory, undoReply } from '../../onion/ticket.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { b, frame, linked } from './mor-fixture.ts';
import type { NodeFixture } from './node-fixture.ts';
import type { Settings } from './node-settings.ts';

const context = (fixture: NodeFixture) => pairOf(fixture.keys.suite, new Uint8Array(32).fill(99));
/** Unix seconds there. */
const secondsOf = (fixture: NodeFixture): number => Math.floor((beginUnixMs + fixture.nowMs) / 1000);

/** A node that can put cells out: its neighbour has told it a key. Bob lives there. */
export function ready(settings: Settings = {}): NodeFixture {
  const fixture = linked({ ...settings, isUnsafe: true });
  fixture.connect('client bob phone');
  fixture.keys.published.set('psyc://a.example/~bob', fixture.identityOf('bob'));
  fixture.pass(1000);
  frame(fixture, 'tell', renderTell({ publicKey: context(fixture).publicKey, seconds: 86_000, isWide: true }));
  fixture.hear(b);
  return fixture;
}

let tickets = 0;
/** A ticket whose only layer is its owner's. */
export function ticket(fixture: NodeFixture): { ticket: Uint8Array; memory: TicketMemory } {
  const { suite } = fixture.keys;
  const secret = new Uint8Array(32).fill(7);
  new DataView(secret.buffer).setUint32(0, ++tickets);
  const hop = { secret, alpha: forgottenKey(suite, suite.random), delayMs: 0 };
  return makeTicket(suite, [hop], secondsOf(fixture), suite.random);
}

/** Contents that have come back on a ticket in what the node put out meanwhile. */
export function back(fixture: NodeFixture, memories: readonly TicketMemory[], ms = 5_000): Uint8Array[] {
  const { suite } = fixture.keys;
  fixture.pass(ms);
  const known = new KnownKeys(suite, [{ publicKey: context(fixture).publicKey, value: context(fixture) }]);
  const cells = fixture.hear(b).flatMap(({ method, packet }) => (method === '_mor_cell' ? [packet.data!] : []));
  const onions = new Map(
    cells.flatMap((cell) => {
      const unwrapped = unwrapCell(suite, known, cell);
      return unwrapped === null ? [] : [[hexOf(unwrapped.onion), unwrapped.onion] as const];
    }),
  );
  return [...onions.values()].flatMap((onion) =>
    memories.flatMap((memory) => {
      const own = memory.secrets.at(-1)!;
      const oneTime = (tag: Uint8Array) => (suite.equal(tag, oneTimeTag(suite, own)) ? own : null);
      const holder = { oneTime, keys: new KnownKeys<never>(suite, []), users: [] };
      const layer = openOnion(suite, onion, holder, secondsOf(fixture))?.layer;
      const isReply = layer !== undefined && !('refused' in layer) && layer.outcome.kind === 'reply';
      return isReply ? [undoReply(suite, memory, (layer.outcome as { body: Uint8Array }).body)] : [];
    }),
  );
}
