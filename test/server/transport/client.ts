/** A WebSocket client as a browser would be, with what it heard. */
import { type ClientOptions, WebSocket } from 'ws';

/** A client, with what it heard. */
export class Client {
  readonly websocket: WebSocket;
  readonly messages: string[] = [];
  readonly closed: Promise<number>;
  /** The status of an HTTP answer, or null once it is open. */
  readonly opening: Promise<number | null>;

  constructor(
    { host, port }: { host: string; port: number },
    path = '/psyc',
    protocols = ['psyc'],
    more: ClientOptions = {},
  ) {
    const options = { rejectUnauthorized: false, servername: 'b.example', ...more };
    this.websocket = new WebSocket(`wss://${host}:${port}${path}`, protocols, options);
    this.websocket.on('message', (data: Buffer) => this.messages.push(data.toString()));
    this.closed = new Promise((done) => this.websocket.once('close', done));
    this.opening = new Promise((done, failed) => {
      this.websocket.once('open', () => done(null));
      this.websocket.once('unexpected-response', (request, response) => {
        done(response.statusCode!);
        request.destroy();
      });
      this.websocket.once('error', failed);
    });
    this.websocket.on('error', () => {});
  }
}
