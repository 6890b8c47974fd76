/** A relay out of `@nostr-relay/core`, its SQLite repository and `ws`, as their pages build one; commits are made durable. Child of bench/feeds.ts. */
import { createServer } from 'node:http';
import { EventRepositorySqlite } from '@nostr-relay/event-repository-sqlite';
import { NostrRelay } from '@nostr-relay/core';
import { Validator } from '@nostr-relay/validator';
import Database from 'better-sqlite3';
import { WebSocketServer } from 'ws';

const database = new Database(process.argv[2]);
database.pragma('journal_mode = WAL');
// Without it a commit may be lost with the power: better-sqlite3 is built for NORMAL.
database.pragma('synchronous = FULL');
const repository = new EventRepositorySqlite(database);
await repository.init();
const silent = { setLogLevel() {}, debug() {}, info() {}, warn() {}, error() {} };
const relay = new NostrRelay(repository, { logger: silent, maxSubscriptionsPerClient: 100 });
const validator = new Validator();
const http = createServer();
new WebSocketServer({ server: http }).on('connection', (client) => {
  relay.handleConnection(client);
  client.on('message', (data) => {
    void validator.validateIncomingMessage(data).then((message) => relay.handleMessage(client, message));
  });
  client.on('close', () => relay.handleDisconnect(client));
});
http.listen(0, '127.0.0.1', () => process.send(http.address().port));
process.on('disconnect', () => process.exit());
