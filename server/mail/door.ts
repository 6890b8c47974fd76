/** Mail that comes in: SMTP, for addresses of letters that are kept, and for nobody else's. docs/spec/mail.md#replies */
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from 'pino';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { letterAt, type MailAddress } from '../../services/mail/address.ts';
import type { Arrival } from '../../services/mail/arrival.ts';
import type { ArrivalCode } from '../../services/mail/error.ts';
import type { MailLimits } from '../../services/mail/limits.ts';
import { placeOf } from '../transport/admission.ts';
import type { Credentials } from '../transport/certificate.ts';
import { Ports } from '../transport/ports.ts';
import type { Timers } from '../transport/timers.ts';
import { MailReader } from './reader.ts';
import { Refusal } from './replies.ts';

/** Where to listen, and whom to ask. */
export interface MailDoorOptions {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly gateway: MailAddress;
  readonly credentials: Credentials;
  readonly limits: MailLimits;
  readonly timers: Timers;
  readonly log: Logger;
  /** Whether a letter has this id; null: it has. */
  readonly named: (letter: string) => Promise<ArrivalCode | null>;
  /** Takes what came; null when it is durable. */
  readonly arrived: (letter: string, arrival: Arrival) => Promise<ArrivalCode | null>;
}

interface Guest {
  readonly socket: Socket;
  readonly place: string;
  readonly cancel: () => void;
  /** That he has brought, or begun to. */
  mails: number;
}

type Reply = (error?: Error | null) => void;

/** A listening port. */
export class MailDoor {
  readonly #options: MailDoorOptions;
  readonly #smtp: SMTPServer;
  readonly #ports = new Ports();
  readonly #reader: MailReader;
  /** Who is here. A socket itself does not tell that it is closed once TLS has been begun on it. */
  readonly #guests = new Map<SMTPServerSession, Guest>();

  private constructor(options: MailDoorOptions) {
    const { limits, gateway, credentials, log, timers } = options;
    this.#options = options;
    this.#reader = new MailReader(timers, limits.readMsMax);
    this.#smtp = new SMTPServer({
      ...credentials,
      name: gateway.domain,
      banner: 'replies to letters only',
      size: limits.mailBytesMax,
      socketTimeout: limits.idleMsMax,
      // Nobody has an account here, and names of hosts are not asked for of strangers' DNS.
      disabledCommands: ['AUTH'],
      authOptional: true,
      disableReverseLookup: true,
      hideSMTPUTF8: true,
      onMailFrom: (_, session, reply: Reply) => this.#begun(session, reply),
      onRcptTo: ({ address }, session, reply: Reply) => this.#named(address, session, reply),
      onData: (stream, session, reply: Reply) => void this.#came(stream, session, reply),
      onClose: (session) => this.#gone(session),
    });
    // Whoever comes may break off, or speak TLS badly.
    this.#smtp.on('error', (error) => log.debug({ reason: error.message }, 'SMTP'));
  }

  /** Rejects with the system's error when an address is taken or not ours. */
  static async open(options: MailDoorOptions): Promise<MailDoor> {
    const door = new MailDoor(options);
    await door.#ports.open(options.hosts, options.port, options.log, (socket) => door.#connected(socket));
    return door;
  }

  /** Where it listens, in the order of `hosts`. */
  get addresses(): AddressInfo[] {
    return this.#ports.addresses;
  }

  /** Breaks off: what was not acknowledged is brought again. */
  async close(): Promise<void> {
    const closed = this.#ports.close();
    for (const connection of [...this.#smtp.connections]) connection.close();
    for (const session of [...this.#guests.keys()]) this.#gone(session);
    await this.#reader.close();
    await closed;
  }

  #connected(socket: Socket): void {
    socket.on('error', () => {});
    const { timers, limits } = this.#options;
    const place = placeOf(socket.remoteAddress ?? '');
    const here = [...this.#guests.values()].filter((guest) => guest.place === place).length;
    if (this.#guests.size >= limits.connectionsMax || here >= limits.connectionsOfAddressMax) {
      // Nobody reads what he says, so nothing would tell that he is gone.
      socket.end('421 4.7.0 too many connections; come again\r\n', () => socket.destroy());
      return;
    }
    this.#smtp.connect(socket);
    const connection = [...this.#smtp.connections].at(-1)!;
    // However little he says at a time, he has so long and no longer.
    const cancel = timers.after(limits.sessionMsMax, () => {
      const { message, responseCode } = new Refusal('_mail_slow');
      connection.send(responseCode, message);
    });
    this.#guests.set(connection.session, { socket, place, cancel, mails: 0 });
  }

  #gone(session: SMTPServerSession): void {
    const guest = this.#guests.get(session);
    this.#guests.delete(session);
    guest?.cancel();
    guest?.socket.destroy();
  }

  #begun(session: SMTPServerSession, reply: Reply): void {
    const guest = this.#guests.get(session);
    if (guest !== undefined) guest.mails++;
    const isTooMany = (guest?.mails ?? 0) > this.#options.limits.mailsOfSessionMax;
    reply(isTooMany ? new Refusal('_mail_excessive_mails') : null);
  }

  #named(address: string, session: SMTPServerSession, reply: Reply): void {
    const { gateway, named } = this.#options;
    const letter = letterAt(gateway, address);
    if (letter === null) {
      const isHere = address.toLowerCase().endsWith(`@${gateway.domain}`);
      reply(new Refusal(isHere ? '_mail_unknown_letter' : '_mail_foreign_address'));
    } else if (session.envelope.rcptTo.length > 0) reply(new Refusal('_mail_excessive_recipients'));
    else void named(letter).then((code) => reply(code === null ? null : new Refusal(code)));
  }

  async #came(stream: SMTPServerDataStream, session: SMTPServerSession, reply: Reply): Promise<void> {
    const { gateway, arrived, limits } = this.#options;
    const chunks: Buffer[] = [];
    try {
      // What is too big is heard to its end and not kept: only then may anything be answered (RFC 5321 4.2.5).
      for await (const chunk of stream) if (stream.byteLength <= limits.mailBytesMax) chunks.push(chunk as Buffer);
    } catch {
      // He has broken off, and brings it again.
      return;
    }
    const letter = letterAt(gateway, session.envelope.rcptTo[0]?.address ?? '');
    const sender = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address;
    const read = stream.sizeExceeded
      ? '_mail_oversized'
      : await this.#reader.read({ bytes: Buffer.concat(chunks), sender });
    const code =
      typeof read === 'string' ? read : letter === null ? '_mail_unknown_letter' : await arrived(letter, read);
    reply(code === null ? null : new Refusal(code));
  }
}
