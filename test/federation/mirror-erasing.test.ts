/** What is kept of a place at a plain peer: so many rows for so many days, and nothing of one that gives way to another. */
import { beforeEach, expect, test } from '@jest/globals';
import { plainLimits } from '../../federation/plain/plain-limits.ts';
import { NodeFixture } from './node-fixture.ts';
import { ada, host, PlainFixture } from './plain-fixture.ts';
import { said } from './said.ts';

const room = `psyc://${host}/@room`;
const dayMs = 86_400_000;
let fixture: PlainFixture;
let client: string;
let counter = 0;
let circuits = 0;

beforeEach(() => {
  fixture = new PlainFixture();
  counter = 0;
  later(0);
  enter(room);
});

/** Time passes, more than circuits last; both come again. */
function later(ms: number): void {
  fixture.pass(ms);
  circuits++;
  fixture.authorized(`plain ${circuits}`);
  client = fixture.connect('client ada phone', { name: `ada ${circuits}` });
}

/** Ada asks to be let in, and the peer does it. */
function enter(place: string): void {
  fixture.say(client, said(ada, place, ++counter, '_request_context_enter'));
  const routing = { _source: place, _target: 'psyc://a.example/~ada', _tag_relay: fixture.tags.at(-1) ?? '' };
  fixture.sayRaw(`plain ${circuits}`, { routing, method: '_echo_place_enter' });
}

function hears(text: string): void {
  const routing = { _context: room, _source_relay: `psyc://${host}/~zoe` };
  fixture.sayRaw(`plain ${circuits}`, { routing, method: '_message_public', data: text });
}

/** Texts of the packets in the log of a mirror. */
function stored(store = fixture.store): string[] {
  const rows: string[] = [];
  for (;;) {
    const asked = { kind: 'read', request: 0, context: room, after: rows.length, rowsMax: 500 } as const;
    const outcome = store.perform(asked);
    if (outcome.kind !== 'rows' || outcome.rows.length === 0) return rows;
    rows.push(...outcome.rows.map(({ packet }) => new TextDecoder().decode(packet)));
  }
}
const words = (): number => stored().filter((text) => text.includes('hello')).length;

/** The next life of the node, with the same store. */
const restarted = (): NodeFixture =>
  new NodeFixture({}, { store: fixture.store, keys: fixture.keys, life: 2, options: { plain: new Set([host]) } });

/** What a page of history says: numbers of its rows, and its end. */
function history(after: number): (string | undefined)[] {
  fixture.hear(client);
  const routing = { _source: ada, _target: room, _tag: 'h' };
  fixture.sayRaw(client, { routing, entity: { _after: String(after) }, method: '_request_history' });
  return fixture.hear(client).map(({ method, routing: { _counter }, packet }) => {
    return method === '_echo_history' ? `end ${packet.text('_after')} ${packet.text('_sequence_erased')}` : _counter;
  });
}

test('what is too old goes, and a member is told which rows; also while nobody is there, and over a restart', () => {
  hears('hello');
  fixture.say(client, said(ada, room, ++counter, '_message_public', 'hello'));
  later((plainLimits.plainMirrorDaysMax - 1) * dayMs);
  hears('hello later');
  expect([words(), history(0)]).toEqual([3, ['1', '2', '3', '4', 'end 4 undefined']]);
  later(1.1 * dayMs);
  expect([words(), history(0)]).toEqual([1, ['4', 'end 4 3']]);
  fixture.say(client, said(ada, room, ++counter, '_request_context_leave'));
  restarted().pass((plainLimits.plainMirrorDaysMax * 2 + 1) * dayMs);
  expect([stored().length, words()]).toEqual([5, 0]);
});

test('one of whose rows nothing is left, and where none of ours is, does not wake with its node', () => {
  const duties = (): unknown => {
    const asked = { kind: 'members', request: 0, context: 'psyc://a.example', above: '', rowsMax: 9 } as const;
    const outcome = fixture.store.perform(asked);
    return outcome.kind === 'members' && outcome.members.map(({ name }) => name).filter((name) => name === room);
  };
  expect(duties()).toEqual([room]);
  later((plainLimits.plainMirrorDaysMax + 1) * dayMs);
  expect(duties()).toEqual([room]);
  fixture.say(client, said(ada, room, ++counter, '_request_context_leave'));
  later((plainLimits.plainMirrorDaysMax + 1) * dayMs);
  expect(duties()).toEqual([]);
});

test('rows over the limit are hidden at once, and go in pieces', () => {
  const { plainMirrorRowsMax } = plainLimits;
  for (let at = 0; at < plainMirrorRowsMax + 70; at++) {
    // The peer says no more than it may in a second.
    if (at % plainLimits.plainPacketsPerSecond === 0) fixture.pass(1_000);
    hears('hello');
  }
  later(0);
  expect(history(0).at(-1)).toBe('end 171 71');
  expect(words()).toBe(plainMirrorRowsMax + 70 - 63);
});

test('one without any of ours gives way to another, and then nothing of it is kept', () => {
  hears('hello');
  fixture.say(client, said(ada, room, ++counter, '_request_context_leave'));
  for (let at = 1; at < plainLimits.plainMirrorsMax; at++) enter(`psyc://${host}/@room${at}`);
  expect(words()).toBe(1);
  enter(`psyc://${host}/@more`);
  expect(words()).toBe(0);
  enter(room);
  expect(fixture.methods(client).at(-1)).toBe('_failure_excessive_entities');
});
