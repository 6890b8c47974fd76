/** One node with a plain peer, and circuits without TLS to it; no network, no clock but a number. */
import { encodeText } from '../../psyc/bytes.ts';
import { Parser } from '../../psyc/parse.ts';
import { channel, NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';

export const host = 'old.example';
export const hall = 'psyc://a.example/@hall';
export const zoe = `psyc://${host}/~zoe`;
export const ada = channel('ada', 'phone');

/** A node with one plain peer, and lines of bytes to it. */
export class PlainFixture extends NodeFixture {
  readonly written = new Map<string, string[]>();
  /** Tags that the peer heard. */
  readonly tags: string[] = [];

  constructor() {
    super({}, { options: { plain: new Set([host]) } });
  }

  /** The peer opens a circuit. */
  plain(name: string, hosts: readonly string[] = [host]): void {
    this.watch(name);
    this.tell({ kind: 'opened', circuit: name, exported: null, accepted: true, plain: hosts });
  }

  /** It is authorised. */
  authorized(name: string): void {
    this.plain(name);
    this.sayBytes(name, encodeText('|\n'));
    this.sayRaw(name, {
      routing: { _tag: 'a' },
      entity: { _uniform_source: `psyc://${host}/`, _uniform_target: 'psyc://a.example/' },
      method: '_request_authorization',
    });
  }

  /** Ada has made the hall. */
  founded(): string {
    const client = this.connect('client ada phone');
    this.say(client, said(ada, hall, 1, '_request_context_enter'));
    return client;
  }

  /** Methods that were written there since it was last asked; '' is an empty packet. */
  read(name: string): string[] {
    return this.written.get(name)?.splice(0) ?? [];
  }

  watch(name: string): void {
    const methods: string[] = [];
    const parser = new Parser();
    this.written.set(name, methods);
    this.listen(name, (bytes) => {
      // In PSYC 0.9 it says one thing, and no more.
      if (bytes[0] === 0x2e) return;
      parser.feed(bytes);
      for (let packet = parser.next(); packet !== null; packet = parser.next()) {
        methods.push(packet.method ?? '');
        const tag = packet.ownRoute('_tag');
        if (tag !== undefined) this.tags.push(tag);
      }
    });
  }
}
