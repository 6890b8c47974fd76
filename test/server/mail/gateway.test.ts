/** A mail gateway among Debian's mail programs: what it sends lies in a Maildir, what any program makes of the ticket in its answer brings that back, and nothing else gets in. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTransport } from 'nodemailer';
import { pino } from 'pino';
import { MailDuty } from '../../../server/mail/duty.ts';
import { selfSigned } from '../../../server/transport/certificate.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { mailLimits } from '../../../services/mail/limits.ts';
import {
  begun,
  codeOf,
  ask,
  fetched,
  gateway,
  type Mine,
  toldOver,
  worked,
  written,
} from '../../federation/mail-stand.ts';
import type { NodeFixture } from '../../federation/node-fixture.ts';
import { needs, onPath } from '../../needs.ts';
import { Undoing } from '../../undoing.ts';
import { bring, type Post, postOffice, run } from './post.ts';

const undoing = new Undoing();
const source = fileURLToPath(new URL('answer.py', import.meta.url));

/** A node of which time stands still, and real mail around it. */
class Gate {
  readonly fixture: NodeFixture = begun({ lettersOfDay: 100, lettersToOne: 100, to: ['*'] });
  post!: Post;
  duty!: MailDuty;
  #heard: () => void = () => {};

  async open(): Promise<void> {
    this.post = await postOffice(undoing);
    this.duty = await MailDuty.open({
      config: {
        address: gateway,
        relay: { host: '127.0.0.1', port: this.post.port },
        to: ['*'],
        never: [],
        hosts: ['127.0.0.1'],
        port: 0,
        workBits: 1,
        lettersPerDay: 1,
        lettersPerAddress: 1,
      },
      credentials: selfSigned('gate.example', Date.now()),
      timers: systemTimers,
      log: pino({ level: 'silent' }),
      tell: (event) => {
        this.fixture.tell({ kind: 'mail', event });
        this.pump();
        this.#heard();
      },
    });
    undoing.add(() => this.duty.stop());
  }

  get port(): number {
    return this.duty.addresses[0]!.port;
  }

  /** Does over SMTP what the node wants done. */
  pump(): void {
    for (const effect of this.fixture.mail.splice(0)) this.duty.perform(effect);
  }

