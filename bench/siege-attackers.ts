/** The attackers of the siege, in a process of their own: their work must not count as the others' waiting. Child of siege.ts. */
import { type Attack, type AttackName, attacks, type Tally, type Target } from '../test/server/siege/attacks.ts';

/** What the attackers are told, in this order. */
export type Command =
  | { readonly kind: 'prepare'; readonly name: AttackName; readonly target: Target }
  | { readonly kind: 'begin' | 'end' };

let attack: Attack;

async function obey(command: Command): Promise<Tally> {
  if (command.kind === 'prepare') {
    attack = attacks[command.name](command.target);
    await attack.prepare?.();
  } else if (command.kind === 'begin') await attack.begin();
  else return attack.end();
  return {};
}

process.on('message', (command: Command) => {
  void obey(command).then((tally) => process.send!(tally));
});
process.on('disconnect', () => process.exit());
