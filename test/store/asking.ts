/** What tests ask of any store, and two contexts to ask it about. docs/spec/federation.md#store */
import { expect } from '@jest/globals';
import type { Operation, Store, StoreOutcome, StoreRequest } from '../../store/store.ts';

/** A request without its number. */
export type Asked = StoreRequest extends infer R ? (R extends StoreRequest ? Omit<R, 'request'> : never) : never;

export const hall = 'psyc://a.example/@hall';
export const bar = 'psyc://a.example/@bar';

let request = 0;
export const ask = async (store: Store, asked: Asked): Promise<StoreOutcome> => {
  const number = ++request;
  const outcome = await store.perform({ ...asked, request: number });
  expect(outcome.request).toBe(number);
  return outcome;
};
export const write = async (store: Store, ...operations: Operation[]): Promise<StoreOutcome> =>
  ask(store, { kind: 'write', operations });
export const read = async (store: Store, context: string, after = 0, rowsMax = 512): Promise<StoreOutcome> =>
  ask(store, { kind: 'read', context, after, rowsMax });
export const packets = async (store: Store, context: string): Promise<string[]> => {
  const outcome = await read(store, context);
  return outcome.kind === 'rows' ? outcome.rows.map(({ packet }) => new TextDecoder().decode(packet)) : [outcome.kind];
};
/** Names and values of the hall's records. */
export const records = async (store: Store): Promise<string[][]> => {
  const outcome = await ask(store, { kind: 'records', context: hall });
  return outcome.kind === 'records'
    ? outcome.records.map(({ name, value }) => [name, new TextDecoder().decode(value)])
    : [[outcome.kind]];
};
