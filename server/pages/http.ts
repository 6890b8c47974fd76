/** Pages of what people publish, over HTTP at whatever port they are asked for. docs/spec/pages.md#requests */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { AdminAnswer, AdminQuestion, PageScope } from '../../federation/admin-questions.ts';
import type { Page } from '../../federation/feeds/page-shown.ts';
import { Rates } from '../keys/rates.ts';
import { placeOf } from '../transport/admission.ts';
import type { Timers } from '../transport/timers.ts';
import { renderAtom } from './atom.ts';
import type { PageCode } from './errors.ts';
import { contentPolicy, renderHtml } from './html.ts';
import type { PageLimits } from './limits.ts';
import { type FileRequest, type PageRequest, readUrl } from './names.ts';

/** What it works with. */
export interface PagesOptions {
  readonly domain: string;
  readonly scope: PageScope;
  /** Asks the node; null: it is over. */
  readonly ask: (question: AdminQuestion) => Promise<AdminAnswer | null>;
  readonly limits: PageLimits;
  readonly timers: Timers;
  readonly log: Logger;
}

const statuses: Readonly<Record<PageCode, number>> = {
  _page_unknown: 404,
  _page_invalid_request: 400,
  _page_excessive_requests: 429,
  _page_busy: 503,
};

const sentences: Readonly<Record<PageCode, string>> = {
  _page_unknown: 'nothing of that name is published that is shown here',
  _page_invalid_request:
    'a page is /~nick, /~nick@domain or /@place, with .atom as a feed, /~nick/file/ID a file; asked for with GET or HEAD',
  _page_excessive_requests: 'too often: wait a while',
  _page_busy: 'too many ask at this moment: ask again',
};

const types = { html: 'text/html; charset=utf-8', atom: 'application/atom+xml; charset=utf-8' } as const;

/** Answers requests, or leaves them to others. */
export class Pages {
  readonly #options: PagesOptions;
  readonly #rates: Rates;
  #making = 0;

  constructor(options: PagesOptions) {
    const { pagesMax, pageMs, placesMax } = options.limits;
    this.#options = options;
    this.#rates = new Rates(pagesMax, pageMs, placesMax);
  }

  /** Whether it is a page's request; then it is answered. `address`: whom it is for, where a proxy brings it. Who asked for what is in no log. */
  take(request: IncomingMessage, response: ServerResponse, address = request.socket.remoteAddress ?? ''): boolean {
    const { scope, domain, timers, limits } = this.#options;
    const asked = readUrl(request.url ?? '', domain);
    if (asked === null || (scope.people === 'none' && scope.places === 'none')) return false;
    const waitMs = this.#rates.take(placeOf(address), timers.nowMs());
    if (waitMs > 0) response.setHeader('Retry-After', Math.ceil(waitMs / 1000));
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (waitMs > 0) refuse(request, response, '_page_excessive_requests');
    else if (asked === 'invalid' || !isRead) refuse(request, response, '_page_invalid_request');
    else if (this.#making >= limits.makingMax) refuse(request, response, '_page_busy');
    else {
      this.#making++;
      void this.#make(asked, request, response).finally(() => this.#making--);
    }
    return true;
  }

  async #make(asked: PageRequest | FileRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { scope, log, ask } = this.#options;
    try {
      const { of } = asked;
      if (asked.form === 'file') {
        const answer = await ask({ kind: 'file', of, id: asked.id, scope });
        if (response.destroyed) return;
        if (answer?.kind !== 'file' || answer.file === null) refuse(request, response, '_page_unknown');
        else giveFile(asked.id, answer.file, request, response);
        return;
      }
      const answer = await ask({ kind: 'page', of, before: asked.before, scope });
      if (response.destroyed) return;
      if (answer?.kind !== 'page' || answer.page === null) refuse(request, response, '_page_unknown');
      else this.#give(asked, answer.page, request, response);
    } catch (error) {
      log.error({ reason: String(error) }, 'a page failed');
      response.destroy();
    }
  }

  #give({ form, before }: PageRequest, page: Page, request: IncomingMessage, response: ServerResponse): void {
    const { domain, limits } = this.#options;
    const body =
      form === 'html'
        ? renderHtml(page, domain, before)
        : renderAtom(page, domain, `https://${hostIn(request, domain)}`, before);
    const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    const isSame = isKnown(request, tag);
    end(request, response, isSame ? 304 : 200, types[form], isSame ? '' : body, {
      'Cache-Control': `public, max-age=${limits.cacheSeconds}`,
      ETag: tag,
      // Readers of feeds in browsers fetch them.
      ...(form === 'atom' && { 'Access-Control-Allow-Origin': '*' }),
    });
  }
}

/** Whether whoever asks has what has this tag. */
const isKnown = ({ headers }: IncomingMessage, tag: string): boolean =>
  (headers['if-none-match'] ?? '').split(',').some((one) => one.trim() === tag);

/**
 * A file is bytes to be saved: no browser takes it for something that it shows or runs, whatever its author calls it. The name is
 * that of RFC 6266 and RFC 8187. What is known by its id never changes, but may be deleted.
 */
function giveFile(
  id: string,
  { name, chunks }: { readonly name: string; readonly chunks: readonly Uint8Array[] },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const tag = `"${id}"`;
  const isSame = isKnown(request, tag);
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  end(request, response, isSame ? 304 : 200, 'application/octet-stream', isSame ? '' : Buffer.concat(chunks), {
    'Cache-Control': 'no-cache',
    'Content-Disposition': `attachment; filename*=UTF-8''${encoded}`,
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Cross-Origin-Resource-Policy': 'same-origin',
    ETag: tag,
  });
}

/** Where it was asked for, if that is a host; it stands in the feed's own address only. */
function hostIn({ headers }: IncomingMessage, domain: string): string {
  const { host = '' } = headers;
  return /^[a-z0-9.-]{1,255}(?::[0-9]{1,5})?$/i.test(host) ? host.toLowerCase() : domain;
}

const refuse = (request: IncomingMessage, response: ServerResponse, code: PageCode): void =>
  end(request, response, statuses[code], 'text/plain; charset=utf-8', `${code}: ${sentences[code]}\n`, {});

function end(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    Connection: 'close',
    'Content-Type': type,
    ...(status === 304 ? {} : { 'Content-Length': Buffer.byteLength(body) }),
    'Content-Security-Policy': contentPolicy,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}
