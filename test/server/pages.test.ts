/** What people publish as HTML and Atom: hostile words stay words, and readers of Atom take it. docs/spec/pages.md */
import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import pino from 'pino';
import type { AdminAnswer, AdminQuestion, PageScope } from '../../federation/admin-questions.ts';
import type { Page, Shown } from '../../federation/feeds/page-shown.ts';
import { renderAtom } from '../../server/pages/atom.ts';
import { renderHtml } from '../../server/pages/html.ts';
import { Pages } from '../../server/pages/http.ts';
import { pageLimits, type PageLimits } from '../../server/pages/limits.ts';
import { digestName, pathOf, readUrl } from '../../server/pages/names.ts';
import { needs, onPath } from '../needs.ts';
import { ask, type Answer } from './keys/fixture.ts';

const person = 'psyc://a.example/~ada';
const id = '4ee1'.padEnd(64, '0');

const said = (text: string, more: Partial<Extract<Shown, { kind: 'said' }>> = {}): Shown => ({
  kind: 'said',
  id,
  row: 1,
  author: person,
  timeMs: 1_760_000_000_000,
  text,
  isAction: false,
  isCut: false,
  editedMs: null,
  file: null,
  answers: null,
  signature: 'good',
  ...more,
});

const page = (...shown: Shown[]): Page => ({
  of: person,
  topic: null,
  fingerprint: 'ab'.repeat(20),
  shown,
  before: null,
});
const htmlOf = (one: Page): string => renderHtml(one, 'a.example', null);
const atomOf = (one: Page): string => renderAtom(one, 'a.example', 'https://a.example', null);

const hostile = [
  '</p><script>alert(1)</script>',
  ']]><entry/><![CDATA[',
  '<!--',
  '&lt;b&gt; &amp; &#60;',
  '"\'><img src=x onerror=alert(1)>',
  'a\u0000b\u0008c\u001bd\u007fe\ufffff',
  'right \u202eto left\u2066 and on',
  'javascript:alert(1) https://evil.example/',
  '{{constructor}} ${1} %3Cscript%3E',
  '\ud800 alone',
];

test.each(hostile)('%j makes no tag, no comment and no link', (text) => {
  const html = htmlOf(page(said(text, { answers: { author: 'psyc://b.example/~bob', id } })));
  const atom = atomOf(page(said(text)));
  const plain = htmlOf(page(said('x', { answers: { author: 'psyc://b.example/~bob', id } })));
  const tags = (body: string): string[] => body.match(/<[^>]*>/g) ?? [];
  expect(tags(html)).toEqual(tags(plain));
  expect(tags(atom)).toEqual(tags(atomOf(page(said('x')))));
  for (const body of [html, atom]) {
    // oxlint-disable-next-line no-control-regex
    expect(body).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f\ufffe\uffff\u202a-\u202e\u2066-\u2069]/);
    expect(Buffer.from(body).toString()).toBe(body);
  }
});

test('whatever is said, as many tags stand around it', () => {
  const tags = (text: string): number => (htmlOf(page(said(text))) + atomOf(page(said(text)))).split('<').length;
  const many = tags('x');
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => tags(text) === many));
});

const file = { id, name: '"><script>a b\u00fc.png', type: 'image/png', bytes: 7 };

test('a file is a link to be saved, and an enclosure; of a signature that nobody vouches for there is none', () => {
  const [html, atom] = [htmlOf(page(said('look', { file }))), atomOf(page(said('look', { file })))];
  const name = '&quot;&gt;&lt;script&gt;a bü.png';
  expect(html).toContain(
    `<a download rel="nofollow" href="/~ada/file/${id}"><bdi>${name}</bdi></a>, image/png, 7 bytes`,
  );
  expect(atom).toContain(
    `<link rel="enclosure" type="image/png" length="7" title="${name}" href="https://a.example/~ada/file/${id}"/>`,
  );
  for (const body of [htmlOf, atomOf].map((render) => render(page(said('look', { file, signature: 'unlisted' })))))
    expect(body).not.toContain(`/file/${id}`);
});

test('each state of a signature, edits, answers, actions and what is deleted are told', () => {
  const html = htmlOf(
    page(
      said('lost', { signature: 'unlisted' }),
      said('later', { signature: 'unchecked', editedMs: 1_760_000_060_000 }),
      said('waves', { isAction: true, answers: { author: person, id } }),
      { kind: 'deleted', id, row: 2, timeMs: 0, deletedMs: 1_760_000_060_000 },
    ),
  );
  expect(html).toContain('<span class="bad">signed by a device that the author has no more</span>');
  expect(html).toContain('nobody gives the author’s keys now');
  expect(html).toContain('put right by its author, 2025-10-09 08:54 UTC');
  expect(html).toContain('* ada@a.example waves');
  expect(html).toContain(`answers <a href="#p-${id}"><code>4ee10000</code></a>`);
  expect(html).toContain('deleted by its author, 2025-10-09 08:54 UTC');
});

