/** What a session tells of a place that its person was put out of while he was not there. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseOne } from '../../circuit/one-packet.ts';
import { unheard } from '../../client/session/kept.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { render } from '../../psyc/render.ts';
import type { Publication } from '../../publication/fields.ts';
import { hall, hears, inHall, plain, signed } from './hall.ts';
import { domainKey, Home } from './home.ts';
import { fresh, Life, someone, type Someone } from './life.ts';

let keyA: SecretKey;
let ada: Someone;
let bob: Someone;

beforeAll(async () => {
  keyA = await domainKey('a.example', 10);
  ada = await someone('ada', 'a.example', 30, keyA);
  bob = await someone('bob', 'b.example', 40, await domainKey('b.example', 20));
});

const life = (options = {}): Promise<Life> =>
  new Life(ada, new Home('a.example', keyA), { channel: 'main', ...options }).start();

describe('who was put out while he was away', () => {
  const kick = (counter: number): Publication => {
    const entity = { _uniform_member: ada.uniform, _reason: 'wait' };
    const content = new Uint8Array(parseOne(render({ entity, method: '_request_context_kick' })).content!);
    return signed(bob, hall, content, { counter, previous: new Uint8Array(32).fill(7) });
  };

  test('hears by whom and why in place of the bare refusal, out of turn and without a gap; then the place is forgotten', async () => {
    const hearing = { ...unheard, places: new Map([[hall, 3]]) };
    const client = await life({ kept: { ...fresh(ada), hearing } });
    const [request] = client.said('_request_history');
    const to = { _target: request!.routing.get('_source')! };
    await hears(client, inHall(bob, 9, kick(7), to));
    client.home.answer(request!, '_error_necessary_membership', { _code: '_necessary_membership' });
    await client.settle();
    await client.giveKeys(bob);
    expect(client.told('expelled')).toMatchObject([
      {
        place: hall,
        author: bob.uniform,
        word: { kind: 'author' },
        act: { kind: 'kick', reason: 'wait' },
        command: null,
      },
    ]);
    expect([client.told('refused'), client.told('gap'), client.told('missing rows')]).toEqual([[], [], []]);
    client.tell({ kind: 'stopped' });
    await client.settle();
    expect(client.kept.hearing.places.has(hall)).toBe(false);
  });

  test('and has come again goes on behind it; by an old row nobody is told who put him out now', async () => {
    const hearing = { ...unheard, places: new Map([[hall, 3]]) };
    const client = await life({ kept: { ...fresh(ada), hearing } });
    const [request] = client.said('_request_history');
    const to = { _target: request!.routing.get('_source')! };
    const words = (counter: number, sequence: number, more = {}): Uint8Array =>
      inHall(bob, sequence, signed(bob, hall, plain('here'), { counter, previous: new Uint8Array(32).fill(7) }), more);
    await hears(client, inHall(bob, 4, kick(7), to), words(8, 5, to));
    client.home.answer(request!, '_echo_history', { _after: '5', _sequence: '5' });
    await client.settle();
    await client.giveKeys(bob);
    await hears(client, words(11, 8));
    expect([client.told('act').length, client.told('heard').length, client.told('expelled')]).toEqual([1, 1, []]);
    const again = client.said('_request_history').at(-1)!;
    expect(again.packet.text('_after')).toBe('5');
    client.home.answer(again, '_error_necessary_membership', { _code: '_necessary_membership' });
    await client.settle();
    expect(client.told('refused')).toMatchObject([{ command: null, code: '_necessary_membership' }]);
  });

  test('hears it before a command of his is refused; what else the place gives is not shown for it', async () => {
    const client = await life({ channel: 'side' });
    await client.command({ kind: 'enter', command: 5, place: hall });
    client.home.answer(client.said('_request_context_enter')[0]!, '_error_necessary_invitation', {
      _code: '_necessary_invitation',
    });
    // On the next channel.
    await client.pass(1_000);
    const request = client.said('_request_history').at(-1);
    const to = { _target: request!.routing.get('_source')! };
    await hears(client, inHall(bob, 8, signed(bob, hall, plain('one')), to));
    await hears(client, inHall(bob, 9, kick(2), to));
    client.home.answer(request!, '_error_necessary_membership', { _code: '_necessary_membership' });
    await client.settle();
    expect(client.told('refused')).toEqual([]);
    await client.giveKeys(bob);
    expect(client.outputs.map(({ kind }) => kind).filter((kind) => /heard|expelled|refused/.test(kind))).toEqual([
      'expelled',
      'refused',
    ]);
    expect(client.told('refused')).toMatchObject([{ command: 5, code: '_necessary_invitation' }]);
  });

  test('is told of the refusal where the place says nothing more', async () => {
    const client = await life({ channel: 'side' });
    await client.command({ kind: 'enter', command: 5, place: hall });
    client.home.answer(client.said('_request_context_enter')[0]!, '_error_banned_member', { _code: '_banned_member' });
    await client.pass(60_000);
    expect(client.told('refused')).toMatchObject([{ command: 5, code: '_banned_member' }]);
  });
});
