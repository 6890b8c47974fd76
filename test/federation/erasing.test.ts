/** What a place does not keep: rows past its limits, and what an owner clears; nobody who is behind is held up by that. */
import { beforeEach, expect, test } from '@jest/globals';
import { ada, bob, channels, Hall, hall, zoe } from './hall.ts';
import { NodeFixture } from './node-fixture.ts';

let place: Hall;
beforeEach(() => {
  place = new Hall();
  place.enter(ada, bob, zoe);
});

/** Texts of the packets in the log. */
function stored(): string[] {
  const outcome = place.fixture.store.perform({ kind: 'read', request: 0, context: hall, after: 0, rowsMax: 500 });
  return outcome.kind === 'rows' ? outcome.rows.map(({ packet }) => new TextDecoder().decode(packet)) : [];
}
const erased = (): number => stored().filter((text) => text.includes('_notice_context_erased')).length;
const limit = (entity: Record<string, string>): string | null => place.ask(ada, '_request_context_limit', entity);
const clear = (row: number): string | null => place.ask(ada, '_request_context_clear', { _sequence: String(row) });

/** What a page of history says: numbers of its rows, and its end. */
function history(after: number): (string | undefined)[] {
  const circuit = place.circuits[ada]!;
  place.fixture.hear(circuit);
  place.fixture.sayRaw(circuit, {
    routing: { _source: channels[ada]!, _target: hall, _tag: 'h' },
    entity: { _after: String(after) },
    method: '_request_history',
  });
  return place.fixture.hear(circuit).map(({ method, routing, packet }) => {
    return method === '_echo_history'
      ? `end ${packet.text('_after')} ${packet.text('_sequence')} ${packet.text('_sequence_erased')}`
      : routing['_counter'];
  });
}

test('what is cleared is out of the store at once, and its numbers are not used again', () => {
  place.ask(bob, '_message_public');
  place.ask(bob, '_message_public');
  expect(stored().filter((text) => text.includes('hello'))).toHaveLength(2);
  expect([clear(99), clear(4)]).toEqual(['_invalid_act_missing_row', '_echo_context_clear']);
  expect([erased(), stored().filter((text) => text.includes('hello')).length]).toEqual([4, 1]);
  expect(history(0)).toEqual(['5', '6', 'end 6 6 4']);
  expect([place.ask(bob, '_message_public'), history(6)]).toEqual(['_echo_message_public', ['7', 'end 7 7 4']]);
});

test('what was said is not taken for new when its words are erased, after a restart too', () => {
  const draft = place.draft(bob, '_message_public');
  const circuit = place.circuits[bob]!;
  place.fixture.say(circuit, draft);
  clear(4);
  const next = new NodeFixture({}, { store: place.fixture.store, keys: place.fixture.keys, life: 2 });
  const again = next.connect('client bob phone');
  next.say(again, draft);
  expect(next.methods(again)).toEqual(['_echo_message_public']);
  expect(stored()).toHaveLength(5);
});

test('a limit of rows hides at once and erases in pieces; the numbers go on', () => {
  expect(limit({ _amount_rows: '3' })).toBe('_echo_context_limit');
  for (let index = 0; index < 80; index++) place.ask(bob, '_message_public');
  expect(history(0)).toEqual(['82', '83', '84', 'end 84 84 81']);
  expect(erased()).toBe(64);
  expect(limit({})).toBe('_echo_context_limit');
  // A new limit brings nothing back.
  expect(history(0).at(-1)).toBe('end 85 85 81');
});

test('a limit of days is kept while nobody is there, and over a restart', () => {
  place.ask(bob, '_message_public');
  limit({ _amount_days: '2' });
  place.fixture.pass(86_400_000);
  expect(erased()).toBe(0);
  const next = new NodeFixture({}, { store: place.fixture.store, keys: place.fixture.keys, life: 2 });
  next.pass(3 * 86_400_000);
  expect(erased()).toBe(5);
});

test('a domain that was away while rows were erased gets the rest, and is told', () => {
  const { fixture, server } = place;
  fixture.hear(server);
  fixture.tell({ kind: 'ended', circuit: server });
  for (let index = 0; index < 40; index++) place.ask(bob, '_message_public');
  clear(40);
  const again = fixture.connect('server b.example', { name: 'again' });
  const seen: string[] = [];
  for (let round = 0; round < 60; round++) {
    for (const { method, routing } of fixture.hear(again)) {
      if (routing['_context'] !== hall) continue;
      seen.push(`${routing['_counter']} ${method} ${routing['_source_relay'] ?? ''}`);
      const answer = { _source: 'psyc://b.example', _target: hall };
      fixture.sayRaw(again, { routing: answer, entity: { _sequence: routing['_counter']! }, method: '_echo_context' });
    }
  }
  const numbers = [...new Set(seen.map((line) => Number(line.split(' ')[0])))];
  expect(numbers.at(-1)).toBe(44);
  expect(seen.filter((line) => line.startsWith('40 '))).toEqual(['40 _notice_context_erased ']);
  expect(seen.at(-1)).toMatch(/^44 _request_context_clear psyc:/);
});
