/** `p3do ask`: a request to an entity and its answer, in one's own name or as nobody. docs/spec/round-trips.md */
import { type Command, InvalidArgumentError } from 'commander';
import { Client, type ClientAnswer } from '../client/client.ts';
import { hexOf } from '../crypto/bytes.ts';
import { renderArmour } from '../pki/armour.ts';
import type { Packet } from '../psyc/packet.ts';
import { parseUniform } from '../psyc/uniform.ts';
import { askingOnce, type HiddenOptions, howLine, refuseHidden, withHidden } from './person/asking.ts';
import { explained } from './person/codes.ts';
import { complain, fail, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { safeLines } from './person/safe.ts';
import { talk } from './person/talk.ts';

type Options = Shared & HiddenOptions;

/** A trip takes ten minutes at most; what lacks of the stock is fetched within. */
const PATIENCE_SECONDS = 660;

/** Adds the arguments, the page and the action of `p3do ask`. */
export function register(command: Command): void {
  withShared(
    withHidden(
      command
        .argument('<entity>', 'a uniform, as psyc://b.example/$keys', entity)
        .argument('[words...]', 'a method, and variables as _name=value; of $keys an address or a fingerprint')
        .option('--anonymous', 'as nobody: over onions, and the answer over tickets'),
    ),
    'how long to wait (660)',
  )
    .addHelpText(
      'after',
      `
With --anonymous nobody learns who asks: your home gets a cell like all others, the last server finds a question in it
and tickets, and the answer comes back on these, over servers that each know the next step and burn it. The way
back is made of one-time secrets. Where too few are there they are fetched first, which is told, and takes a while;
p3do stock keeps some. Nothing weaker is used in their place. What is lost is asked again, over another way, and done once.

Your home sees which cells you want copies of, if not with --all, which costs what your home hears. It cannot make up
servers on the way: p3do help send says who vouches for them.

Examples:
  $ p3do ask 'psyc://b.example/$keys' bob@b.example
  $ p3do ask --anonymous --hops 3 'psyc://b.example/$keys' bob@b.example
  $ p3do ask --anonymous 'psyc://b.example/~bob' _request_keys --json`,
    )
    .action(async (target: string, words: string[], options: Options) => {
      const request = requestOf(command, target, words);
      if (options.anonymous !== true) refuseHidden(command, options);
      const whose = await whoseOf(command, options.as);
      const timeout = options.timeout ?? PATIENCE_SECONDS;
      await talk(command, { ...options, timeout }, async (home) => {
        if (options.anonymous !== true) {
          const told = await home.ask({ target, ...request });
          if (told !== null && typeof told !== 'string')
            show(
              command,
              options,
              told.map(({ packet }) => packet),
            );
          return;
        }
        await askingOnce(command, options, home, whose, async (one, anonymous) =>
          answered(command, options, await new Client(home, one).request(target, request, { anonymous })),
        );
      });
    });
}

function answered(command: Command, options: Options, answer: ClientAnswer): void {
  if (answer.kind === 'refused') return;
  if (answer.kind === 'failure') {
    fail(command, options, answer.code, explained(answer.code));
    return;
  }
  show(command, options, answer.packets);
  const { how } = answer;
  if (how === null) return;
  if (options.json) tell(options, { kind: 'how', ...how }, '');
  else complain(command, howLine(how));
}

/** Whatever was answered, a refusal by the entity too, which then is one of the command. */
function show(command: Command, options: Options, packets: readonly Packet[]): void {
  for (const packet of packets) {
    const method = packet.method ?? '';
    const values = packet.entity.map(({ name }): [string, Uint8Array] => [name, packet.value(name)!]);
    const shown = Object.fromEntries(values.map(([name, value]) => [name, textOf(name, value)]));
    tell(options, { kind: 'answer', method, variables: shown }, linesOf(method, shown));
    if (!/^_(error|failure)/.test(method)) continue;
    process.exitCode = 1;
    if (!options.json) complain(command, explained(packet.text('_code') ?? method.replace(/^_(error|failure)/, '')));
  }
}

function linesOf(method: string, shown: Readonly<Record<string, string>>): string {
  const lines = Object.entries(shown).map(([name, text]) =>
    text.includes('\n') ? `${name}:\n${text}` : `${name}: ${text}`,
  );
  return `${[method, ...lines].map((line) => safeLines(line).trimEnd()).join('\n')}\n`;
}

const printable = /^[\t\n -~\u00a0-\u{10ffff}]*$/u;

/** Keys as armour, text as text, all else as hexadecimal digits. */
function textOf(name: string, value: Uint8Array): string {
  if (name === '_key' || name === '_key_domain') return renderArmour('public', value);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(value);
    if (printable.test(text)) return text;
  } catch {
    // No text.
  }
  return hexOf(value);
}

/** The method and variables of a request in words; of `$keys` one word is what is searched. */
function requestOf(command: Command, target: string, words: readonly string[]) {
  const [first = '', ...rest] = words;
  const isKeys = target.endsWith('/$keys') && !first.startsWith('_');
  const method = isKeys || first === '' ? '_request_keys' : first;
  const given = isKeys ? [`_search=${first}`, ...rest] : rest;
  if (!/^_request(_[a-z0-9]+)*$/.test(method)) command.error(`a request begins with _request, and ${method} does not`);
  const entity: Record<string, string> = {};
  for (const word of given) {
    const [, name, value = ''] = /^(_[a-z0-9_]+)=([^]*)$/.exec(word) ?? [];
    if (name === undefined) command.error(`variables are said as _name=value, and not as ${word}`);
    else entity[name] = value;
  }
  return { method, entity };
}

function entity(typed: string): string {
  try {
    const { kind } = parseUniform(typed);
    if (['person', 'place', 'service'].includes(kind)) return typed.toLowerCase();
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError('It takes a uniform, as psyc://b.example/$keys or psyc://b.example/~bob.');
}
