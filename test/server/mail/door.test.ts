/** Who comes to the mail gateway and stays too long, brings too much, or comes too often, is told so and shown out. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { MailDoor } from '../../../server/mail/door.ts';
import { selfSigned } from '../../../server/transport/certificate.ts';
import { systemTimers } from '../../../server/transport/timers.ts';
import { type MailLimits, mailLimits } from '../../../services/mail/limits.ts';
import { Undoing } from '../../undoing.ts';

const undoing = new Undoing();
afterEach(() => undoing.run());

async function opened(limits: Partial<MailLimits>): Promise<number> {
  const door = await MailDoor.open({
    hosts: ['127.0.0.1'],
    port: 0,
    gateway: { local: 'letters', domain: 'gate.example' },
    credentials: selfSigned('gate.example', Date.now()),
    limits: { ...mailLimits, ...limits },
    timers: systemTimers,
    log: pino({ level: 'silent' }),
    named: async () => null,
    arrived: async () => null,
  });
  undoing.add(() => door.close());
  return door.addresses[0]!.port;
}

/** Says these lines, each when something was said, and hears until the other end closes. */
async function heard(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const left = [...lines];
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const next = left.shift();
    if (next !== undefined) socket.write(`${next}\r\n`);
  });
  await once(socket, 'close');
  return text;
}

test('who takes too long is shown out, however little he says at a time', async () => {
  const port = await opened({ sessionMsMax: 50 });
  expect(await heard(port, ['EHLO desk'])).toMatch(/421 4\.4\.2 .*\(_mail_slow\)\r\n$/);
});

test('so many mails in one connection, and no more', async () => {
  const port = await opened({ mailsOfSessionMax: 1 });
  const lines = ['HELO desk', 'MAIL FROM:<a@b.example>', 'RSET', 'MAIL FROM:<a@b.example>'];
  expect(await heard(port, lines)).toMatch(/421 4\.7\.0 .*\(_mail_excessive_mails\)\r\n$/);
});

test('so many connections, and room again when one is gone', async () => {
  const port = await opened({ connectionsMax: 1 });
  const first = connect(port, '127.0.0.1');
  await once(first, 'data');
  expect(await heard(port, [])).toMatch(/^421 4\.7\.0 too many connections/);
  first.destroy();
  for (let tries = 0; ; tries++) {
    const said = await heard(port, ['HELO desk', 'QUIT']);
    if (!said.startsWith('421')) {
      expect(said).toMatch(/^220 gate\.example/);
      break;
    }
    expect(tries).toBeLessThan(1_000);
  }
});
