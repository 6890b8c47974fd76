/** What does a packet cost, beside the same message as JSON? Bytes to bytes, both in one run. */
import { Parser } from '../psyc/parse.ts';
import { render, renderRouted } from '../psyc/render.ts';
import { decodeUtf8 } from '../server/utf8.ts';
import { type Contender, checksum, measure } from './measure.ts';
import { bodies, type Message, messages } from './messages.ts';

const ROUNDS = 60;

/** The most that a ratio should be. */
const TARGETS = { router: 0.7, everything: 1.1, growth: 1.2 };

// As the server has it: Node's decoder, and chunks that are Buffers.
const parser = new Parser({}, decodeUtf8);

/** A packet as it comes from a socket. */
function parse(bytes: Uint8Array) {
  parser.feed(bytes);
  return parser.next()!;
}

/** What a router looks at: where it goes and what it is; the rest stays ranges. */
function route(bytes: Uint8Array): number {
  const packet = parse(bytes);
  const source = packet.ownRoute('_source') ?? '';
  const target = packet.ownRoute('_target') ?? '';
  const context = packet.ownRoute('_context') ?? '';
  return source.length + target.length + context.length + packet.method!.length + packet.contentEnd;
}

/** The same, and the packet sent on under a routing header of its own. */
function relay(bytes: Uint8Array): number {
  const packet = parse(bytes);
  const _source = packet.ownRoute('_source');
  const _target = packet.ownRoute('_target');
  const _context = packet.ownRoute('_context');
  return renderRouted({ _source, _target, _context }, packet.content).length + packet.method!.length;
}

/** Every name and value as a string, and the body as what it is. */
function readAll(bytes: Uint8Array, binary: boolean): number {
  const packet = parse(bytes);
  let seen = 0;
  for (let i = 0; i < packet.modifierCount; i++) seen += packet.nameOf(i).length + packet.textOf(i).length;
  return seen + packet.method!.length + (binary ? packet.data!.length : packet.dataText.length);
}

function contenders({ draft, psyc, flat, json }: Message): Contender[] {
  const bytes = draft.data instanceof Uint8Array ? Buffer.from(draft.data) : null;
  const binary = bytes !== null;
  const keys = Object.keys(flat);
  const readJson = (): Record<string, string> => JSON.parse(json.toString()) as Record<string, string>;
  const readAllJson = (): number => {
    const parsed = readJson();
    let seen = 0;
    for (const key of keys) seen += key.length + parsed[key]!.length;
    return binary ? seen + Buffer.from(parsed['_data']!, 'base64').length : seen;
  };
  const writeJson = (): number =>
    Buffer.from(JSON.stringify(bytes === null ? flat : { ...flat, _data: bytes.toString('base64') })).length;
  return [
    { name: 'router', work: () => route(psyc) },
    { name: 'everything', work: () => readAll(psyc, binary) },
    { name: 'json', work: readAllJson },
    { name: 'render', work: () => render(draft).length },
    { name: 'json render', work: writeJson },
    { name: 'relay', work: () => relay(psyc) },
    { name: 'json relay', work: () => Buffer.from(JSON.stringify(readJson())).length },
  ];
}

const ns = (value: number): string => value.toFixed(0);
const ratio = (value: number, most?: number): string =>
  value.toFixed(2) + (most !== undefined && value > most ? ' !' : '');

/** A table in Markdown, its columns aligned. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padStart(widths[column]!)).join(' | ')} |`;
  return [line(rows[0]!), line(widths.map((width) => '-'.repeat(width))), ...rows.slice(1).map(line)].join('\n');
}

const parseRows = [
  ['message', 'bytes', 'JSON bytes', 'router ns', 'everything ns', 'JSON ns', 'router/JSON', 'everything/JSON'],
];
const renderRows = [['message', 'render ns', 'JSON ns', 'render/JSON', 'relay ns', 'JSON relay ns', 'relay/JSON']];
for (const message of messages) {
  process.stderr.write(`measuring ${message.name} …\n`);
  const figures = new Map(measure(contenders(message), ROUNDS).map(({ name, nanoseconds }) => [name, nanoseconds]));
  const of = (name: string): number => figures.get(name)!;
  parseRows.push([
    message.name,
    String(message.psyc.length),
    String(message.json.length),
    ns(of('router')),
    ns(of('everything')),
    ns(of('json')),
    ratio(of('router') / of('json'), TARGETS.router),
    ratio(of('everything') / of('json'), TARGETS.everything),
  ]);
  renderRows.push([
    message.name,
    ns(of('render')),
    ns(of('json render')),
    ratio(of('render') / of('json render'), TARGETS.everything),
    ns(of('relay')),
    ns(of('json relay')),
    ratio(of('relay') / of('json relay'), TARGETS.router),
  ]);
}
const [small, large] = measure(
  bodies.map(({ name, psyc }) => ({ name, work: () => route(psyc) })),
  ROUNDS,
).map(({ nanoseconds }) => nanoseconds);
const growth = large! / small!;

/** Nanoseconds a byte when a content without a length trickles in, one byte a chunk. */
function trickle(bytes: number): number {
  const packet = new Uint8Array(bytes + 6).fill(0x78);
  packet.set([0x0a, 0x5f, 0x6d, 0x0a]);
  packet.set([0x0a, 0x7c, 0x0a], bytes + 3);
  const chunks = Array.from(packet, (byte) => Uint8Array.of(byte));
  const work = (): number => {
    let packets = 0;
    for (const chunk of chunks) {
      parser.feed(chunk);
      if (parser.next() !== null) packets++;
    }
    return packets;
  };
  return measure([{ name: '', work }], 5)[0]!.nanoseconds / bytes;
}
const trickles = [4_096, 65_536, 262_000].map((bytes) => [bytes, trickle(bytes)] as const);

process.stdout.write(`Node ${process.version}, ${ROUNDS} interleaved rounds, lower quartiles. "!" marks what is above its target:
router and relay ${TARGETS.router} times JSON, everything and render ${TARGETS.everything}, growth ${TARGETS.growth}.

Parsing. Router: routing variables and method as strings, the rest as ranges. Everything: every name and value as a string.

${table(parseRows)}

Rendering from strings; and relaying: parsed as by the router, rendered again with the content as it came.

${table(renderRows)}

Growth: a 4096-byte body is parsed in ${ratio(growth, TARGETS.growth)} times the time of a 16-byte one (${ns(large!)} and ${ns(small!)} ns).
Fed one byte at a time, data of ${trickles.map(([bytes, each]) => `${bytes} bytes costs ${ns(each)} ns a byte`).join(', ')}.
(checksum ${checksum()})
`);
