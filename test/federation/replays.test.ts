/** Signed words that somebody says again under numbers of his own: the log has them once, and nothing comes of them twice. */
import { expect, test } from '@jest/globals';
import { type Draft, renderRouted } from '../../psyc/render.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import { type Heard, NodeFixture } from './node-fixture.ts';
import { ada, bob, channels, Hall, hall, zoe } from './hall.ts';
import { said } from './said.ts';

/** A signed content under a channel, a number and a tag that its author never gave it. */
function repeated(content: Uint8Array, source: string, counter: number, target = hall): Uint8Array {
  const routing = { _source: source, _target: target, _tag: `again${counter}`, _counter: String(counter) };
  return renderRouted(routing, content);
}

/** The signed content of somebody's next words. */
const content = ({ fixture }: Hall, person: string, draft: Draft): Uint8Array =>
  fixture.sign(channels[person]!, (draft.routing as Record<string, string>)['_target']!, draft);

function rowsOf({ fixture }: Hall, context = hall): number {
  const outcome = fixture.store.perform({ kind: 'read', request: 0, context, after: 0, rowsMax: 99 });
  return outcome.kind === 'rows' ? outcome.rows.length : -1;
}

const answers = (heard: readonly Heard[]): (string | null)[] =>
  heard
    .filter(({ routing, method }) => routing['_context'] === undefined && method !== '_request_keys')
    .map(({ method }) => method);

/** Zoe has said something in the hall; her home has the bytes. */
function spoken(settings: ConstructorParameters<typeof Hall>[1] = {}): { place: Hall; words: Uint8Array } {
  const place = new Hall({}, settings);
  place.enter(ada, bob, zoe);
  const draft = place.draft(zoe, '_message_public');
  const words = content(place, zoe, draft);
  place.fixture.sayBytes(place.server, renderRouted(draft.routing as Record<string, string>, words));
  for (const circuit of [place.server, place.circuits[bob]!]) place.fixture.hear(circuit);
  return { place, words };
}

const side = `${channels[zoe]}-7`;

test.each([
  ['the next number of the channel', channels[zoe]!, 3],
  ['another channel', side, 1],
])(
  'her home says her words again under %s: they are acknowledged, and neither written nor told',
  (_, source, counter) => {
    const { place, words } = spoken();
    const before = rowsOf(place);
    place.fixture.sayBytes(place.server, repeated(words, source, counter));
    expect([rowsOf(place), answers(place.fixture.hear(place.server))]).toEqual([before, ['_echo_message_public']]);
    expect(place.fixture.hear(place.circuits[bob]!)).toEqual([]);
    // What she says next has the number behind it, as her home counts.
    place.fixture.say(place.server, said(source, hall, counter + 1, '_message_public', 'more'));
    expect([rowsOf(place), answers(place.fixture.hear(place.server))]).toEqual([before + 1, ['_echo_message_public']]);
  },
);

test('after a restart as well, and together with what is new', () => {
  const { place, words } = spoken();
  const { store, keys } = place.fixture;
  place.fixture = new NodeFixture({}, { store, keys, life: 2 });
  place.connect();
  const before = rowsOf(place);
  place.fixture.held.store = [];
  // One write is under way; behind it wait, in one write, something new, the old words twice, and something new.
  place.fixture.say(place.circuits[ada]!, place.draft(ada, '_message_public'));
  place.fixture.release();
  place.fixture.held.store = [];
  place.fixture.say(place.circuits[ada]!, place.draft(ada, '_message_public'));
  place.fixture.sayBytes(place.server, repeated(words, side, 1));
  place.fixture.sayBytes(place.server, repeated(words, channels[zoe]!, 3));
  place.fixture.say(place.circuits[bob]!, place.draft(bob, '_message_public'));
  place.fixture.hear(place.circuits[ada]!);
  place.fixture.release();
  expect(rowsOf(place)).toBe(before + 3);
  const told = place.fixture.hear(place.circuits[ada]!).filter(({ routing }) => routing['_context'] === hall);
  expect(told.map(({ routing }) => routing['_counter'])).toEqual([before + 2, before + 3].map(String));
  expect(answers(place.fixture.hear(place.server))).toEqual(['_echo_message_public', '_echo_message_public']);
});

/** A store that writes once without saying so. */
function deafening(): { store: { perform(request: StoreRequest): StoreOutcome }; deafen: () => void } {
  const memory = new MemoryStore();
  let isDeaf = false;
  const perform = (request: StoreRequest): StoreOutcome => {
    const outcome = memory.perform(request);
    const isLost = isDeaf && request.kind === 'write';
    if (isLost) isDeaf = false;
    return isLost ? ({ kind: 'refused', request: request.request, code: '_store_lost' } as const) : outcome;
  };
  return { store: { perform }, deafen: () => (isDeaf = true) };
}

test('what the store wrote and did not answer for is told once, and is no repetition', () => {
  const { store, deafen } = deafening();
  const { place } = spoken({ store });
  const before = rowsOf(place);
  deafen();
  place.fixture.say(place.server, place.draft(zoe, '_message_public'));
  expect(answers(place.fixture.hear(place.server))).toEqual([]);
  place.fixture.pass(60_000);
  expect(rowsOf(place)).toBe(before + 1);
  expect(answers(place.fixture.hear(place.server))).toEqual(['_echo_message_public']);
  const told = place.fixture.hear(place.circuits[bob]!).map(({ routing }) => routing['_counter']);
  expect(told).toEqual([String(before + 1)]);
});

/** The words of zoe, a stranger to ada, said to her; and what ada asks of her home. */
function estranged({ fixture, server }: Hall, words = spokenTo(fixture)): Uint8Array {
  fixture.sayBytes(server, repeated(words, side, 1, ada));
  fixture.connect('client ada phone-1');
  return words;
}
const spokenTo = (fixture: NodeFixture): Uint8Array =>
  fixture.sign(side, ada, said(side, ada, 1, '_message_private_sealed', 'hello'));

function asked({ fixture }: Hall, method: string, entity = {}): (string | null)[] {
  const routing = { _source: `${channels[ada]}-1`, _target: ada, _tag: 'q' };
  fixture.sayRaw('client ada phone-1', { routing, entity, method });
  return fixture.methods('client ada phone-1').filter((one) => one?.includes('stranger') === true);
}

test('a stranger whose row the store wrote without saying so counts as one', () => {
  const { store, deafen } = deafening();
  const { place } = spoken({ store });
  deafen();
  estranged(place);
  place.fixture.pass(60_000);
  expect(asked(place, '_request_strangers')).toEqual(['_status_stranger', '_echo_strangers']);
});

test('a stranger who was answered is none again because her words are brought once more', () => {
  const { place } = spoken();
  const words = estranged(place);
  expect(asked(place, '_request_strangers')).toEqual(['_status_stranger', '_echo_strangers']);
  asked(place, '_request_dismiss', { _uniform: zoe });
  place.fixture.hear(place.server);
  place.fixture.sayBytes(place.server, repeated(words, side, 2, ada));
  expect(answers(place.fixture.hear(place.server))).toEqual(['_echo_message_private_sealed']);
  const { store, keys } = place.fixture;
  for (const life of [1, 2]) {
    if (life === 2) {
      place.fixture = new NodeFixture({}, { store, keys, life });
      place.connect();
      place.fixture.connect('client ada phone-1');
    }
    expect([life, asked(place, '_request_strangers'), rowsOf(place, ada)]).toEqual([life, ['_echo_strangers'], 1]);
  }
});
