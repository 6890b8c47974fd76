/** Whom a domain has met is on its ring: his key is found there when his home is gone. */
import { afterEach, expect, test } from '@jest/globals';
import { readArmouredCertificate, readCertificate } from '../../../pki/certificate.ts';
import { certStatus } from '../../../pki/certification.ts';
import { readDomainKey } from '../../../server/domain/key-file.ts';
import { Undoing } from '../../undoing.ts';
import { newSpeakerKeys, Sayings, Speaker } from '../node/speaker.ts';
import { freeEndpoint } from '../served.ts';
import { ask, serveKeys } from './fixture.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

test('of a domain and of its people', async () => {
  const [at, elsewhere] = await Promise.all([freeEndpoint(), freeEndpoint()]);
  const a = await serveKeys(undoing, 'a.test', { endpoint: at, peers: new Map([['b.test', elsewhere]]) });
  const b = await serveKeys(undoing, 'b.test', { endpoint: elsewhere, peers: new Map([['a.test', at]]) });
  const hall = 'psyc://a.test/@hall';
  const bob = await newSpeakerKeys('bob', 'b.test');
  const bobs = await Speaker.open(elsewhere, bob, { invite: null });
  const sayings = new Sayings(bob, hall);
  bobs.say(sayings.ask('_request_context_enter'));
  await bobs.method('_echo_context_enter');
  bobs.say(sayings.say('_message_public', 'hello'));
  await bobs.method('_echo_message_public');
  bobs.close();
  const home = await readDomainKey(b.served.folder, 'b.test');
  await b.served.kill();
  const { fingerprint } = (await readCertificate(bob.key)).key;
  const found = async (search: string): Promise<string> => {
    // It is put there in its own time.
    for (;;) {
      const { status, body } = await ask(a.keys, `/pks/lookup?op=get&search=${search}`);
      if (status === 200) return body;
    }
  };
  for (const search of ['bob@b.test', `0x${fingerprint}`]) {
    const key = await readArmouredCertificate(await found(search));
    const status = await certStatus(key, 'bob <bob@b.test>', home.certificate, Math.floor(Date.now() / 1000));
    expect(status.isValid).toBe(true);
  }
  const theirs = await readArmouredCertificate(await found(`0x${home.certificate.key.fingerprint}`));
  expect(theirs.userIds.map(({ text }) => text)).toEqual(['P3DO <p3do@b.test>']);
});