test('of a place its topic is told, who has said what, and what nobody has signed', () => {
  const of = 'psyc://a.example/@hall';
  const shown = [
    said('hello', { author: 'psyc://b.example/~bob' }),
    said('psst', { id: null, row: 7, signature: 'none' }),
  ];
  const place = { of, topic: 'tea & more', fingerprint: null, shown, before: null };
  const [html, atom] = [htmlOf(place), atomOf(place)];
  expect(html).toContain('<p class="text" dir="auto">tea &amp; more</p>');
  expect(html).toContain('</code> · bob@b.example · ');
  expect(html).toContain('<article id="r-7">');
  expect(html).toContain('<span class="bad">not signed: by the word of this server</span>');
  expect(atom).toContain(`<id>${of}</id>`);
  expect(atom).toContain(`<id>${of}#_row_7</id>`);
  expect(atom).toContain('<author><name>bob@b.example</name><uri>psyc://b.example/~bob</uri></author>');
});

test('a path names a person and a form, or is none', () => {
  const at = (url: string): unknown => readUrl(url, 'a.example');
  expect(at('/~ada')).toEqual({ of: person, form: 'html', before: null });
  expect(at('/~ada.atom?before=7')).toEqual({ of: person, form: 'atom', before: 7 });
  expect(at('/~bob@b.example')).toEqual({ of: 'psyc://b.example/~bob', form: 'html', before: null });
  expect(at('/@hall.atom')).toEqual({ of: 'psyc://a.example/@hall', form: 'atom', before: null });
  expect(at(`/~bob@b.example/file/${id}`)).toEqual({ of: 'psyc://b.example/~bob', form: 'file', id });
  expect([at('/'), at('/psyc'), at('/~ada/x')]).toEqual([null, null, null]);
  for (const url of [
    '/~',
    '/~ADA',
    '/~ada@',
    '/~ada@b.example@c',
    '/~ada?x=1',
    '/~ada?before=0',
    '/~%61da',
    '/~ada/file/4ee1',
    `/@hall/file/${id}`,
  ])
    expect(at(url)).toBe('invalid');
  expect(pathOf('psyc://b.example/~bob', 'a.example', 'atom', 3)).toBe('/~bob@b.example.atom?before=3');
});

