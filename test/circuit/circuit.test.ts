/** A circuit's end: greeting, packets at every split, persistent variables, every way to end, and its limits. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Circuit, type CircuitEffect, newCircuit, stepCircuit } from '../../circuit/circuit.ts';
import { type CircuitLimits, circuitLimits } from '../../circuit/limits.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { limits as wireLimits } from '../../psyc/limits.ts';
import { renderRouted } from '../../psyc/render.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (part: Uint8Array): string => new TextDecoder().decode(part);

/** Effects as short lines: a packet is its routing and method, since its bytes are gone after the step. */
function lines(effects: readonly CircuitEffect[]): string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'write':
        return `write ${text(effect.bytes)}`;
      case 'packet':
        return `packet ${[...effect.routing].map(([name, value]) => `${name}=${value}`).join(' ')} ${effect.packet.method} ${effect.packet.dataText}`;
      case 'timer':
        return `timer ${effect.delayMs}`;
      case 'closed':
        return `closed ${effect.code}`;
      default:
        return effect.kind;
    }
  });
}

/** An accepted circuit, open since 0. */
function accepted(limits: CircuitLimits = circuitLimits): Circuit {
  const circuit = newCircuit(true, limits);
  stepCircuit(circuit, { kind: 'opened' }, 0);
  return circuit;
}

const feed = (circuit: Circuit, part: string, nowMs = 1): string[] =>
  lines(stepCircuit(circuit, { kind: 'bytes', bytes: bytes(part) }, nowMs));

test('who dials greets at once and is ready; who accepts greets when greeted', () => {
  const dialling = newCircuit(false);
  expect(lines(stepCircuit(dialling, { kind: 'dialled' }, 0))).toEqual([`timer ${circuitLimits.openingMsMax}`]);
  expect(lines(stepCircuit(dialling, { kind: 'opened' }, 5))).toEqual([
    'write |\n',
    'ready',
    `timer ${circuitLimits.keepAliveMs}`,
  ]);
  const accepting = newCircuit(true);
  expect(lines(stepCircuit(accepting, { kind: 'opened' }, 5))).toEqual([`timer ${circuitLimits.greetingMsMax}`]);
  expect(feed(accepting, '|')).toEqual(['write |\n']);
  // The keep-alive is armed now, and not when the greeting would have been late.
  expect(feed(accepting, '\n')).toEqual(['ready', `timer ${circuitLimits.keepAliveMs}`]);
  expect(feed(accepting, '|\n|\n')).toEqual([]);
});

test('to who dials nobody need greet: psyced begins with a packet; PSYC 0.9 is an error there too', () => {
  const dialler = (): Circuit => {
    const circuit = newCircuit(false);
    stepCircuit(circuit, { kind: 'opened' }, 0);
    return circuit;
  };
  const greeting = ':_source\tpsyc://b.example/\n\n_notice_circuit_established\nhi\n|\n';
  for (let at = 0; at <= greeting.length; at++) {
    const circuit = dialler();
    expect([...feed(circuit, greeting.slice(0, at)), ...feed(circuit, greeting.slice(at))]).toEqual([
      'packet _source=psyc://b.example/ _notice_circuit_established hi',
    ]);
  }
  const circuit = dialler();
  expect(feed(circuit, '|\n|\n')).toEqual([]);
  expect(circuit.heardFirst).toBe(true);
  expect(feed(dialler(), '.\n').slice(-2)).toEqual(['close', 'closed _obsolete_syntax']);
  expect(feed(dialler(), 'HTTP/1.1 400\r\n').slice(-2)).toEqual(['close', 'closed _invalid_line']);
});

test('each packet comes with the way it is to be delivered', () => {
  const deliveries = stepCircuit(
    accepted(),
    {
      kind: 'bytes',
      bytes: bytes(
        '|\n\n_a\n|\n:_source\ts\n\n_a\n|\n:_target\tt\n\n_a\n|\n:_context\tc\n\n_a\n|\n:_context\tc\n:_target\tt\n\n_a\n|\n',
      ),
    },
    1,
  ).flatMap((effect) => (effect.kind === 'packet' ? [effect.delivery] : []));
  expect(deliveries).toEqual(['circuit', 'root', 'unicast', 'multicast', 'member']);
});

const conversation = [
  '|\n',
  '=_source\tpsyc://b.example/~bob\n=_target\tpsyc://a.example/@hall\n:_tag\t1\n\n_message_public\nhi\n|\n',
  ':_tag\t2\n7\n_a\nb\n|\n|\n',
  '|\n',
  ':_target\tpsyc://a.example/~ada\n|\n',
  '=_target\t\n:_counter\t3\n\n_message\n\n|\n',
  '\n_request_features\n|\n',
].join('');
const understood = [
  'write |\n',
  'ready',
  `timer ${circuitLimits.keepAliveMs}`,
  'packet _source=psyc://b.example/~bob _target=psyc://a.example/@hall _tag=1 _message_public hi',
  'packet _source=psyc://b.example/~bob _target=psyc://a.example/@hall _tag=2 _a b\n|',
  'packet _source=psyc://b.example/~bob _target=psyc://a.example/~ada null ',
  'packet _source=psyc://b.example/~bob _counter=3 _message ',
  'packet _source=psyc://b.example/~bob _request_features ',
];