  /** Sends a letter, and waits until the relay has spoken. */
  async send(mine: Mine): Promise<void> {
    const heard = new Promise<void>((resolve) => (this.#heard = resolve));
    expect(codeOf(ask(this.fixture, worked(this.fixture, mine.letter)))).toBe('_echo_mail_send');
    this.pump();
    await heard;
  }
}

const gate = new Gate();
const mailTo = (id: string): string => `letters+${id}@gate.example`;
const nobody = mailTo('0'.repeat(32));

/** An answer to the newest mail, as a mail program of that kind writes it, and the address that it goes to. */
async function answered(kind: string, words: string): Promise<{ readonly data: Buffer; readonly to: string }> {
  const data = await run('python3', [source, gate.post.maildir, kind, words]);
  const [, to = ''] = /^To:.*?<?(letters\+[0-9a-f]{32}@gate\.example)>?\r?$/m.exec(data.toString('latin1')) ?? [];
  return { data, to };
}

const tools = ['swaks', 'maildrop', 'maildirmake', 'python3'];
needs({ name: 'swaks and maildrop', apt: 'swaks maildrop', probe: () => tools.every(onPath) })(
  'with mail programs',
  () => {
    beforeAll(() => gate.open());
    afterAll(() => undoing.run());

    test.each([
      ['below', 'Nothing there.'],
      ['above', 'Nothing there.\n\nOn Monday, nobody wrote:'],
      ['printable', 'Nothing there. ä ='],
      ['base64', 'Nothing there.'],
      ['wrapped', 'Nothing there.'],
      ['both', 'Nothing there.'],
      ['page', 'Nothing there.'],
    ])(
      'a letter lies in the mailbox, and its answer comes back, %s',
      async (kind, words) => {
        const { fixture, post } = gate;
        const mine = written(fixture, 1, { subject: `Stones — ${kind}`, text: 'Look under the stone\n\n.\nFrom here' });
        const before = await post.count();
        await gate.send(mine);
        expect(await post.count()).toBe(before + 1);
        const { data, to } = await answered(kind, 'Nothing there.');
        expect(await bring(gate.port, to, data)).toMatchObject({ code: 250 });
        const [told] = toldOver(fixture, mine);
        // What was written above what is quoted, and what is quoted, goes along; the ticket does not.
        expect(told).toMatchObject({ kind: 'reply' });
        const text = told?.kind === 'reply' ? told.text : '';
        expect(text).toContain(words);
        expect(text).not.toMatch(/REPLY TICKET---|[A-Za-z0-9+/]{40}/);
        expect(await bring(gate.port, to, data)).toMatchObject({
          code: 550,
          text: expect.stringContaining('_mail_used_ticket'),
        });
      },
      60_000,
    );

    test('over TLS too', async () => {
      const mine = written(gate.fixture);
      await gate.send(mine);
      const { data, to } = await answered('below', 'Over TLS.');
      const envelope = { from: 'bob@mail.example', to: [to] };
      // Nobody has vouched for the certificate, as nobody does for most of those of mail servers.
      const safe = { host: '127.0.0.1', port: gate.port, requireTLS: true, tls: { rejectUnauthorized: false } };
      const transport = createTransport(safe);
      undoing.add(async () => transport.close());
      await transport.sendMail({ envelope, raw: data });
      expect(toldOver(gate.fixture, mine)).toEqual([{ kind: 'reply', text: expect.stringContaining('Over TLS.') }]);
    }, 60_000);

    test('what the relay refuses, for good or for now', async () => {
      const { fixture, post } = gate;
      const [no, later] = [written(fixture), written(fixture)];
      post.answers = 550;
      await gate.send(no);
      expect(fetched(fixture, no)).toMatchObject({ state: 'failed', told: { code: '_mail_rejected' } });
      post.answers = 451;
      await gate.send(later);
      expect(fetched(fixture, later)).toMatchObject({ state: 'waiting' });
      post.answers = 250;
      fixture.pass(mailLimits.retryMsMin);
      gate.pump();
    });

    const head = 'From: bob@mail.example\r\nTo: x\r\n';
    const many = (count: number, line: (at: number) => string): string =>
      Array.from({ length: count }, (_, at) => line(at)).join('');
    const nested = (depth: number): string =>
      many(depth, (at) => `Content-Type: multipart/mixed; boundary=b${at}\r\n\r\n--b${at}\r\n`);

    describe('an open relay, a bomb, a loop', () => {
      const mine = { letter: '', to: '' };
      beforeAll(async () => {
        await gate.send(written(gate.fixture));
        mine.to = (await answered('below', 'x')).to;
      });

      test.each([
        ['550', '_mail_foreign_address', 'eve@mail.example', `${head}\r\nx`],
        ['550', '_mail_unknown_letter', nobody, `${head}\r\nx`],
        ['550', '_mail_unknown_letter', 'letters@gate.example', `${head}\r\nx`],
        ['550', '_mail_unknown_letter', 'postmaster@gate.example', `${head}\r\nx`],
        ['550', '_mail_missing_ticket', null, `${head}\r\nHello?`],
        ['550', '_mail_automatic', null, `${head}Auto-Submitted: auto-replied\r\n\r\nI am away`],
        ['550', '_mail_automatic', null, `${head}Precedence: bulk\r\n\r\nBuy`],
        ['554', '_mail_loop', null, `${head}${many(101, (at) => `Received: from a by b; ${at}\r\n`)}\r\nx`],
        ['552', '_mail_excessive_headers', null, `${head}${many(300, (at) => `X-${at}: y\r\n`)}\r\nx`],
        ['552', '_mail_excessive_headers', null, `${head}X: ${many(2_000, () => `${'y'.repeat(40)}\r\n `)}\r\n\r\nx`],
        ['552', '_mail_excessive_parts', null, `${head}${nested(20)}\r\nx`],
        [
          '552',
          '_mail_excessive_parts',
          null,
          `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n${many(2_000, () => '--b\r\n\r\nx\r\n')}--b--\r\n`,
        ],
        [
          '554',
          '_mail_unreadable',
          null,
          `${head}Content-Type: text/html\r\n\r\n${many(2_500, () => `${'<a href="'.repeat(10)}\r\n`)}`,
        ],
        ['552', '_mail_oversized', null, `${head}\r\n${many(4_000, () => `${'x'.repeat(70)}\r\n`)}`],
      ])('%s %s', async (code, why, to, data) => {
        const brought = await bring(gate.port, to ?? mine.to, data);
        expect(brought).toMatchObject({ code: Number(code), text: expect.stringContaining(`(${why})`) });
      });

      test('a report of delivery is told, and answered with no mail', async () => {
        const other = written(gate.fixture);
        await gate.send(other);
        const { to } = await answered('below', 'x');
        const before = await gate.post.count();
        const report = [
          `${head}Auto-Submitted: auto-replied`,
          'Content-Type: multipart/report; report-type=delivery-status; boundary=r',
          '',
          '--r\r\n\r\nNo such user.',
          '--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example\r\n',
          'Final-Recipient: rfc822; bob@mail.example\r\nAction: failed\r\nStatus: 5.1.1\r\n--r--\r\n',
        ].join('\r\n');
        expect(await bring(gate.port, to, report, ['--from', '<>'])).toMatchObject({ code: 250 });
        expect(fetched(gate.fixture, other).told).toEqual({ kind: 'failure', code: '_mail_bounced', status: '5.1.1' });
        expect(await gate.post.count()).toBe(before);
      });

      test('one mail is for one letter', async () => {
        const { codes } = await bring(gate.port, `${mine.to},${mine.to}`, `${head}\r\nx`);
        expect(codes).toContain('452');
      });
    });
  },
);
