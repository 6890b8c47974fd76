/** A place whose owner is ada, and the people who come there. */
import type { Draft } from '../../psyc/render.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

export const hall = 'psyc://a.example/@hall';
export const ada = 'psyc://a.example/~ada';
export const bob = 'psyc://a.example/~bob';
export const zoe = 'psyc://b.example/~zoe';
export const yan = 'psyc://b.example/~yan';
export const channels: Record<string, string> = {
  [ada]: channel('ada', 'phone'),
  [bob]: channel('bob', 'phone'),
  [zoe]: channel('zoe', 'desk', 'b.example'),
  [yan]: channel('yan', 'desk', 'b.example'),
};

/** The hall, with ada as its owner; bob and the people of b.example may come. */
export class Hall {
  fixture: NodeFixture;
  readonly circuits: Record<string, string> = {};
  server = '';
  readonly #counters = new Map<string, number>();

  constructor(
    limits: ConstructorParameters<typeof NodeFixture>[0] = {},
    settings: ConstructorParameters<typeof NodeFixture>[1] = {},
  ) {
    this.fixture = new NodeFixture(limits, settings);
    this.connect();
  }

  connect(): void {
    this.circuits[ada] = this.fixture.connect('client ada phone');
    this.circuits[bob] = this.fixture.connect('client bob phone');
    this.server = this.fixture.connect('server b.example');
  }

  draft(person: string, method: string, entity: Record<string, string> = {}, content?: Uint8Array): Draft {
    const counter = (this.#counters.get(person) ?? 0) + 1;
    this.#counters.set(person, counter);
    const data = method.startsWith('_message') ? 'hello' : null;
    return { ...said(channels[person] ?? '', hall, counter, method, data), entity, ...(content && { data: content }) };
  }

  /** Somebody asks; what he is answered: the method, or the code. */
  ask(person: string, method: string, entity: Record<string, string> = {}, content?: Uint8Array): string | null {
    const circuit = this.circuits[person] ?? this.server;
    this.fixture.hear(circuit);
    this.fixture.say(circuit, this.draft(person, method, entity, content));
    const isAnswer = (routing: Record<string, string>): boolean =>
      routing['_context'] === undefined && routing['_target'] === channels[person];
    const answer = this.fixture.hear(circuit).find(({ routing }) => isAnswer(routing));
    const code = answer?.packet.text('_code') ?? answer?.method ?? null;
    // The number of what is refused is not used up.
    if (answer?.packet.text('_code') !== undefined) this.#counters.set(person, this.#counters.get(person)! - 1);
    return code;
  }

  act(person: string, kind: string, whom: string): string | null {
    return this.ask(person, `_request_context_${kind}`, { _uniform_member: whom });
  }

  enter(...persons: string[]): (string | null)[] {
    return persons.map((person) => this.ask(person, '_request_context_enter'));
  }

  members(): string[] {
    const outcome = this.fixture.store.perform({ kind: 'members', request: 0, context: hall, above: '', rowsMax: 99 });
    return outcome.kind === 'members' ? outcome.members.map(({ name }) => name) : [];
  }

  record(name: string): string {
    const outcome = this.fixture.store.perform({ kind: 'records', request: 0, context: hall });
    const found = outcome.kind === 'records' ? outcome.records.find((record) => record.name === name) : undefined;
    return new TextDecoder().decode(found?.value);
  }
}
