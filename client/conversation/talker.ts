/** One side of a conversation at work: everything is durable here before a request leaves that shows it. docs/spec/conversations.md#order */
import { hourOf } from '../../services/coarse-time.ts';
import { get, put } from '../mailbox/asking.ts';
import { ServiceRefusal, type Surroundings } from '../services/asking.ts';
import { aged, askAnew, type Conversation, delivered, type Found, found, outdated } from './conversation.ts';
import { ConversationError } from './error.ts';
import { conversationLimits } from './limits.ts';
import { Lookout } from './lookout.ts';

/** What it works with. */
export interface TalkSurroundings extends Surroundings {
  /** Waits until the next request may leave: a strike of a clock, or at once. */
  readonly strike: () => Promise<void>;
  /** Whether it asks as nobody: then nothing shows how much there is. */
  readonly isHidden: boolean;
}

/** What looking has brought; `altered`: the mailbox gave what the other side had not put there. */
export type Sight = Found | { readonly kind: 'altered' };

/** One conversation. */
export class Talker {
  readonly #around: TalkSurroundings;
  readonly #keep: (conversation: Conversation) => Promise<void>;
  #conversation: Conversation;

  constructor(
    around: TalkSurroundings,
    conversation: Conversation,
    keep: (conversation: Conversation) => Promise<void>,
  ) {
    this.#around = around;
    this.#conversation = conversation;
    this.#keep = keep;
  }

  get conversation(): Conversation {
    return this.#conversation;
  }

  get hour(): number {
    return hourOf(this.#around.unixMs());
  }

  /** Changes it, durably. Throws what `how` throws. */
  async change(how: (conversation: Conversation) => Conversation): Promise<void> {
    const next = how(this.#conversation);
    if (next === this.#conversation) return;
    await this.#keep(next);
    this.#conversation = next;
  }

  /** Puts what waits, in order. Throws ServiceRefusal, and ConversationError `_conversation_stale`, `_conversation_taken_invitation`. */
  async flush(): Promise<void> {
    for (;;) {
      const { outbox, domain } = this.#conversation;
      const [first] = outbox;
      if (first === undefined) return;
      await this.#around.strike();
      try {
        await put(this.#around, domain, first);
      } catch (error) {
        if (!(error instanceof ServiceRefusal && error.code === '_mailbox_taken')) throw error;
        await this.#taken();
        continue;
      }
      await this.change(delivered);
    }
  }

  /** Looks so often, or as nobody exactly so often, unless there is no room for more. Throws ServiceRefusal; what has come is kept. */
  async look(count: number): Promise<readonly Sight[]> {
    const { suite, strike, isHidden } = this.#around;
    const sights: Sight[] = [];
    await this.change((conversation) => aged(conversation, this.hour));
    const { turn, domain } = this.#conversation;
    const lookout = new Lookout(suite, isHidden, turn);
    for (let left = count; left > 0 && this.#hasRoom(); left--) {
      const next = lookout.next(this.#conversation);
      if (next === null) break;
      await strike();
      const value = await get(this.#around, domain, next.address);
      const { place } = next;
      if (value === 'altered') sights.push({ kind: 'altered' });
      else if (value !== null && place !== null) {
        const taken = found(suite, this.#conversation, place, value, this.hour);
        await this.change(() => taken.conversation);
        sights.push(taken.found);
      }
    }
    await this.change((conversation) =>
      lookout.turn === turn ? conversation : { ...conversation, turn: lookout.turn % 2 ** 32 },
    );
    return sights;
  }

  #hasRoom(): boolean {
    return this.#conversation.unshown.length < conversationLimits.unshownMax;
  }

  /** Something else lies where ours was to lie, signed by our key: somebody has what we have. */
  async #taken(): Promise<void> {
    const { role, ratchet, waiting } = this.#conversation;
    if (waiting !== null) {
      // An older copy has asked to begin anew before: the next request.
      await this.change((conversation) => askAnew(this.#around.suite, conversation));
      return;
    }
    if (role === 'accepter' && ratchet.receiving === null) {
      throw new ConversationError(
        '_conversation_taken_invitation',
        'somebody else has accepted this invitation: tell who gave it to you, and take another one',
      );
    }
    await this.change(outdated);
    throw new ConversationError(
      '_conversation_stale',
      'this device has an older copy of the conversation, in which nothing can be said any more: p3do talk renew',
    );
  }
}
