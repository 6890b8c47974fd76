/** The same messages as PSYC and as flat JSON with the same keys. */
import { render } from '../psyc/render.ts';

/** What a program makes a message from. */
interface Parts {
  readonly routing: Readonly<Record<string, string>>;
  readonly entity: Readonly<Record<string, string>>;
  readonly method: string;
  readonly data?: string | Uint8Array;
}

/** One message in both forms, as bytes and as what a program makes it from. */
export interface Message {
  readonly name: string;
  readonly draft: Parts;
  readonly psyc: Uint8Array;
  readonly flat: Readonly<Record<string, string>>;
  readonly json: Buffer;
}

function message(name: string, draft: Parts): Message {
  const { routing, entity, method, data } = draft;
  // JSON has no bytes: a binary body goes as base64, which is what programs do.
  const flat: Record<string, string> = { ...routing, ...entity, _method: method };
  if (data !== undefined) flat['_data'] = typeof data === 'string' ? data : Buffer.from(data).toString('base64');
  return { name, draft, psyc: Buffer.from(render(draft)), flat, json: Buffer.from(JSON.stringify(flat)) };
}

/** Bytes that are no text, the same at every run. */
const binary = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 151 + 200) % 256);

const body = (length: number): Message =>
  message(`${length}-byte body`, {
    routing: { _source: 'psyc://a.example/~alice', _target: 'psyc://b.example/$mor' },
    entity: { _amount: '1' },
    method: '_message_cell',
    data: binary(length),
  });

/** The bodies whose parsing should cost the same. */
export const bodies: readonly [Message, Message] = [body(16), body(4096)];

/** What a chat server sends all day, and a large body. */
export const messages: readonly Message[] = [
  message('presence', {
    routing: { _context: 'psyc://a.example/~alice' },
    entity: { _degree_availability: '7' },
    method: '_notice_presence_at',
  }),
  message('chat', {
    routing: { _source: 'psyc://a.example/~alice', _target: 'psyc://b.example/@hall' },
    entity: { _nick: 'alice' },
    method: '_message_public',
    data: 'good morning all',
  }),
  message('profile', {
    routing: { _source: 'psyc://a.example/~alice', _target: 'psyc://b.example/~bob' },
    entity: {
      _nick: 'alice',
      _language: 'en',
      _name: 'A. Liddell',
      _page: 'https://www.a.example/~alice',
      _color: '#3bf',
    },
    method: '_status_person',
  }),
  bodies[1],
];
