/** How a service answers whoever asks: an echo of the request, or a code. docs/spec/pigeonhole.md#requests */
import type { Value } from '../../psyc/render.ts';
import type { Desk } from '../desk.ts';
import { type Letter, newLetter, refusalLetter } from '../letter.ts';

/** What is answered: variables of the echo, a code, or null: nothing, since the store does not tell. */
export type ServiceAnswer<Code extends string> = Readonly<Record<string, Value>> | Code | null;

/** Refuses what is no method of the service's, which all begin so; false: it is one. */
export function refuseMethod(desk: Desk, uniform: string, letter: Letter, prefix: string): boolean {
  if (letter.packet.method?.startsWith(prefix) === true) return false;
  const refusal = refusalLetter(letter, '_unsupported_method', uniform);
  if (refusal !== null) desk.post(refusal);
  return true;
}

/** Sends the answer to whoever has asked. */
export function answerService<Code extends string>(
  desk: Desk,
  uniform: string,
  { routing, packet }: Letter,
  answer: ServiceAnswer<Code>,
): void {
  if (answer === null) return;
  const tag = routing.get('_tag');
  const heading = { _source: uniform, _target: routing.get('_source'), _tag_relay: tag, _tag_reply: tag };
  const counter = routing.get('_counter');
  const relay = counter === undefined ? {} : { _counter_relay: counter };
  const letter =
    typeof answer === 'string'
      ? { entity: { ...relay, _code: answer }, method: `${isPassing(answer) ? '_failure' : '_error'}${answer}` }
      : { entity: { ...relay, ...answer }, method: `_echo${packet.method!.slice('_request'.length)}` };
  desk.post(newLetter({ routing: heading, ...letter }));
}

/** What may be otherwise later. */
const isPassing = (code: string): boolean => /^_[a-z]+_(?:full$|unavailable_|excessive_)/.test(code);
