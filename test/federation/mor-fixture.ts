/** A node with a listener and one link: what it is told in frames, and what comes out of cells there. */
import { expect } from '@jest/globals';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { openCell } from '../../listener-bots/opening.ts';
import { bareCell, envelopeFiller } from '../../onion/cell.ts';
import { newPair, pairOf } from '../../onion/keys.ts';
import { sealOnion } from '../../onion/seal.ts';
import { sizes } from '../../onion/sizes.ts';
import { beginUnixMs } from '../../simulator/scenes/circuit-end.ts';
import { NodeFixture } from './node-fixture.ts';
import type { Settings } from './node-settings.ts';

/** The node, its peer's circuit, and its listener. */
export const a = 'a.example';
export const b = 'server b.example';
export const mor = `psyc://${a}/$mor`;
/** A cell of nothing. */
export const zeros = new Uint8Array(sizes.cell);

/** A node whose listener has begun. */
export function begun(links: readonly string[] = [], settings: Settings = {}): NodeFixture {
  const options = { ...settings.options, mor: { limits: listenerLimits, links, unsafe: settings.isUnsafe === true } };
  const fixture = new NodeFixture({}, { ...settings, options });
  fixture.tell({ kind: 'mor', event: { kind: 'loaded', tags: [], marks: [], slots: [] } });
  return fixture;
}

/** The peer takes it as a member. */
export const notice = (fixture: NodeFixture, source = 'psyc://b.example'): void =>
  fixture.sayRaw(b, { routing: { _source: source, _target: `psyc://${a}` }, method: '_notice_mor' });

/** The peer sends a frame. */
export const frame = (fixture: NodeFixture, kind = 'idle', data: Uint8Array = zeros, domain = 'b.example'): void =>
  fixture.sayRaw(b, { routing: { _context: `psyc://${domain}/$mor` }, method: `_mor_${kind}`, data });

/** The same with a link to b.example. */
export function linked(settings: Settings = {}): NodeFixture {
  const fixture = begun([], settings);
  fixture.connect(b);
  notice(fixture);
  fixture.hear(b);
  return fixture;
}

/** Everything that comes out of a cell for this node with such a content. */
export function comeOut(fixture: NodeFixture, content: Uint8Array): void {
  const { suite } = fixture.keys;
  const nowSeconds = Math.floor((beginUnixMs + fixture.nowMs) / 1000);
  const pair = pairOf(suite, new Uint8Array(32).fill(77));
  const keys = [{ pair, beginsMs: 0, endsMs: Number.MAX_SAFE_INTEGER }];
  fixture.tell({ kind: 'mor', event: { kind: 'keys', keys } });
  const whom = { kind: 'server', key: pair.publicKey, pair: newPair(suite, suite.random) } as const;
  const route = [{ whom, delayMs: 0, isDeposit: false }];
  const { onion } = sealOnion(suite, route, 'exit', content, nowSeconds, suite.random);
  fixture.mor.splice(0);
  frame(fixture, 'cell', bareCell(onion, envelopeFiller(suite, suite.random)));
  const [open] = fixture.mor.splice(0);
  if (open?.kind !== 'open') throw new Error('nothing was to be opened');
  const { job } = open;
  fixture.tell({ kind: 'mor', event: { kind: 'opened', job: job.job, found: openCell(suite, job) } });
  const [remember] = fixture.mor.splice(0);
  if (remember?.kind !== 'remember') throw new Error('nothing was to be remembered');
  expect(remember.batch.tags).toHaveLength(1);
  fixture.tell({ kind: 'mor', event: { kind: 'remembered', batch: remember.batch.batch, isDurable: true } });
}