test('packets are the same at every split, and persistent variables hold until they are changed', () => {
  for (let at = 0; at <= conversation.length; at++) {
    const circuit = accepted();
    expect([...feed(circuit, conversation.slice(0, at)), ...feed(circuit, conversation.slice(at))]).toEqual(understood);
  }
  const one = accepted();
  expect(Array.from(conversation).flatMap((byte) => feed(one, byte))).toEqual(understood);
});

test.each<[string, string, string, number]>([
  ['a name that is none', '|\n:\tx\n', '_invalid_name', 3],
  ['a line that is none', '|\nhello\n', '_invalid_line', 2],
  ['an entity name in the routing header', '|\n:_nick\tx\n\n_m\n|\n', '_foreign_name_in_routing', 2],
  ['the same variable twice', '|\n|\n:_tag\t1\n:_tag\t2\n|\n', '_duplicate_routing', 12],
  ['a routing name in the entity header', '|\n:_tag\t1\n\n:_source\tx\n_m\n|\n', '_routing_name_in_entity', 11],
  ['a source together with a context', '|\n:_source\ta\n:_context\tb\n\n_m\n|\n', '_invalid_usage', 2],
  [
    'the same, the one now and the other before',
    '|\n=_context\tb\n\n_m\n|\n:_source\ta\n\n_m\n|\n',
    '_invalid_usage',
    20,
  ],
  ['a greeting that is none', 'GET / HTTP/1.1\r\n', '_circuit_invalid_greeting', 0],
  ['TLS where none is spoken', '\u0016\u0003\u0001', '_circuit_invalid_greeting', 0],
  ['PSYC 0.9 after a greeting', '|\n.\n', '_obsolete_syntax', 2],
])('%s: one error packet with code and offset, then the end, at every split', (_, input, code, offset) => {
  for (let at = 0; at <= input.length; at++) {
    const circuit = accepted();
    const effects = [...feed(circuit, input.slice(0, at)), ...feed(circuit, input.slice(at))];
    expect(effects.slice(-2)).toEqual(['close', `closed ${code}`]);
    const error = parseOne(bytes(effects.at(-3)!.slice('write '.length)));
    expect(error.method).toBe(`_error${code}`);
    expect(error.text('_code')).toBe(code);
    expect(error.text('_offset')).toBe(String(offset));
    expect(effects.filter((line) => line === 'write |\n')).toHaveLength(1);
    expect(feed(circuit, '|\n')).toEqual([]);
    expect(lines(stepCircuit(circuit, { kind: 'failed' }, 9))).toEqual([]);
  }
});

test('PSYC 0.9 is answered in its own syntax', () => {
  const circuit = accepted();
  expect(feed(circuit, '.\n')).toEqual([
    'write .\n\n_error_obsolete_syntax\nThis server speaks PSYC 1.0 only.\n.\n',
    'close',
    'closed _obsolete_syntax',
  ]);
});

test('an end between packets is an end, inside one it is _truncated, and a break is a break', () => {
  const end = (part: string, kind: 'ended' | 'failed'): string[] => {
    const circuit = accepted();
    feed(circuit, part);
    return lines(stepCircuit(circuit, { kind }, 2));
  };
  expect(end('|\n', 'ended')).toEqual(['close', 'closed _circuit_ended']);
  expect(end('|\n:_tag\t', 'ended')).toEqual(['close', 'closed _truncated']);
  expect(end('|\n', 'failed')).toEqual(['closed _circuit_lost']);
});

test('deadlines: opening, greeting, idle; keep-alives in between', () => {
  const { openingMsMax, greetingMsMax, idleMsMax, keepAliveMs } = circuitLimits;
  const tick = (circuit: Circuit, nowMs: number): string[] => lines(stepCircuit(circuit, { kind: 'timer' }, nowMs));
  const dialling = newCircuit(false);
  stepCircuit(dialling, { kind: 'dialled' }, 100);
  expect(tick(dialling, 100 + openingMsMax - 1)).toEqual(['timer 1']);
  expect(tick(dialling, 100 + openingMsMax)).toEqual(['close', 'closed _circuit_timeout_opening']);
  const silent = accepted();
  expect(tick(silent, greetingMsMax).slice(-1)).toEqual(['closed _circuit_timeout_greeting']);
  const circuit = accepted();
  // The timer that is armed, not one that the test calls by itself: it replaces the greeting's.
  expect(feed(circuit, '|\n', 10)).toEqual(['write |\n', 'ready', `timer ${keepAliveMs}`]);
  expect(tick(circuit, 10 + keepAliveMs)).toEqual([`timer ${keepAliveMs}`]);
  stepCircuit(circuit, { kind: 'drained', bytes: 2 }, 11);
  expect(tick(circuit, 10 + 2 * keepAliveMs)).toEqual(['write |\n', `timer ${keepAliveMs}`]);
  // Bytes that never become a packet do not keep a circuit alive.
  feed(circuit, ':_tag\tdribble', 10 + idleMsMax - 1);
  expect(tick(circuit, 10 + idleMsMax).slice(-1)).toEqual(['closed _circuit_timeout_idle']);
});

