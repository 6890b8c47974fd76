/** Plain peers of one node, with a clock that the test moves: who is taken, who is waited for, what is given up. */
import { describe, expect, test } from '@jest/globals';
import { plainLimits } from '../../federation/plain/plain-limits.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { type Draft, renderRouted } from '../../psyc/render.ts';
import { type NodeFixture } from './node-fixture.ts';
import { said } from './said.ts';
import { ada, hall, host, PlainFixture, zoe } from './plain-fixture.ts';

const toHall = (method: string, tag = 't'): Parameters<NodeFixture['sayRaw']>[1] => ({
  routing: { _source: zoe, _target: hall, _tag: tag },
  method,
});

describe('a plain peer', () => {
  test('that says nothing is given up after 90 seconds, greeted or not', () => {
    const fixture = new PlainFixture();
    fixture.plain('silent');
    fixture.plain('greeting');
    fixture.sayBytes('greeting', encodeText('|\n'));
    fixture.pass(plainLimits.plainAuthorizingMsMax - 1);
    expect(fixture.closed).toEqual([]);
    fixture.pass(1);
    expect(fixture.closed.sort()).toEqual(['greeting', 'silent']);
    // The greeting, a word of ours that we are still there, and the end.
    expect(fixture.read('greeting')).toEqual(['', '', '_error_plain_timeout_authorization']);
    expect(fixture.read('silent')).toEqual(['', '_error_circuit_timeout_greeting']);
  });

  test('may ask in the name of its root', () => {
    const fixture = new PlainFixture();
    fixture.plain('plain');
    const roots = { _source: `psyc://${host}/`, _target: 'psyc://a.example/' };
    const entity = { _uniform_source: roots._source, _uniform_target: roots._target };
    fixture.sayBytes('plain', encodeText('|\n'));
    fixture.sayRaw('plain', { routing: { ...roots, _tag: 'a' }, entity, method: '_request_authorization' });
    expect(fixture.read('plain')).toEqual(['', '_status_authorization']);
  });

  test('is not taken for a domain that has proved keys', () => {
    const fixture = new PlainFixture();
    fixture.meet(host);
    fixture.authorized('plain');
    expect(fixture.read('plain')).toEqual(['', '_error_plain_proved_domain']);
  });

  test('is not taken for a server that proves keys', () => {
    const fixture = new PlainFixture();
    fixture.connect(`server ${host}`);
    expect(fixture.isProved(`server ${host}`)).toBe(false);
    expect(fixture.notices).toContainEqual({ kind: 'refused', code: '_trust_plain_domain', domain: null });
  });

  test('may not be reached by its people’s keys, nor spoken to in private', () => {
    const fixture = new PlainFixture();
    fixture.authorized('plain');
    const client = fixture.connect('client ada phone');
    fixture.hear(client);
    fixture.say(client, said(ada, zoe, 1, '_message_private_sealed', 'x'));
    fixture.sayRaw(client, { routing: { _source: ada, _target: zoe, _tag: 'k' }, method: '_request_keys' });
    expect(fixture.methods(client)).toEqual(['_error_plain_person', '_error_plain_person']);
    expect(fixture.read('plain')).toEqual(['', '_status_authorization']);
  });

  test('is dialled when a place has something for it, and hears it when it has authorised us', () => {
    const fixture = new PlainFixture();
    fixture.authorized('plain');
    const client = fixture.founded();
    fixture.sayRaw('plain', toHall('_request_enter'));
    expect(fixture.read('plain').slice(2)).toEqual(['_notice_place_enter', '_echo_place_enter']);
    fixture.tell({ kind: 'ended', circuit: 'plain' });
    fixture.say(client, said(ada, hall, 2, '_request_context_enter'));
    fixture.say(client, said(ada, hall, 3, '_message_public', 'hello'));
    const circuit = 'plain 1.1';
    expect(fixture.dialled).toEqual([`${circuit} ${host}`]);
    fixture.watch(circuit);
    fixture.tell({ kind: 'opened', circuit, exported: null, accepted: false, plain: [host] });
    expect(fixture.read(circuit)).toEqual(['', '_request_authorization']);
    const entity = { _uniform_source: `psyc://${host}/`, _uniform_target: 'psyc://a.example/' };
    fixture.sayRaw(circuit, { routing: {}, entity, method: '_request_authorization' });
    expect(fixture.read(circuit)).toEqual(['_status_authorization']);
    fixture.sayRaw(circuit, { routing: { _tag_relay: 'authorization' }, method: '_status_authorization' });
    expect(fixture.read(circuit)).toEqual(['_notice_place_enter', '_message_public']);
  });

  test('hears what its people say refused when the place does not answer, and they may go on', () => {
    const fixture = new PlainFixture();
    fixture.founded();
    fixture.authorized('plain');
    fixture.sayRaw('plain', toHall('_request_enter', 'e'));
    fixture.read('plain');
    fixture.held.store = [];
    fixture.sayRaw('plain', toHall('_message_public', 'm'));
    fixture.pass(plainLimits.plainAnswerMsMax + 2_000);
    expect(fixture.read('plain')).toContain('_failure_delivery_timeout');
    fixture.release();
    fixture.sayRaw('plain', toHall('_message_public_action', 'n'));
    expect(fixture.read('plain').slice(-2)).toEqual(['_message_public_action', '_echo_message_public_action']);
  });

  test('hears that there is no room where one of its people says too much at once', () => {
    const fixture = new PlainFixture();
    fixture.founded();
    fixture.authorized('plain');
    fixture.held.store = [];
    for (let at = 0; at <= plainLimits.plainWaitingMax; at++) fixture.sayRaw('plain', toHall('_message_public'));
    expect(fixture.read('plain').slice(2)).toEqual(['_failure_excessive_requests']);
    expect(fixture.queue('plain waiting')).toBe(plainLimits.plainWaitingMax);
  });

  test('has so many circuits; the oldest goes for a new one', () => {
    const fixture = new PlainFixture();
    for (let at = 0; at <= plainLimits.plainCircuitsMax; at++) fixture.authorized(`plain ${at}`);
    expect(fixture.closed).toEqual(['plain 0']);
    expect(fixture.read('plain 0').at(-1)).toBe('_error_plain_excessive_circuits');
  });

  test('makes no place, and hears when one of its people is put out', () => {
    const fixture = new PlainFixture();
    fixture.authorized('plain');
    fixture.sayRaw('plain', toHall('_request_enter'));
    expect(fixture.read('plain').slice(2)).toEqual(['_error_unknown_target']);
    const client = fixture.founded();
    fixture.sayRaw('plain', toHall('_request_enter'));
    fixture.read('plain');
    const routing = { _source: ada, _target: hall, _tag: 'k', _counter: '2' };
    const kick = { entity: { _uniform_member: zoe }, method: '_request_context_kick' };
    fixture.sayBytes(client, renderRouted(routing, fixture.sign(ada, hall, kick)));
    expect(fixture.read('plain')).toEqual(['_notice_place_leave']);
    fixture.sayRaw('plain', toHall('_message_public'));
    expect(fixture.read('plain')).toEqual(['_error_necessary_membership']);
  });

  test('hears what an owner does in its own words, and is not let in where everything is sealed', () => {
    const fixture = new PlainFixture();
    const client = fixture.founded();
    fixture.authorized('plain');
    fixture.sayRaw('plain', toHall('_request_enter'));
    fixture.read('plain');
    const act = (counter: string, draft: Draft): void => {
      const routing = { _source: ada, _target: hall, _tag: 'k', _counter: counter };
      fixture.sayBytes(client, renderRouted(routing, fixture.sign(ada, hall, draft)));
    };
    act('2', { entity: { _topic: 'tea' }, method: '_request_context_topic' });
    expect(fixture.read('plain')).toEqual(['_notice_place_topic']);
    fixture.sayRaw('plain', toHall('_request_leave'));
    act('3', { entity: { _mode: 'members' }, method: '_request_context_mode' });
    act('4', { entity: { _uniform_member: zoe }, method: '_request_context_invite' });
    fixture.read('plain');
    fixture.sayRaw('plain', toHall('_request_enter'));
    expect(fixture.read('plain')).toEqual(['_error_necessary_seal']);
  });

  describe('has a place that one of ours enters', () => {
    const room = `psyc://${host}/@room`;
    const at = { _source: room, _target: 'psyc://a.example/~ada' };

    /** Ada has asked to be let in; gives her circuit and the tag that the peer is to answer. */
    const knocked = (fixture: PlainFixture): [client: string, tag: string] => {
      fixture.authorized('plain');
      const client = fixture.connect('client ada phone');
      fixture.say(client, said(ada, room, 1, '_request_context_enter'));
      return [client, fixture.tags.at(-1) ?? ''];
    };

    test('and says no', () => {
      const fixture = new PlainFixture();
      const [client, tag] = knocked(fixture);
      expect(fixture.read('plain').slice(2)).toEqual(['_request_enter']);
      fixture.sayRaw('plain', { routing: { ...at, _tag_reply: `${tag}x` }, method: '_error_illegal_entrance' });
      expect(fixture.methods(client)).toEqual([]);
      fixture.sayRaw('plain', { routing: { ...at, _tag_reply: tag }, method: '_error_illegal_entrance' });
      expect(fixture.methods(client)).toEqual(['_error_plain_refused']);
    });

    test.each([
      ['typed', `| ${zoe}| psyc://${host}/~yan`],
      ['frozen', `|${zoe}|psyc://${host}/~yan`],
    ])('and names its members in the %s form of the circuit that its answer is on, not of the newest', (form, list) => {
      const fixture = new PlainFixture();
      const [client, tag] = knocked(fixture);
      fixture.authorized('newer');
      const other = form === 'typed' ? '|x' : '| x';
      const shown = { routing: { _context: room }, entity: { _list_members: other }, method: '_notice' };
      fixture.sayRaw('newer', shown);
      const answer = { routing: { ...at, _tag_relay: tag }, entity: { _list_members: list } };
      fixture.sayRaw('plain', { ...answer, method: '_echo_place_enter' });
      const echo = fixture.hear(client).find(({ method }) => method === '_echo_context_enter');
      expect(echo?.packet.text('_list_members')?.match(/~\w+/g)?.sort()).toEqual(['~ada', '~yan', '~zoe']);
    });

    test('and says nothing; asked again meanwhile it is asked once', () => {
      const fixture = new PlainFixture();
      const [client] = knocked(fixture);
      fixture.say(client, said(ada, room, 1, '_request_context_enter'));
      expect(fixture.read('plain').slice(2)).toEqual(['_request_enter']);
      fixture.pass(plainLimits.plainEnterMsMax);
      expect(fixture.methods(client)).toEqual(['_failure_delivery_timeout']);
      expect(fixture.queue('plain asking')).toBe(0);
    });

    test('and has lost her: she hears that she is out', () => {
      const fixture = new PlainFixture();
      const [client, tag] = knocked(fixture);
      fixture.sayRaw('plain', { routing: { ...at, _tag_relay: tag }, method: '_echo_context_enter' });
      expect(fixture.methods(client)).toEqual(['_notice_context_enter', '_echo_context_enter']);
      fixture.say(client, said(ada, room, 2, '_message_public', 'hello'));
      expect(fixture.read('plain').slice(3)).toEqual(['_message_public']);
      fixture.sayRaw('plain', { routing: at, method: '_error_necessary_membership' });
      expect(fixture.methods(client).at(-1)).toBe('_notice_context_leave');
      fixture.say(client, said(ada, room, 3, '_message_public', 'hello'));
      expect(fixture.methods(client)).toEqual(['_error_necessary_membership']);
      expect(fixture.read('plain')).toEqual([]);
    });

    test('and puts no words into her mouth, nor words with a signature into anybody’s', () => {
      const fixture = new PlainFixture();
      const [client, tag] = knocked(fixture);
      fixture.sayRaw('plain', { routing: { ...at, _tag_relay: tag }, method: '_echo_place_enter' });
      fixture.hear(client);
      const told = (relay: string): void =>
        fixture.sayRaw('plain', {
          routing: { _context: room, _source_relay: relay },
          entity: { _signature_author: 'x', _nick: 'y' },
          method: '_message_public',
          data: 'hi',
        });
      told('psyc://a.example/~ada');
      told('psyc://a.example/~bob');
      expect(fixture.hear(client)).toEqual([]);
      told('psyc://b.example/~zoe');
      const [heard] = fixture.hear(client);
      expect([heard?.routing['_source_relay'], heard?.data, heard?.packet.value('_signature_author')]).toEqual([
        'psyc://b.example/~zoe',
        'hi',
        undefined,
      ]);
    });
  });
});
