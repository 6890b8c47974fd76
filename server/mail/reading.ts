/** What a mail that came in says, by a library that knows MIME; what costs too much is refused before it is read. docs/spec/mail.md#replies */
import PostalMime, { type Email } from 'postal-mime';
import type { Arrival } from '../../services/mail/arrival.ts';
import type { ArrivalCode } from '../../services/mail/error.ts';
import { mailLimits } from '../../services/mail/limits.ts';
import { isStatus } from '../../services/mail/sealed.ts';

const { headerBytesMax, headersMax, partDepthMax, partsMax } = mailLimits;

/** Lines of what is bytes, each byte a character. */
const linesOf = (raw: string): string[] => raw.split(/\r?\n/);

/**
 * Too much of something: fields of the head; parts, of which whatever may be a boundary is counted, since a part need not say what it is. null: it may be
 * read.
 */
function excessOf(raw: string): ArrivalCode | null {
  const lines = linesOf(raw);
  const end = lines.indexOf('');
  const head = lines.slice(0, end < 0 ? lines.length : end);
  if (head.filter((line) => !/^[ \t]/.test(line)).length > headersMax) return '_mail_excessive_headers';
  const named = [...raw.matchAll(/boundary[ \t]*=[ \t\r\n]*(?:"([^"\r\n]*)"|([^\s;]+))/gi)];
  if (named.length > partsMax) return '_mail_excessive_parts';
  const boundaries = new Set(named.map(([, quoted, plain = '']) => quoted ?? plain));
  const parts = lines.filter((line) => line.startsWith('--') && boundaries.has(line.slice(2).trimEnd()));
  return parts.length > partsMax ? '_mail_excessive_parts' : null;
}

/** What the library says when one of its own limits is passed; anything else is a mail that it cannot make anything of. */
function codeOf(error: unknown): ArrivalCode {
  const { message } = error as Error;
  if (message.startsWith('Maximum header size')) return '_mail_excessive_headers';
  return message.startsWith('Maximum MIME nesting depth') ? '_mail_excessive_parts' : '_mail_unreadable';
}

/** The mail in these bytes; `sender`: of its envelope. Or why it is not read. Never rejects. */
export async function readMail(bytes: Uint8Array, sender: string): Promise<Arrival | ArrivalCode> {
  const excess = excessOf(Buffer.from(bytes).toString('latin1'));
  if (excess !== null) return excess;
  try {
    const mail = await PostalMime.parse(bytes, {
      maxHeadersSize: headerBytesMax,
      maxNestingDepth: partDepthMax,
      // What is passed on within it is not what it says.
      forceRfc822Attachments: true,
      maxRfc822NestingDepth: 0,
    });
    return arrivalOf(mail, sender, mail.text ?? (await textOf(mail.html ?? '')));
  } catch (error) {
    return codeOf(error);
  }
}

/** What HTML says, as the library puts it beside plain text: by itself it leaves it as it is. */
async function textOf(html: string): Promise<string> {
  if (html === '') return '';
  const head = ['Content-Type: multipart/mixed; boundary=p', '', '--p', '', '', '--p'];
  const part = ['Content-Type: text/html; charset=utf-8', 'Content-Transfer-Encoding: base64', ''];
  const mail = await PostalMime.parse(
    [...head, ...part, Buffer.from(html).toString('base64'), '--p--', ''].join('\r\n'),
  );
  return mail.text ?? '';
}

function arrivalOf(mail: Email, sender: string, text: string): Arrival {
  const valuesOf = (wanted: string): string[] =>
    mail.headers.flatMap(({ key, value }) => (key === wanted ? [value.trim().toLowerCase()] : []));
  const isReport = valuesOf('content-type').some((value) => value.startsWith('multipart/report'));
  const automatic = valuesOf('auto-submitted').some((value) => value !== 'no');
  const isList = valuesOf('precedence').some((value) => /^(?:bulk|junk|list)$/.test(value));
  return {
    isFromNobody: sender === '',
    isAutomatic: isReport || automatic || isList,
    received: valuesOf('received').length,
    text,
    status: statusOf(mail),
  };
}

/** The first Status field of a report of delivery (RFC 3464). */
function statusOf({ attachments }: Email): string | null {
  const report = attachments.find(({ mimeType }) => mimeType === 'message/delivery-status');
  if (report === undefined) return null;
  const { content } = report;
  const text = typeof content === 'string' ? content : Buffer.from(content as Uint8Array).toString('latin1');
  const [, status = ''] = /^Status:[ \t]*([0-9.]+)/im.exec(text) ?? [];
  return isStatus(status) ? status : null;
}
