/** What a node has its admin told: another key once an hour for each domain, and what to do about it. */
import { expect, test } from '@jest/globals';
import { openLog } from '../../../server/log.ts';
import { Notices } from '../../../server/node/notices.ts';

test('a domain that comes with another key at every retry', () => {
  const lines: { level: string; msg: string; domain?: string }[] = [];
  const write = (text: string): unknown => lines.push(JSON.parse(text) as (typeof lines)[number]);
  const notices = new Notices(openLog('info', { write }));
  const tell = (domain: string, nowMs: number): void => {
    const [fingerprint, expected] = ['a'.repeat(40), 'b'.repeat(40)];
    notices.tell({ kind: 'foreign key', domain, fingerprint, expected }, nowMs);
    notices.tell({ kind: 'refused', code: '_trust_changed_key', domain }, nowMs);
  };
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 30_000) tell('b.test', nowMs);
  expect(lines).toMatchObject([
    { level: 'error', domain: 'b.test', msg: expect.stringContaining('p3do federate add b.test --fingerprint') },
    { level: 'info', domain: 'b.test', code: '_trust_changed_key', msg: 'circuit refused' },
  ]);
  tell('c.test', 3_599_999);
  expect(lines).toHaveLength(4);
  tell('b.test', 3_600_000);
  expect(lines).toHaveLength(6);
  notices.tell({ kind: 'refused', code: '_proof_timeout', domain: null }, 3_600_000);
  expect(lines.at(-1)).not.toHaveProperty('domain');
});

test('whoever answers for a domain and does not prove its key: row 1, once an hour; who only claims to be it is not worth that', () => {
  const lines: { level: string; msg: string; code?: string }[] = [];
  const write = (text: string): unknown => lines.push(JSON.parse(text) as (typeof lines)[number]);
  const notices = new Notices(openLog('info', { write }));
  const tell = (code: string, domain: string | null, nowMs: number): void =>
    notices.tell({ kind: 'refused', code, domain }, nowMs);
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 30_000) tell('_proof_invalid_signature', 'b.test', nowMs);
  expect(lines).toMatchObject([
    {
      level: 'warn',
      domain: 'b.test',
      code: '_proof_invalid_signature',
      msg: expect.stringMatching(/^PROOF: b\.test: /),
    },
  ]);
  tell('_proof_reflected', 'b.test', 3_600_000);
  tell('_proof_reflected', null, 3_600_000);
  tell('_proof_timeout', 'b.test', 3_600_000);
  expect(lines.slice(1).map(({ level, code }) => [level, code])).toEqual([
    ['warn', '_proof_reflected'],
    ['info', '_proof_reflected'],
    ['info', '_proof_timeout'],
  ]);
});

test('somebody who has himself refused again and again', () => {
  const lines: { code?: string }[] = [];
  const write = (text: string): unknown => lines.push(JSON.parse(text) as (typeof lines)[number]);
  const notices = new Notices(openLog('info', { write }));
  for (let nowMs = 0; nowMs < 3_600_000; nowMs += 1000) {
    for (const code of ['_plain_unnamed', '_plain_necessary_authorization', '_circuit_invalid_greeting'])
      notices.tell({ kind: 'refused', code, domain: null }, nowMs);
  }
  expect(lines.map(({ code }) => code)).toEqual([
    '_plain_unnamed',
    '_plain_necessary_authorization',
    '_circuit_invalid_greeting',
  ]);
});

test('rules that cannot be read, whenever somebody wakes: once a day', () => {
  const lines: { level: string; msg: string }[] = [];
  const write = (text: string): unknown => lines.push(JSON.parse(text) as (typeof lines)[number]);
  const notices = new Notices(openLog('info', { write }));
  for (let nowMs = 0; nowMs <= 86_400_000; nowMs += 3_600_000) notices.tell({ kind: 'unreadable rules' }, nowMs);
  expect(lines).toMatchObject(
    Array.from({ length: 2 }, () => ({ level: 'warn', msg: expect.stringContaining('RULES') })),
  );
  expect(lines).toHaveLength(2);
});

test('our own key is revoked: one error an hour where that is certain, whoever refuses it; one for each who only says so, named', () => {
  const lines: { level: string; msg: string; domain: string; isFound: boolean }[] = [];
  const write = (text: string): unknown => lines.push(JSON.parse(text) as (typeof lines)[number]);
  const notices = new Notices(openLog('info', { write }));
  const tell = (domain: string, isFound: boolean, nowMs: number): void =>
    notices.tell({ kind: 'own key revoked', domain, fingerprint: 'a'.repeat(40), isFound }, nowMs);
  for (const isFound of [false, true]) {
    for (let nowMs = 0; nowMs < 3_600_000; nowMs += 600_000)
      for (const domain of ['b.test', 'c.test']) tell(domain, isFound, nowMs);
  }
  expect(lines.map(({ level, domain, isFound }) => [level, domain, isFound])).toEqual([
    ['error', 'b.test', false],
    ['error', 'c.test', false],
    ['error', 'b.test', true],
  ]);
  expect(lines[0]!.msg).toContain('according to b.test');
  expect(lines[2]!.msg).not.toContain('according to');
  for (const { msg } of lines) expect(msg).toContain('p3do key rotate --recovery FILE --at now');
  tell('c.test', true, 3_600_000);
  expect(lines).toHaveLength(4);
});

test.each([
  ['old key', 'as its old one said'],
  ['recovery key', 'as its recovery key said'],
  ['others', 'neither its old one nor its recovery key'],
] as const)('a domain has another key, by the word of %s', (by, words) => {
  const lines: { level: string; msg: string; by: string }[] = [];
  const write = (text: string): unknown => lines.push(JSON.parse(text) as (typeof lines)[number]);
  const notices = new Notices(openLog('info', { write }));
  notices.tell({ kind: 'key', domain: 'b.test', row: by === 'others' ? '11' : '9', alarm: 'key followed', by }, 0);
  expect(lines).toMatchObject([{ level: 'warn', by, msg: expect.stringContaining(words) }]);
});