test('a packet that would pass the limit of unsent bytes is refused, and all after it, until there is room again', () => {
  const circuit = accepted({ ...circuitLimits, unsentBytesMax: 1000 });
  const send = (size: number): string =>
    lines(stepCircuit(circuit, { kind: 'send', bytes: new Uint8Array(size).fill(0x3a) }, 1))[0]!.slice(0, 7);
  const drain = (count: number): string[] => lines(stepCircuit(circuit, { kind: 'drained', bytes: count }, 1));
  expect(send(1)).toBe('refused');
  feed(circuit, '|\n');
  // The small one must not overtake the large one that found no room.
  expect([send(600), send(400), send(10)]).toEqual(['write :', 'refused', 'refused']);
  expect(drain(50)).toEqual([]);
  expect(send(10)).toBe('refused');
  expect(drain(100)).toEqual(['writable']);
  expect(drain(100)).toEqual([]);
  expect(send(400)).toBe('write :');
  expect(circuit.unsentBytes).toBeLessThanOrEqual(1000);
});

test('the largest packet has room on an idle circuit', () => {
  expect(circuitLimits.unsentBytesMax).toBeGreaterThan(2 * (wireLimits.contentBytesMax + wireLimits.routingBytesMax));
});

/** Variables by name, so that their order on the wire does not matter. */
const inOrder = (variables: ReadonlyMap<string, string>): [string, string][] =>
  [...variables].sort(([a], [b]) => (a < b ? -1 : 1));

test('what one end sends, the other end of a circuit understands, at any split', () => {
  const value = fc.constantFrom('psyc://a.example/~ada', 'psyc://b.example/@hall', 'x', 'y');
  const routing = fc.dictionary(fc.constantFrom('_source', '_target', '_tag', '_counter'), value, {
    noNullPrototype: true,
  });
  const content = fc.option(
    fc.uint8Array({ maxLength: 20 }).map((data) => bytes(`_method\n${text(data).replaceAll('|', '')}\n`)),
  );
  const packets = fc.array(fc.tuple(routing, content), { maxLength: 12 });
  fc.assert(
    fc.property(packets, fc.integer({ min: 1, max: 9 }), (drafts, size) => {
      const near = newCircuit(false);
      const far = accepted();
      const sent: string[] = [];
      const written: number[] = [];
      const write = (effects: readonly CircuitEffect[]): void => {
        for (const effect of effects) if (effect.kind === 'write') written.push(...effect.bytes);
      };
      write(stepCircuit(near, { kind: 'opened' }, 0));
      for (const [variables, part] of drafts) {
        // An empty packet is a greeting, which is not handed on.
        if (Object.keys(variables).length === 0 && part === null) continue;
        const named = inOrder(new Map(Object.entries(variables)));
        sent.push(JSON.stringify([Object.fromEntries(named), part === null ? null : text(part)]));
        write(stepCircuit(near, { kind: 'send', bytes: renderRouted(variables, part) }, 0));
      }
      // The last word of a circuit is the circuit's own.
      write(stepCircuit(near, { kind: 'timer' }, circuitLimits.idleMsMax));
      const heard: string[] = [];
      for (let at = 0; at < written.length; at += size) {
        const piece = Uint8Array.from(written.slice(at, at + size));
        for (const effect of stepCircuit(far, { kind: 'bytes', bytes: piece }, 1)) {
          if (effect.kind !== 'packet') continue;
          const { content: part } = effect.packet;
          heard.push(JSON.stringify([Object.fromEntries(inOrder(effect.routing)), part === null ? null : text(part)]));
        }
      }
      expect(heard.slice(0, -1)).toEqual(sent);
      expect(heard.at(-1)).toMatch(/^\[\{\},.*_error_circuit_timeout_idle/);
    }),
  );
});

test('no bytes make a step throw', () => {
  const odd = fc.constantFrom(...Array.from('|\n\t:=+-?!@._ 19azé\0\r'), '_tag', '_source', ':_tag\t1\n', '|\n');
  fc.assert(
    fc.property(fc.array(odd, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }), (parts, size) => {
      const input = bytes(`|\n${parts.join('')}`);
      const circuit = accepted();
      let closed = 0;
      for (let at = 0; at < input.length; at += size) {
        const effects = stepCircuit(circuit, { kind: 'bytes', bytes: input.slice(at, at + size) }, 1);
        closed += effects.filter(({ kind }) => kind === 'closed').length;
      }
      expect(closed).toBeLessThanOrEqual(1);
    }),
    { numRuns: 1000 },
  );
});
