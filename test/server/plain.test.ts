/** A real server and a bare PSYC 1.0 peer without TLS: it authorises, enters, speaks, hears, leaves and comes back, every byte as it is on the wire. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BarePeer } from './bare-peer.ts';
import { newSpeakerKeys, Sayings, Speaker, type SpeakerKeys } from './node/speaker.ts';
import { Undoing } from '../undoing.ts';
import { freeEndpoint, Served } from './served.ts';
import { needsLinux } from './linux.ts';

const GREETING = '|\n';
const AUTHORIZATION =
  ':_tag\ta1\n\n:_uniform_source\tpsyc://old.test/\n:_uniform_target\tpsyc://b.test/\n_request_authorization\n|\n';
const AUTHORIZED =
  ':_tag_relay\ta1\n:_tag_reply\ta1\n94\n:_uniform_source 16\tpsyc://old.test/\n:_uniform_target 14\tpsyc://b.test/\n_status_authorization\n|\n';
const from = '127.0.0.9';
const toHall = ':_source\tpsyc://old.test/~zoe\n:_target\tpsyc://b.test/@hall\n';
const enter = (tag: string): string => `${toHall}:_tag\t${tag}\n\n:_nick\tzoe\n_request_enter\n|\n`;
const ENTERED =
  ':_context\tpsyc://b.test/@hall\n:_source_relay\tpsyc://old.test/~zoe\n79\n:_nick\tzoe\n:_nick_place\thall\n_notice_place_enter\n[_nick] enters [_nick_place].\n|\n';
const echo = (tag: string, length: number, members: string, nicks: string): string =>
  `:_source\tpsyc://b.test/@hall\n:_target\tpsyc://old.test/~zoe\n:_tag_relay\t${tag}\n:_tag_reply\t${tag}\n${length}\n` +
  `:_nick\tzoe\n:_nick_place\thall\n:_amount_members\t2\n:_list_members ${members}\n:_list_members_nicks${nicks}\n_echo_place_enter\n|\n`;
const ECHO = (tag: string): string => echo(tag, 160, '45\t18 psyc://b.test/~ada|20 psyc://old.test/~zoe', '\t|ada|zoe');
const TYPED_ECHO = (tag: string): string =>
  echo(tag, 166, '46\t|18 psyc://b.test/~ada|20 psyc://old.test/~zoe', ' 10\t| ada| zoe');
const hall = 'psyc://b.test/@hall';

needsLinux('a peer without TLS', () => {
  const undoing = new Undoing();
  /** Where the peer is reached. */
  const there = createServer();
  let host = '';
  let port = 0;
  let ada: SpeakerKeys;
  let speaker: Speaker;
  let sayings: Sayings;

  beforeAll(async () => {
    there.listen(0, from);
    await once(there, 'listening');
    undoing.add(async () => there.close());
    const at = (there.address() as AddressInfo).port;
    const plain = await freeEndpoint();
    ({ host, port } = plain);
    const served = await Served.make(undoing, 'b.test', {
      memory: true,
      config: {
        plain: {
          hosts: [host],
          port,
          peers: { 'old.test': { addresses: [from], port: at }, 'elder.test': { addresses: ['127.0.0.10'] } },
        },
      },
    });
    served.start();
    await served.ready;
    ada = await newSpeakerKeys('ada', 'b.test');
    speaker = await Speaker.open(served.endpoint, ada, { invite: null });
    undoing.add(async () => speaker.close());
    sayings = new Sayings(ada, hall);
    speaker.say(sayings.ask('_request_context_enter'));
    await speaker.method('_echo_context_enter');
  });
  afterAll(async () => undoing.run());

  const open = async (local = from): Promise<BarePeer> => {
    const peer = await BarePeer.open(host, port, local);
    undoing.add(async () => peer.close());
    return peer;
  };
  const authorized = async (): Promise<BarePeer> => {
    const peer = await open();
    peer.say(GREETING, AUTHORIZATION);
    await peer.hears(GREETING + AUTHORIZED);
    return peer;
  };

  test('authorises, enters, speaks, hears, leaves, comes back', async () => {
    let peer = await authorized();
    peer.say('|\n|\n', enter('e1'));
    await peer.hears(ENTERED + ECHO('e1'));
    peer.say(`${toHall}\n:_nick\tsomebody else\n_message_public\nhi there\n|\n`);
    await peer.hears(
      ':_context\tpsyc://b.test/@hall\n:_source_relay\tpsyc://old.test/~zoe\n\n:_nick\tzoe\n:_nick_place\thall\n_message_public\nhi there\n|\n',
    );
    const heard = await speaker.method('_message_public');
    expect([heard.dataText, heard.ownRoute('_source_relay')]).toEqual(['hi there', 'psyc://old.test/~zoe']);
    speaker.say(sayings.say('_message_public', 'hello to you'));
    await peer.hears(
      ':_context\tpsyc://b.test/@hall\n:_source_relay\tpsyc://b.test/~ada\n58\n:_nick\tada\n:_nick_place\thall\n_message_public\nhello to you\n|\n',
    );
    peer.say(`${toHall}:_tag\tl1\n\n_request_leave\n|\n`);
    await peer.hears(
      ':_source\tpsyc://b.test/@hall\n:_target\tpsyc://old.test/~zoe\n:_tag_relay\tl1\n:_tag_reply\tl1\n\n:_nick\tzoe\n:_nick_place\thall\n_echo_place_leave\n|\n',
    );
    peer.close();
    peer = await authorized();
    peer.say(enter('e2'));
    await peer.hears(ENTERED + ECHO('e2'));
    peer.say(`${toHall}:_tag\tl2\n\n_request_leave\n|\n`);
    await peer.hears(
      ':_source\tpsyc://b.test/@hall\n:_target\tpsyc://old.test/~zoe\n:_tag_relay\tl2\n:_tag_reply\tl2\n\n:_nick\tzoe\n:_nick_place\thall\n_echo_place_leave\n|\n',
    );
    peer.close();
  });

  test('is told lists in the form that it speaks itself', async () => {
    const peer = await authorized();
    // As libpsyc asks: nothing is answered, and the form is remembered.
    peer.say(':_tag\tf1\n\n:_list_understand_modules\t| _state| _context\n_request_features\n|\n', enter('e3'));
    await peer.hears(ENTERED + TYPED_ECHO('e3'));
    peer.say(`${toHall}\n_request_leave\n|\n`);
    await peer.hears(
      ':_source\tpsyc://b.test/@hall\n:_target\tpsyc://old.test/~zoe\n\n:_nick\tzoe\n:_nick_place\thall\n_echo_place_leave\n|\n',
    );
    peer.close();
  });

  test('is answered in its own words what is not done for it', async () => {
    const peer = await authorized();
    peer.say(`${toHall}:_tag\tm1\n\n_message_public\nhi\n|\n`);
    await peer.hears(
      ':_source\tpsyc://b.test/@hall\n:_target\tpsyc://old.test/~zoe\n:_tag_relay\tm1\n:_tag_reply\tm1\n145\n:_nick\tzoe\n:_nick_place\thall\n:_code 21\t_necessary_membership\n:_method 15\t_message_public\n_error_necessary_membership\nThis was not done: [_code].\n|\n',
    );
    peer.say(
      ':_source\tpsyc://old.test/~zoe\n:_target\tpsyc://b.test/~ada\n:_tag\tm2\n\n_message_private\nare you there\n|\n',
    );
    await peer.hears(
      ':_source\tpsyc://b.test/~ada\n:_target\tpsyc://old.test/~zoe\n:_tag_relay\tm2\n:_tag_reply\tm2\n129\n:_nick\tzoe\n:_nick_place\tada\n:_code 13\t_plain_person\n:_method 16\t_message_private\n_error_plain_person\nThis was not done: [_code].\n|\n',
    );
    peer.close();
  });

  test('is dialled when one of ours enters a place there, lets him in, and hears and tells what is said', async () => {
    const room = 'psyc://old.test/@room';
    const words = new Sayings(ada, room);
    const dialled = once(there, 'connection');
    speaker.say(words.ask('_request_context_enter'));
    const peer = new BarePeer(((await dialled) as [Socket])[0]);
    undoing.add(async () => peer.close());
    await peer.hears(
      '|\n:_tag\tauthorization\n95\n:_uniform_source 14\tpsyc://b.test/\n:_uniform_target 16\tpsyc://old.test/\n_request_authorization\n|\n',
    );
    // Nothing before it is authorised; and the peer greets late, and more than once.
    peer.say(
      ':_tag_relay\tauthorization\n\n:_uniform_source\tpsyc://b.test/\n:_uniform_target\tpsyc://old.test/\n_status_authorization\n|\n|\n|\n',
    );
    await peer.hears(':_source\tpsyc://b.test/~ada\n:_target\tpsyc://old.test/@room\n:_tag\t');
    const tag = await peer.line();
    await peer.hears('\n:_nick\tada\n_request_enter\n|\n');
    // As psyced answers: the tag under its own name only.
    peer.say(
      `:_source\tpsyc://old.test/@room\n:_target\tpsyc://b.test/~ada\n:_tag_reply\t${tag}\n\n:_list_members\t|psyc://old.test/~zoe|psyc://b.test/~ada\n:_list_members_nicks\t|zoe|ada\n:_nick_place\troom\n_echo_place_enter\n|\n`,
      ':_context\tpsyc://old.test/@room\n:_source_relay\tpsyc://b.test/~ada\n\n:_nick\tada\n_notice_place_enter\n|\n',
    );
    const entered = await speaker.method('_echo_context_enter');
    expect([entered.text('_amount_members'), entered.ownRoute('_source')]).toEqual(['2', room]);
    peer.say(
      ':_context\tpsyc://old.test/@room\n:_source_relay\tpsyc://old.test/~zoe\n\n:_nick\tzoe\n_message_public\nwelcome\n|\n',
    );
    let heard = await speaker.method('_message_public');
    while (heard.ownRoute('_context') !== room) heard = await speaker.method('_message_public');
    expect([heard.dataText, heard.ownRoute('_source_relay'), heard.ownRoute('_counter')]).toEqual([
      'welcome',
      'psyc://old.test/~zoe',
      '2',
    ]);
    speaker.say(words.say('_message_public', 'thank you'));
    expect((await speaker.method('_echo_message_public')).text('_uniform_kept')).toBe('psyc://b.test');
    await peer.hears(
      ':_source\tpsyc://b.test/~ada\n:_target\tpsyc://old.test/@room\n\n:_nick\tada\n_message_public\nthank you\n|\n',
    );
    // What comes back of it is not shown a second time.
    peer.say(
      ':_context\tpsyc://old.test/@room\n:_source_relay\tpsyc://b.test/~ada\n\n:_nick\tada\n_message_public\nthank you\n|\n',
      ':_context\tpsyc://old.test/@room\n:_source_relay\tpsyc://old.test/~zoe\n\n:_nick\tzoe\n_message_public\nnot at all\n|\n',
    );
    heard = await speaker.method('_message_public');
    expect([heard.dataText, heard.ownRoute('_counter')]).toEqual(['not at all', '4']);
    speaker.say(words.ask('_request_context_leave'));
    await speaker.method('_echo_context_leave');
    await peer.hears(
      ':_source\tpsyc://b.test/~ada\n:_target\tpsyc://old.test/@room\n\n:_nick\tada\n_request_leave\n|\n',
    );
  });

  const refusals: [name: string, bytes: string[], last: string, local?: string][] = [
    ['an address that nobody has named', [GREETING], '_error_plain_unnamed', '127.0.0.11'],
    ['another address than that of the host', [GREETING, AUTHORIZATION], '_error_invalid_uniform_source', '127.0.0.10'],
    [
      'the name of a domain that is no plain peer',
      [GREETING, AUTHORIZATION.replace('old.test', 'a.test')],
      '_error_invalid_uniform_source',
    ],
    [
      'the name of this domain itself',
      [GREETING, AUTHORIZATION.replace('old.test', 'b.test')],
      '_error_invalid_uniform_source',
    ],
    ['the wrong door', [GREETING, AUTHORIZATION.replace('b.test', 'c.test')], '_error_invalid_uniform_target'],
    [
      'a port of its own',
      [GREETING, AUTHORIZATION.replace('old.test', 'old.test:99')],
      '_error_invalid_uniform_source',
    ],
    [
      'a word before it is authorised',
      [GREETING, `${toHall}\n_message_public\nhi\n|\n`],
      '_error_plain_necessary_authorization',
    ],
    [
      'somebody else’s name',
      [GREETING, AUTHORIZATION, '', toHall.replace('old.test', 'b.test'), '\n_message_public\nhi\n|\n'],
      '_error_plain_foreign_source',
    ],
    [
      'somebody else’s place',
      [GREETING, AUTHORIZATION, '', ':_context\tpsyc://b.test/@hall\n\n_message_public\nhi\n|\n'],
      '_error_plain_foreign_source',
    ],
    ['what is no PSYC', ['GET / HTTP/1.0\r\n\r\n'], '_error_circuit_invalid_greeting'],
    ['TLS', ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'], '_error_circuit_invalid_greeting'],
    ['a broken packet', [GREETING, ':_source psyc\n|\n'], '_error_invalid_length_routing'],
    [
      'more at once than it may',
      [GREETING, AUTHORIZATION, '', `${toHall}\n_notice_x\n|\n`.repeat(600)],
      '_error_plain_excessive_packets',
    ],
  ];
  test.each(refusals)('is turned away for %s', async (...[, bytes, last, local = from]) => {
    const peer = await open(local);
    const pause = bytes.indexOf('');
    peer.say(...bytes.slice(0, pause === -1 ? undefined : pause));
    if (pause !== -1) {
      await peer.hears(GREETING + AUTHORIZED);
      peer.say(...bytes.slice(pause));
    }
    const methods = (await peer.rest()).split('\n').filter((line) => /^_[a-z_]+$/.test(line));
    expect(methods.at(-1)).toBe(last);
  });

  test('is told in PSYC 0.9 that it is not spoken here', async () => {
    const peer = await open();
    peer.say('.\n');
    expect(await peer.rest()).toBe('.\n\n_error_obsolete_syntax\nThis server speaks PSYC 1.0 only.\n.\n');
  });
});
