/** The answer to whoever asks for the keys of somebody who lives here. docs/spec/people.md#keys-of-others */
import { renderSteps } from '../../circuit/proof-steps.ts';
import type { Desk } from '../desk.ts';
import { type Letter, newLetter } from '../letter.ts';
import type { Residence } from '../people/residence.ts';

/** Tells key, statement and the domain's own key, and how that came to be the domain's. */
export function tellKeys(desk: Desk, person: string, residence: Residence, { routing }: Letter): void {
  const { identity } = desk.options;
  const [source, tag, counter] = ['_source', '_tag', '_counter'].map((name) => routing.get(name));
  residence.told(({ key, statement, move }) => {
    const answer = newLetter({
      routing: { _source: person, _target: source, _tag_relay: tag, _tag_reply: tag },
      entity: {
        _counter_relay: counter,
        _key: key,
        _statement: statement,
        _key_domain: identity.certificate,
        _rotation: identity.rotation,
        _key_domain_before: identity.first ?? identity.before,
        _list_rotations: identity.first === undefined ? undefined : renderSteps(identity.earlier ?? []),
        _move: move?.statement,
        _key_before: move?.before,
      },
      method: '_status_keys',
    });
    desk.post(answer);
  });
}
