/** Publications that another server lacks, handed to it out of a log. docs/spec/feeds.md#reconciling */
import { parseOne } from '../../circuit/one-packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import type { Desk } from '../desk.ts';
import { deletionIn } from './feed-deletion.ts';
import type { FeedHub } from './feed-hub.ts';
import type { FeedLog } from './feed-log.ts';
import { readdress } from '../letter.ts';
import { nodeUniform } from '../waking.ts';

/** One feed's. */
export class FeedGiving {
  readonly #context: string;
  readonly #desk: Desk;
  readonly #hub: Pick<FeedHub, 'send'>;
  readonly #log: FeedLog;
  #count = 0;

  constructor(context: string, desk: Desk, hub: Pick<FeedHub, 'send'>, log: FeedLog) {
    this.#context = context;
    this.#desk = desk;
    this.#hub = hub;
    this.#log = log;
  }

  /** How often rows are being read. */
  get count(): number {
    return this.#count;
  }

  /** Sends publications by their ids, in the order of their numbers here, as far as there is room; for what is deleted, what deletes it. */
  give(to: string, ids: readonly Uint8Array[], done: () => void = () => {}): void {
    this.#log.hold(({ rows: numbers }) => {
      const wanted = ids.flatMap((id) => numbers.get(hexOf(id)) ?? []).sort((one, other) => one - other);
      const { historyBytesMax } = this.#desk.options.federationLimits;
      this.#count++;
      this.#log.rows(wanted, historyBytesMax, (rows) => {
        this.#count--;
        const node = nodeUniform(to);
        let bytes = 0;
        for (const row of rows ?? []) {
          bytes += row.packet.length;
          if (bytes > historyBytesMax && bytes > row.packet.length) break;
          const packet = parseOne(deletionIn(row.packet) ?? row.packet);
          if (!this.#hub.send(to, readdress({ _target: node, _context: this.#context }, packet))) break;
        }
        done();
      });
    });
  }
}
