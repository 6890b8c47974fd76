/** Whatever a plain peer says, authorised or not: no step throws, nobody is spoken for, and nothing grows past its limit. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { federationLimits } from '../../federation/limits.ts';
import { plainLimits } from '../../federation/plain/plain-limits.ts';
import { encodeText } from '../../psyc/bytes.ts';
import { PsycError } from '../../psyc/error.ts';
import { render } from '../../psyc/render.ts';
import { said } from './said.ts';
import { ada, hall, host, PlainFixture, zoe } from './plain-fixture.ts';

const room = `psyc://${host}/@room`;
const uniforms = fc.constantFrom(
  ...[zoe, `${zoe}#x`, `psyc://${host}`, `psyc://${host}/`, `psyc://${host}:4404/~zoe`, `psyc://${host}:-4/~zoe`, room],
  ...[`psyc://${host}/@b*d`, `psyc://${host}/~z*e`, 'psyc://b.example/~bob', ada, 'psyc://a.example/~ada', hall],
  ...['psyc://a.example', 'psyc://a.example/', 'psyc://a.example/$s', 'psyc://a.example/@new', 'x', ''],
);
const methods = fc.constantFrom(
  ...['_request_enter', '_request_context_enter', '_request_leave', '_message_public', '_message_private', '_message'],
  ...['_request_history', '_request_context_status', '_request_context_kick', '_request_context_key', '_request_keys'],
  ...[
    '_echo_place_enter',
    '_echo_context_leave',
    '_echo_context',
    '_error_necessary_membership',
    '_error_x',
    '_failure',
  ],
  ...['_notice_place_enter', '_notice_place_leave', '_notice_context_leave_x', '_status_authorization', '_status_keys'],
  ...['_request_authorization', '_notice_proof_server', '_request_login', '_notice_proved', '_request_friendship'],
);
const texts = fc.constantFrom(
  '1',
  '2',
  'x',
  '',
  '9007199254740991',
  'authorization',
  '|',
  '|a|b',
  '| a| b',
  '3 abc',
  '|=',
);
const routing = fc.record(
  {
    ...{ _source: uniforms, _target: uniforms, _context: uniforms, _source_relay: uniforms },
    ...{ _tag: texts, _tag_relay: texts, _tag_reply: texts, _counter: texts },
  },
  { requiredKeys: [] },
);
const entity = fc.record(
  {
    ...{ _uniform_source: uniforms, _uniform_target: uniforms, _uniform_member: uniforms, _list_members: texts },
    ...{ _counter_relay: texts, _sequence: texts, _signature_author: texts, _nick: texts, _mode: texts },
  },
  { requiredKeys: [] },
);
const words = fc.array(fc.tuple(routing, entity, methods, fc.boolean()), { maxLength: 30 });

/** What one of ours is told of by whom. */
test('no packet makes a step throw, or puts words into the mouth of one of ours', () => {
  fc.assert(
    fc.property(words, fc.boolean(), fc.boolean(), (all, isAuthorized, isSlow) => {
      const fixture = new PlainFixture();
      const client = fixture.founded();
      fixture.say(client, said(ada, room, 1, '_request_context_enter'));
      if (isAuthorized) fixture.authorized('plain');
      else fixture.plain('plain');
      if (isSlow) fixture.held.store = [];
      let at = 0;
      for (const [variables, values, method, isNew] of all) {
        const open = fixture.dialled.at(-1)?.split(' old')[0];
        const name = isNew && open !== undefined && !fixture.closed.includes(open) ? open : 'plain';
        try {
          const bytes = render({ routing: variables, entity: values, method, data: `said ${at++}` });
          fixture.sayBytes(name, bytes);
        } catch (error) {
          // Some of these cannot be said at all.
          if (!(error instanceof PsycError)) throw error;
        }
        if (fixture.closed.includes('plain') && at % 3 === 0) fixture.authorized('plain');
        if (at % 7 === 0) fixture.pass(3_000);
      }
      fixture.release();
      fixture.pass(plainLimits.plainAuthorizingMsMax);
      for (const { routing: heard, data, method } of fixture.hear(client)) {
        const by = heard['_source_relay'] ?? heard['_source'] ?? '';
        const isOurs = by.startsWith('psyc://a.example/~') || by.startsWith('psyc://b.example/');
        // In the mirror of a place others may be told of; never one of ours.
        const isAboutUs = by.startsWith('psyc://a.example/~');
        if (data.startsWith('said '))
          expect([method, isOurs && heard['_context'] !== room, isAboutUs]).toEqual([method, false, false]);
      }
    }),
    { numRuns: 300 },
  );
});

test('no bytes make a step throw, however they are cut', () => {
  const packet = render({ routing: { _source: zoe, _target: hall, _tag: 't' }, method: '_request_enter' });
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom(...['|\n', '.\n', '\n', '=_source\t'].map((text) => new TextEncoder().encode(text))),
    fc.constant(packet),
    fc.nat(packet.length).map((end) => packet.slice(0, end)),
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(pieces, { maxLength: 20 }), (isAuthorized, parts) => {
      const fixture = new PlainFixture();
      if (isAuthorized) fixture.authorized('plain');
      else fixture.plain('plain');
      for (const part of parts) fixture.tell({ kind: 'bytes', circuit: 'plain', bytes: part.slice() });
      fixture.tell({ kind: 'ended', circuit: 'plain' });
      fixture.pass(plainLimits.plainAuthorizingMsMax);
    }),
    { numRuns: 300 },
  );
});

test('names of places and people that nobody is in fill nothing', () => {
  const fixture = new PlainFixture();
  fixture.authorized('plain');
  for (let at = 0; at < 2 * plainLimits.plainMirrorsMax; at++) {
    fixture.sayRaw('plain', {
      routing: { _context: `psyc://${host}/@r${at}`, _source_relay: zoe },
      method: '_message_public',
    });
    fixture.pass(100);
  }
  expect(fixture.queue('plain mirrors')).toBeLessThanOrEqual(plainLimits.plainMirrorsMax);
  expect(fixture.closed).toEqual([]);
  for (let at = 0; at < 2 * plainLimits.plainWaysMax; at++) {
    fixture.sayRaw('plain', {
      routing: { _source: `psyc://${host}/~z${at}`, _target: hall },
      method: '_request_enter',
    });
    fixture.pass(100);
  }
  expect(fixture.queue('plain ways')).toBe(plainLimits.plainWaysMax);
});

test('of many members with long names as many are told as a list has room for', () => {
  const fixture = new PlainFixture();
  const room = `psyc://${host}/@room`;
  fixture.authorized('plain');
  const client = fixture.connect('client ada phone');
  fixture.say(client, said(ada, room, 1, '_request_context_enter'));
  const names = Array.from({ length: 199 }, (_, at) => `psyc://${host}/~${'n'.repeat(304)}${at}`.padEnd(327, 'z'));
  const routing = { _source: room, _target: 'psyc://a.example/~ada', _tag_relay: fixture.tags.at(-1) ?? '' };
  const entity = { _list_members: encodeText(names.map((name) => `|${name}`).join('')) };
  fixture.sayRaw('plain', { routing, entity, method: '_echo_place_enter' });
  const echo = fixture.hear(client).find(({ method }) => method === '_echo_context_enter');
  expect(echo?.packet.text('_amount_members')).toBe('200');
  const told = echo?.packet.value('_list_members')?.length ?? 0;
  expect(told).toBeGreaterThan(federationLimits.listBytesMax - 2 * 328);
  expect(told).toBeLessThan(2 * federationLimits.listBytesMax);
});
