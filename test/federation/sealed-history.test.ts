/** Whatever people do in a members-only place: each row of its log can be read by those who were members there, and by nobody else. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseOne } from '../../circuit/one-packet.ts';
import { parseList } from '../../psyc/list.ts';
import type { Packet } from '../../psyc/packet.ts';
import { renderRouted } from '../../psyc/render.ts';
import { parseOnly } from '../../publication/inner.ts';
import { keyNamed, MEMBERS_METHOD, openAsMember, sealToMembers } from '../../publication/members-only.ts';
import { KEY_METHOD, openKey, readKey, renderKey } from '../../publication/sender-key.ts';
import { suite } from '../../server/suite.ts';
import { ada, bob, channels, Hall, hall, zoe } from './hall.ts';
import { NodeFixture } from './node-fixture.ts';

const people = [ada, bob, zoe, 'psyc://b.example/~yan'];
const fingerprint = new Uint8Array(20);
const device = new Uint8Array(16);
const secretOf = (person: string): Uint8Array => new Uint8Array(32).fill(people.indexOf(person) + 1);
const readerOf = (uniform: string) => ({ uniform, fingerprint, publicKey: suite.x25519PublicKey(secretOf(uniform)) });

/** What the place says of itself to a member: epoch and members. */
function statusFor(place: Hall, person: string): { epoch: number; members: string[] } {
  const circuit = place.circuits[person] ?? place.server;
  place.fixture.hear(circuit);
  const routing = { _source: channels[person]!, _target: hall, _tag: 's' };
  place.fixture.sayRaw(circuit, { routing, method: '_request_context_status' });
  const packet = place.fixture.hear(circuit).find(({ method }) => method === '_status_context')!.packet;
  const list = packet.value('_list_members');
  const members = list === undefined ? [] : parseList(new Uint8Array(list), 'frozen').elements;
  return {
    epoch: Number(packet.text('_epoch') ?? 0),
    members: members.map(({ value }) => new TextDecoder().decode(value)),
  };
}

/** Somebody says a content; whether the place takes it. */
function puts(place: Hall, person: string, content: Uint8Array): boolean {
  const packet = parseOnly(renderRouted([], content));
  const names = ['_epoch', '_counter_key'].filter((name) => packet.text(name) !== undefined);
  const entity = Object.fromEntries(names.map((name) => [name, packet.text(name)!]));
  return place.ask(person, packet.method!, entity, new Uint8Array(packet.data!))?.startsWith('_echo') === true;
}

/** The rows of the log, who was a member at each, and who can read it. */
function audit(place: Hall, said: ReadonlyMap<string, readonly string[]>): void {
  const outcome = place.fixture.store.perform({ kind: 'read', request: 0, context: hall, after: 0, rowsMax: 500 });
  const rows = outcome.kind === 'rows' ? outcome.rows : [];
  const keys = new Map<string, { packet: Packet; author: string }>();
  for (const { packet: bytes } of rows) {
    const packet = parseOne(bytes);
    const author = packet.ownRoute('_source')!.split('#')[0]!;
    if (packet.method === KEY_METHOD) keys.set(`${author} ${packet.text('_epoch')}`, { packet, author });
    if (packet.method !== MEMBERS_METHOD) continue;
    const { epoch, counter } = keyNamed(packet)!;
    const heading = { place: hall, author, device, epoch };
    const boxes = readKey(keys.get(`${author} ${epoch}`)!.packet)!;
    const texts = new Map(
      people.flatMap((person) => {
        const key = openKey(suite, heading, boxes, readerOf(person), secretOf(person));
        const text = key === null ? null : (openAsMember(suite, heading, { key, counter }, packet)?.dataText ?? null);
        return text === null ? [] : [[person, text]];
      }),
    );
    const [text] = texts.values();
    expect([...texts.keys()].sort()).toEqual([...said.get(text ?? '')!].sort());
  }
}

type Step = {
  readonly what: 'enter' | 'leave' | 'kick' | 'say' | 'restart';
  readonly who: number;
  readonly race: number;
};

/** Who is in by what was answered, and what he says: for each text those who were members when it was taken. */
function play(steps: readonly Step[]): void {
  const place = new Hall();
  place.enter(ada, bob);
  place.ask(ada, '_request_context_mode', { _mode: 'members' });
  const said = new Map<string, readonly string[]>();
  let life = 1;
  const move = (what: string, person: string): void => {
    if (person === ada) return;
    if (what === 'leave') place.ask(person, '_request_context_leave');
    else if (what === 'kick') place.act(ada, 'kick', person);
    else if (what === 'enter') {
      place.act(ada, 'invite', person);
      place.enter(person);
    }
  };
  for (const [index, { what, who, race }] of steps.entries()) {
    const person = people[who]!;
    if (what === 'restart') {
      place.fixture = new NodeFixture({}, { store: place.fixture.store, keys: place.fixture.keys, life: ++life });
      place.connect();
    } else if (what !== 'say') move(what, person);
    else {
      const { epoch, members } = statusFor(place, person);
      if (!members.includes(person)) continue;
      const heading = { place: hall, author: person, device, epoch };
      const key = new Uint8Array(32).fill(index + 1);
      // Others come and go between what the place said, the key, and the word.
      if (race === 1) move('kick', people[(who + 1) % people.length]!);
      if (!puts(place, person, renderKey(suite, heading, key, members.map(readerOf))!)) continue;
      if (race === 2) move('enter', people[(who + 1) % people.length]!);
      const text = `word ${index}`;
      const message = { entity: {}, method: '_message_public', data: text };
      if (puts(place, person, sealToMembers(suite, heading, { key, counter: 1 }, message)))
        said.set(text, place.members());
    }
  }
  audit(place, said);
}

test('whoever was a member at a row reads it, and nobody else', () => {
  const step = fc.record({
    what: fc.constantFrom('enter', 'leave', 'kick', 'say', 'say', 'say', 'restart'),
    who: fc.nat(people.length - 1),
    race: fc.nat(4),
  });
  fc.assert(
    fc.property(fc.array(step as fc.Arbitrary<Step>, { minLength: 4, maxLength: 24 }), (steps) => play(steps)),
    { numRuns: 60 },
  );
});
