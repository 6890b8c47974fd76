/** Copies of cells for several devices of one person: each hears what it wishes for, and none ends another's wish. */
import { expect, test } from '@jest/globals';
import { bareCell, envelopeFiller } from '../../onion/cell.ts';
import { frame, linked, mor } from './mor-fixture.ts';
import { channel, type NodeFixture } from './node-fixture.ts';

let cells = 0;
/** One that nobody has heard, and the hint of its onion. */
function cellOf({ keys: { suite } }: NodeFixture): { readonly cell: Uint8Array; readonly hint: Uint8Array } {
  const cell = bareCell(suite.random(4000), envelopeFiller(suite, suite.random));
  cell[127]! &= 0x7f;
  // What chance there is here repeats itself.
  new DataView(cell.buffer).setUint32(128, ++cells);
  return { cell, hint: cell.slice(128, 144) };
}

test('two devices of one person wish for different tags: both hear theirs, and neither is answered before there is something', () => {
  const fixture = linked();
  const devices = ['phone', 'desk'] as const;
  const asks = (device: string, hint: Uint8Array): (string | null)[] => {
    const circuit = `client bob ${device}`;
    fixture.hear(circuit);
    const routing = { _source: channel('bob', device), _target: mor, _tag: 'x' };
    fixture.sayRaw(circuit, { routing, entity: { _hints: hint }, method: '_request_mor_copies' });
    return fixture.methods(circuit);
  };
  const wished = devices.map((device) => {
    fixture.connect(`client bob ${device}`);
    return { device, ...cellOf(fixture) };
  });
  // Again and again, as clients do.
  for (let round = 0; round < 3; round++)
    for (const { device, hint } of wished) expect(asks(device, hint)).not.toContain('_echo_mor_copies');
  expect(fixture.queue('watched tags')).toBe(2);
  for (const { device } of wished) fixture.hear(`client bob ${device}`);
  for (const { cell } of wished) frame(fixture, 'cell', cell);
  for (const { device, cell } of wished) {
    const copies = fixture
      .hear(`client bob ${device}`)
      .flatMap(({ packet, method }) => (method === '_status_mor_copy' ? [packet.value('_cell')] : []));
    expect(copies).toEqual([cell]);
  }
});

test('of one person four channels hear, and a fifth is refused; when one has been silent there is room', () => {
  const fixture = linked();
  const asks = (device: string): (string | null)[] => {
    const circuit = `client bob ${device}`;
    fixture.hear(circuit);
    const routing = { _source: channel('bob', device), _target: mor, _tag: 'x' };
    fixture.sayRaw(circuit, { routing, method: '_request_mor_copies' });
    return fixture.methods(circuit).filter((method) => method?.includes('_mor_') === true);
  };
  const all = ['phone', 'phone-1', 'desk', 'tablet', 'tablet-1'];
  for (const device of all) fixture.connect(`client bob ${device}`);
  expect(all.map(asks)).toEqual([[], [], [], [], ['_failure_mor_excessive_watches']]);
  fixture.pass(40_000);
  expect(asks('tablet-1')).toEqual([]);
});
