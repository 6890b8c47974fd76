/** What may go wrong in a conversation that is its people's to know, whatever has said so. docs/spec/conversations.md#errors */
import { ServiceRefusal } from '../services/asking.ts';
import { ConversationError } from './error.ts';

/** Code and sentence; null: something else. */
export const conversationFault = (error: unknown): { readonly code: string; readonly message: string } | null =>
  error instanceof ConversationError || error instanceof ServiceRefusal ? error : null;
