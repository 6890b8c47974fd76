/** Names that nobody could have, asked for by another server on a real node with OpenPGP: it answers, and goes on. */
import { afterEach, expect, test } from '@jest/globals';
import { hexOf } from '../../../crypto/bytes.ts';
import { render } from '../../../psyc/render.ts';
import { provedPeer } from './server-peer.ts';
import { identityOf, newDomainKey, Town } from './town.ts';

const town = new Town();
afterEach(() => town.close());

test.each(['psyc://e.example/~a!b', 'psyc://e.example/x', 'psyc://e.example:4404/~a', 'psyc://e.example/~nobody'])(
  'the keys of %s',
  async (uniform) => {
    const identity = identityOf('e.example', await newDomainKey('e.example'));
    await town.open('a.example', { pins: new Map([['e.example', hexOf(identity.fingerprint)]]) });
    const peer = await provedPeer(town.endpoints.get('a.example')!, identity, 'a.example');
    const routing = { _source: 'psyc://e.example', _target: 'psyc://a.example', _tag: 'x' };
    peer.say(render({ routing, entity: { _uniform: uniform }, method: '_request_keys' }));
    for (;;) {
      const packet = await peer.hear();
      if (packet?.method?.startsWith('_request') === true) continue;
      expect(packet?.method).toBe('_error_unknown_target');
      break;
    }
    expect(town.crashes).toEqual([]);
    peer.close();
  },
);
