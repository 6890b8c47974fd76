/** One node that keeps things for nobody, and people who ask it over circuits as clients do. */
import type { NodeOptions } from '../../federation/events.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Value } from '../../psyc/render.ts';
import type { Suite } from '../../crypto/suite.ts';
import { suite } from '../../server/suite.ts';
import { IdealKeys } from '../../simulator/ideal.ts';
import { channel, NodeFixture } from '../federation/node-fixture.ts';
import type { Settings } from '../federation/node-settings.ts';

export const home = 'a.example';
export const dayMs = 86_400_000;

/** What is asked. */
export interface Asked {
  readonly method: string;
  readonly entity: Readonly<Record<string, Value>>;
}

/** A node with services: circuits are proved by ideal keys, what services check by real ones. */
export function nodeWith(services: Pick<NodeOptions, 'pigeonhole' | 'mailbox'>, settings: Settings = {}): NodeFixture {
  let drawn = 0;
  const keys = settings.keys ?? new IdealKeys((length) => new Uint8Array(length).fill(++drawn));
  const both: Suite = {
    ...keys.suite,
    ed25519Verify: (...signed) => keys.suite.ed25519Verify(...signed) || suite.ed25519Verify(...signed),
  };
  return new NodeFixture({}, { ...settings, keys, options: { ...settings.options, suite: both, ...services } });
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
export function askService(fixture: NodeFixture, service: string, asked: Asked, nick = 'bob'): Packet | null {
  const line = lineOf(fixture, nick);
  fixture.hear(line);
  const routing = { _source: channel(nick, 'phone'), _target: `psyc://${home}/$${service}`, _tag: 'x' };
  fixture.sayRaw(line, { routing, ...asked });
  return fixture.hear(line).find(({ routing: { _tag_relay: tag } }) => tag === 'x')?.packet ?? null;
}

/** The code of a refusal, or the method. */
export const codeOf = (packet: Packet | null): string | null => packet?.text('_code') ?? packet?.method ?? null;
