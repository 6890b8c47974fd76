/** `p3do packet`: what the parser sees in a stream of packets, so that other implementations can be held against it. docs/spec/psyc.md#packet */
import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import { decodeTextStrict } from '../psyc/bytes.ts';
import { PsycError } from '../psyc/error.ts';
import type { Modifier, Packet } from '../psyc/packet.ts';
import { Parser } from '../psyc/parse.ts';
import { renderCanonical, renderVerbatim } from '../psyc/render.ts';
import { decodeUtf8 } from '../server/utf8.ts';

interface Options {
  readonly canonical?: true;
  readonly json?: true;
  readonly split?: number;
}

/** Adds the options, the page and the action of `p3do packet`. */
export function register(command: Command): void {
  command
    .option(
      '--canonical',
      'render each packet our way (docs/spec/psyc.md): lengths only where they are needed or a value has over 9 bytes',
    )
    .option('--json', 'one line of JSON for each packet; bytes that are not UTF-8 as {"base64": …}')
    .option('--split <bytes>', 'feed the parser so many bytes at a time', pieceBytes)
    .addHelpText(
      'after',
      `
Reads PSYC 1.0 packets on standard input and writes every valid one again, byte for byte. It checks
syntax only, not which variables may be routed. An error is told with its code and byte offset on
standard error (with --json also as a last line {"error": …, "offset": …}); the exit code is then 1.

Each line of --json is an object: offset and bytes (where the packet stands in the input), routing and
entity (lists of {operator, name, value}), sync ("=" or "?", only where there is such a line), method
and data (null where there is none).

Examples:
  $ printf ':_target\\tpsyc://b.example/@hall\\n\\n_message_public\\nhi\\n|\\n' | p3do packet --json
  $ p3do packet --split 1 < packets | cmp - packets`,
    )
    .action(async (options: Options) => {
      if (options.canonical && options.json) command.error('--canonical and --json exclude each other');
      await readPackets(options);
    });
}

function pieceBytes(text: string): number {
  const bytes = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(bytes) || bytes === 0) {
    throw new InvalidArgumentError('It takes a whole number of bytes, 1 or more.');
  }
  return bytes;
}

async function readPackets({ canonical, json, split }: Options): Promise<void> {
  if (process.stdin.isTTY) process.stderr.write('p3do packet: reading packets from the terminal; Ctrl-D ends them\n');
  const form: (packet: Packet, offset: number) => Uint8Array = json
    ? (packet, offset) => Buffer.from(line(describePacket(packet, offset)))
    : canonical
      ? renderCanonical
      : renderVerbatim;
  const parser = new Parser({}, decodeUtf8);
  let output: Uint8Array[] = [];
  let count = 0;
  let offset = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
      for (const piece of pieces(chunk, split)) {
        parser.feed(piece);
        for (let packet = parser.next(); packet !== null; packet = parser.next()) {
          output.push(form(packet, offset));
          offset += packet.length;
          count++;
        }
      }
      await write(output);
      output = [];
    }
    parser.end();
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    await write(output);
    if (json) await write([Buffer.from(line({ error: error.code, offset: error.offset }))]);
    process.stderr.write(
      `p3do packet: ${error.code} at byte ${error.offset}, in packet ${count + 1}: ${error.message}\n`,
    );
    process.exitCode = 1;
    process.stdin.destroy();
  }
}

function* pieces(chunk: Uint8Array, size: number | undefined): Generator<Uint8Array> {
  for (let at = 0; at < chunk.length; at += size ?? chunk.length) yield chunk.subarray(at, at + (size ?? chunk.length));
}

/** Writes a chunk's packets together, and waits when the reader is slower than we are. */
async function write(output: readonly Uint8Array[]): Promise<void> {
  if (output.length > 0 && !process.stdout.write(Buffer.concat(output))) await once(process.stdout, 'drain');
}

/** JSON on a line. Control characters that JSON lets stand are escaped: a terminal might obey them. */
function line(value: object): string {
  const escape = (control: string) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(value).replace(/[\u007f-\u009f]/g, escape)}\n`;
}

/** A packet for --json: `offset` and `bytes` say where it stood. */
function describePacket(packet: Packet, offset: number): object {
  const { routing, sync, entity, method, data } = packet;
  return {
    offset,
    bytes: packet.length,
    routing: routing.map(describeModifier),
    ...(sync === '' ? {} : { sync }),
    entity: entity.map(describeModifier),
    method,
    data: data && describeBytes(data),
  };
}

const describeModifier = ({ operator, name, value }: Modifier) => ({ operator, name, value: describeBytes(value) });

const describeBytes = (bytes: Uint8Array) =>
  decodeTextStrict(bytes) ?? { base64: Buffer.from(bytes).toString('base64') };
