/** The answer to whoever asks for the keys of somebody who lives here. docs/spec/people.md#keys-of-others */
import type { Desk } from './desk.ts';
import { type Letter, newLetter } from './letter.ts';

/** Tells key, statement and the domain's own key. */
export function tellKeys(
  desk: Desk,
  person: string,
  { key, statement }: { readonly key: Uint8Array; readonly statement: Uint8Array },
  { routing }: Letter,
): void {
  const tag = routing.get('_tag');
  const answer = newLetter({
    routing: { _source: person, _target: routing.get('_source'), _tag_relay: tag, _tag_reply: tag },
    entity: {
      _counter_relay: routing.get('_counter'),
      _key: key,
      _statement: statement,
      _key_domain: desk.options.identity.certificate,
    },
    method: '_status_keys',
  });
  desk.post(answer);
}
