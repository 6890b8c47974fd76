/** Two people, a mailbox that does as it is told, and disks. */
import { parseOne } from '../../../circuit/one-packet.ts';
import { accept, type Conversation, invite, say } from '../../../client/conversation/conversation.ts';
import { parseConversation, renderConversation } from '../../../client/conversation/state.ts';
import { Talker, type TalkSurroundings } from '../../../client/conversation/talker.ts';
import type { Request, ServicePacket } from '../../../client/services/asking.ts';
import { hexOf } from '../../../crypto/bytes.ts';
import type { Packet } from '../../../psyc/packet.ts';
import { render } from '../../../psyc/render.ts';
import { suite } from '../../../server/suite.ts';
import { isSigned, type Signed } from '../../../services/mailbox/address.ts';
import { renderFound } from '../../../services/mailbox/request.ts';

export const domain = 'b.example';
const unixMs = 1_764_000_000_000;
export const hour = Math.floor(unixMs / 3_600_000);

const packetOf = (method: string, entity: ServicePacket['entity']): Packet =>
  parseOne(render({ entity, method })).copy();

/** As the specification has it: the first signed value stays. What it does otherwise a test says. */
export class Post {
  readonly lying = new Map<string, Omit<Signed, 'address'>>();
  /** All that was ever put, by address: who puts two things shows that a key was used twice. */
  readonly puts = new Map<string, Set<string>>();
  /** Addresses in the order in which they were asked for. */
  readonly gets: string[] = [];
  /** What is given in place of what lies there. */
  give: (address: string, honest: Omit<Signed, 'address'> | null) => Omit<Signed, 'address'> | null = (_, one) => one;
  /** Whether something that was acknowledged is lost. */
  drops: () => boolean = () => false;

  readonly request: Request = async (_target, { method, entity }) => {
    const field = (name: string): Uint8Array => entity[name] as Uint8Array;
    const address = hexOf(field('_address'));
    if (method === '_request_mailbox_get') {
      this.gets.push(address);
      return packetOf('_echo_mailbox_get', renderFound(suite, this.give(address, this.lying.get(address) ?? null)));
    }
    const signed = { address: field('_address'), value: field('_value'), proof: field('_proof') };
    if (!isSigned(suite, signed)) throw new Error('what is put is not signed');
    const value = hexOf(signed.value);
    this.puts.set(address, new Set([...(this.puts.get(address) ?? []), value]));
    const before = this.lying.get(address);
    if (before !== undefined && hexOf(before.value) !== value) return '_mailbox_taken';
    if (before === undefined && !this.drops()) this.lying.set(address, signed);
    return packetOf('_echo_mailbox_put', {});
  };

  /** Puts what waits, without a client around it. */
  take(signed: Signed): void {
    this.lying.set(hexOf(signed.address), signed);
  }
}

export const around = (request: Request): TalkSurroundings => ({
  suite,
  request,
  unixMs: () => unixMs,
  firstBits: 0,
  pause: async () => {},
  strike: async () => {},
  isHidden: false,
});

/** One side: its disk, and what works on it. */
export interface Side {
  readonly disk: { conversation: Conversation };
  talker: Talker;
  readonly heard: string[];
}

/** What is written is what is read. */
export const copied = (conversation: Conversation): Conversation =>
  parseConversation(renderConversation(conversation))!;

export function sideOf(request: Request, conversation: Conversation): Side {
  const disk = { conversation: copied(conversation) };
  const keep = async (next: Conversation): Promise<void> => void (disk.conversation = copied(next));
  return { disk, talker: new Talker(around(request), disk.conversation, keep), heard: [] };
}

/** A side that begins again from its disk, or from another one. */
export function restarted(request: Request, side: Side, from = side.disk.conversation): void {
  const keep = async (next: Conversation): Promise<void> => void (side.disk.conversation = copied(next));
  side.talker = new Talker(around(request), copied(from), keep);
}

/** Ada has invited Bob, who has accepted, and she has seen it. */
export async function acquainted(post: Post, way: Conversation['way'] = 'direct'): Promise<{ ada: Side; bob: Side }> {
  const { conversation, invitation } = invite(suite, domain, way);
  const ada = sideOf(post.request, conversation);
  const bob = sideOf(post.request, accept(suite, invitation, way, hour));
  await bob.talker.flush();
  await ada.talker.look(200);
  return { ada, bob };
}

/** Says it, durably, and puts it. */
export async function says({ talker }: Side, text: string): Promise<void> {
  await talker.change((conversation) => say(suite, conversation, text, hour));
  await talker.flush();
}

/** Looks everywhere once, and shows what has come. */
export async function hears(side: Side, count = 200): Promise<string[]> {
  await side.talker.look(count);
  const texts = side.talker.conversation.unshown.map(({ text }) => text);
  await side.talker.change((conversation) => ({ ...conversation, unshown: [] }));
  side.heard.push(...texts);
  return texts;
}
