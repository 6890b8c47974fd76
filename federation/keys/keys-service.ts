/** `psyc://domain/$keys`: the ring of this domain, asked by packets, over circuits and out of cells alike. docs/spec/key-server.md#by-packets */
import { readSearch } from '../../pki/hkp.ts';
import { inherits } from '../../psyc/keyword.ts';
import type { Desk } from '../desk.ts';
import { type Letter, newLetter } from '../letter.ts';

/** One node's. It keeps nothing, and does not know who asks. */
export class KeysService {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  get uniform(): string {
    return `psyc://${this.#desk.domain}/$keys`;
  }

  /** A request, over whatever it came. What is none is an answer to nothing that was asked. */
  take(letter: Letter): void {
    const { packet } = letter;
    if (packet.method === null || !inherits(packet.method, '_request')) return;
    const { _source: from, _tag: tag } = Object.fromEntries(letter.routing);
    const tell = (method: string, entity: Readonly<Record<string, string | Uint8Array>>): void => {
      const routing = { _source: this.uniform, _target: from, _tag_relay: tag, _tag_reply: tag };
      this.#desk.post(newLetter({ routing, entity, method }));
    };
    const search = readSearch(packet.text('_search') ?? '');
    if (packet.method !== '_request_keys') tell('_error_unsupported_method', { _code: '_unsupported_method' });
    else if (search === null) tell('_error_keys_invalid_request', { _code: '_keys_invalid_request' });
    else {
      this.#desk.askPki({ kind: 'ring', search }, (answer) => {
        if (answer.kind !== 'ring') tell('_failure_keys_unavailable', { _code: '_keys_unavailable' });
        else if (answer.keys.length === 0) tell('_failure_keys_unknown', { _code: '_keys_unknown' });
        else {
          for (const key of answer.keys) tell('_status_key', { _key: key });
          tell('_echo_keys', answer.statement === null ? {} : { _statement: answer.statement });
        }
      });
    }
  }
}