describe('over HTTP', () => {
  let server: Server | null = null;
  afterEach(() => void server?.close());

  const all = page(said('hello'));

  /** Asks a server with these pages. */
  async function serving(
    scope: PageScope = { people: 'own', places: 'none' },
    limits: Partial<PageLimits> = {},
    answer: (question: AdminQuestion) => Promise<AdminAnswer | null> = async () => ({ kind: 'page', page: all }),
  ): Promise<{ get: (path: string, more?: Parameters<typeof ask>[2]) => Promise<Answer>; asked: AdminQuestion[] }> {
    const asked: AdminQuestion[] = [];
    const pages = new Pages({
      domain: 'a.example',
      scope,
      ask: (question) => {
        asked.push(question);
        return answer(question);
      },
      limits: { ...pageLimits, ...limits },
      timers: { nowMs: () => 0, after: () => () => {} },
      log: pino({ level: 'silent' }),
    });
    const listening = (server = createServer((request, response) => {
      if (!pages.take(request, response)) response.writeHead(404).end('not a page');
    }));
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    const { port } = listening.address() as AddressInfo;
    return { get: (path, more) => ask({ host: '127.0.0.1', port }, path, more), asked };
  }

  test('a page and its feed, which are not sent again while they are the same', async () => {
    const { get, asked } = await serving();
    const html = await get('/~ada');
    expect(html).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } });
    expect(html.headers['content-security-policy']).toContain("default-src 'none'");
    expect(html.headers['cache-control']).toBe('public, max-age=60');
    const etag = String(html.headers['etag']);
    expect(await get('/~ada', { headers: { 'If-None-Match': `"x", ${etag}` } })).toMatchObject({
      status: 304,
      body: '',
    });
    const atom = await get('/~ada.atom', { headers: { Host: 'web.a.example:8443' } });
    expect(atom.headers['content-type']).toBe('application/atom+xml; charset=utf-8');
    expect(atom.body).toContain('href="https://web.a.example:8443/~ada.atom"');
    expect((await get('/~ada.atom', { headers: { Host: 'a"><b' } })).body).toContain(
      'href="https://a.example/~ada.atom"',
    );
    expect(await get('/~ada', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    expect(asked[0]).toEqual({ kind: 'page', of: person, before: null, scope: { people: 'own', places: 'none' } });
  });

  test('a file is bytes to be saved, whatever its author calls it, and nothing else asks for it', async () => {
    const chunks = [Buffer.from('<script>'), Buffer.from([0, 255])];
    const { get, asked } = await serving(undefined, {}, async () => ({
      kind: 'file',
      file: { name: file.name, chunks },
    }));
    const given = await get(`/~ada/file/${id}`);
    expect(given.status).toBe(200);
    expect(given.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '10',
      'content-disposition': "attachment; filename*=UTF-8''%22%3E%3Cscript%3Ea%20b%C3%BC.png",
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'cache-control': 'no-cache',
    });
    const etag = String(given.headers['etag']);
    expect(await get(`/~ada/file/${id}`, { headers: { 'If-None-Match': etag } })).toMatchObject({ status: 304 });
    expect(asked[0]).toEqual({ kind: 'file', of: person, id, scope: { people: 'own', places: 'none' } });
    server!.close();
    const off = await serving(undefined, {}, async () => ({ kind: 'file', file: null }));
    expect(await off.get(`/~ada/file/${id}`)).toMatchObject({
      status: 404,
      body: expect.stringMatching(/^_page_unknown: /),
    });
  });

  test('what is none is refused with a code, and without pages nothing is known of any', async () => {
    const { get } = await serving(undefined, {}, async () => ({ kind: 'page', page: null }));
    expect(await get('/~ada')).toMatchObject({ status: 404, body: expect.stringMatching(/^_page_unknown: /) });
    expect(await get('/~ADA')).toMatchObject({ status: 400, body: expect.stringMatching(/^_page_invalid_request: /) });
    expect(await get('/~ada', { method: 'PUT' })).toMatchObject({ status: 400 });
    expect((await get('/other')).body).toBe('not a page');
    server!.close();
    const off = await serving({ people: 'none', places: 'none' });
    expect((await off.get('/~ada')).body).toBe('not a page');
    expect(off.asked).toEqual([]);
  });

  test('who asks too often, and one more than can be made, waits', async () => {
    const often = await serving(undefined, { pagesMax: 2 });
    const codes = [];
    for (let time = 0; time < 3; time++) codes.push((await often.get('/~ada')).status);
    expect(codes).toEqual([200, 200, 429]);
    server!.close();
    let go: (answer: AdminAnswer) => void = () => {};
    const slow = await serving(undefined, { makingMax: 1 }, () => new Promise((resolve) => (go = resolve)));
    const first = slow.get('/~ada');
    while (slow.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await slow.get('/~ada')).toMatchObject({ status: 503, body: expect.stringMatching(/^_page_busy: /) });
    go({ kind: 'page', page: all });
    expect(await first).toMatchObject({ status: 200 });
  });
});

needs({ name: 'xmllint', probe: () => onPath('xmllint'), apt: 'libxml2-utils' })('a reader of XML', () => {
  /** What xmllint finds at a path in the feed. */
  const find = (atom: string, path: string): string => {
    const named = path.replaceAll(/\/(\w+)(?=[/[\])]|$)/g, "/*[local-name()='$1']");
    return execFileSync('xmllint', ['--nonet', '--xpath', `string(${named})`, '-'], { input: atom })
      .toString()
      .trim();
  };

  test.each([...hostile, 'tea at five', '  two\n  lines\t'])('takes %j for what was said', (text) => {
    const heard = find(atomOf(page(said(text))), '/feed/entry/content');
    const meant = Buffer.from(text)
      .toString()
      // oxlint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u001b\u007f\uffff]/g, '\ufffd')
      .replace(/[\u202e\u2066]/g, '');
    expect(heard).toBe(meant.trim());
  });

  test('finds names, times, answers, and what is deleted', () => {
    const entries = [
      said('first', { answers: { author: 'psyc://b.example/~bob', id: '07'.repeat(32) }, editedMs: 1_760_000_060_000 }),
      { kind: 'deleted', id, row: 2, timeMs: 0, deletedMs: 1_760_000_060_000 } as const,
    ];
    const atom = renderAtom({ ...page(...entries), before: 12 }, 'b.example', 'https://b.example', null);
    expect(find(atom, '/feed/id')).toBe('psyc://a.example/~ada#_publications');
    expect(find(atom, '/feed/entry/id')).toBe(digestName(id));
    expect(find(atom, '/feed/entry/published')).toBe('2025-10-09T08:53:20.000Z');
    expect(find(atom, '/feed/entry/updated')).toBe('2025-10-09T08:54:20.000Z');
    expect(find(atom, '/feed/entry/category/@term')).toBe('signature-good');
    expect(find(atom, "/feed/*[local-name()='link'][@rel='next']/@href")).toBe(
      'https://b.example/~ada@a.example.atom?before=12',
    );
    expect(atom).toContain(`<at:deleted-entry ref="${digestName(id)}" when="2025-10-09T08:54:20.000Z"/>`);
    expect(atom).toContain(`<thr:in-reply-to ref="${digestName('07'.repeat(32))}"/>`);
  });
});
