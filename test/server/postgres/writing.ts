/** A process that writes as fast as it is acknowledged, and says what was: to be killed by crash.test.ts. */
import { PostgresStore } from '../../../server/postgres/store.ts';
import { Supervisor } from '../../../server/postgres/supervisor.ts';
import { append, bytes } from '../../store/rows.ts';

const [folder = '', programs, life = ''] = process.argv.slice(2);

/** Writes under way at once. */
const WINDOW = 16;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const supervisor = await Supervisor.start({ folder, programs, up: (pid) => say(`postgres ${pid}`) });
let isUp = true;
const waiting: (() => void)[] = [];
const store = await PostgresStore.open(supervisor.connection, {
  up: () => {
    isUp = true;
    for (const go of waiting.splice(0)) go();
  },
  down: () => {
    isUp = false;
  },
});
await Promise.all(
  Array.from({ length: WINDOW }, async (_, writer) => {
    for (let number = 0; ; number++) {
      const id = `${life} ${writer} ${number}`;
      const operations = [append('hall', number, { id: bytes(id) })];
      for (;;) {
        const outcome = await store.perform({ kind: 'write', request: number, operations });
        if (outcome.kind === 'written') {
          say(`${outcome.appended[0]!.sequence} ${id}`);
          break;
        }
        if (outcome.kind === 'refused' && outcome.code !== '_store_lost') throw new Error(outcome.code);
        if (!isUp) await new Promise<void>((go) => waiting.push(go));
      }
    }
  }),
);
