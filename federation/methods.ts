/** The methods that places and persons understand, old names and new. docs/spec/places.md#methods */
import { PsycError } from '../psyc/error.ts';
import { inherits } from '../psyc/keyword.ts';
import { limits } from '../psyc/limits.ts';
import { parseEntity } from '../psyc/uniform.ts';
import { actKindOf } from '../publication/act.ts';
import { KEY_METHOD } from '../publication/sender-key.ts';
import type { FederationCode } from './error.ts';
import type { Letter } from './letter.ts';

/** What somebody asks of a place. */
export type PlaceRequest = 'enter' | 'leave' | 'history' | 'status' | 'key' | 'act' | 'speech';

const requests: readonly (readonly [family: string, request: PlaceRequest])[] = [
  ['_request_context_enter', 'enter'],
  ['_request_place_enter', 'enter'],
  ['_request_enter', 'enter'],
  ['_request_context_leave', 'leave'],
  ['_request_place_leave', 'leave'],
  ['_request_leave', 'leave'],
  ['_request_context_history', 'history'],
  ['_request_place_history', 'history'],
  ['_request_history', 'history'],
  ['_request_context_status', 'status'],
  [KEY_METHOD, 'key'],
  ['_request_place_status', 'status'],
  ['_message', 'speech'],
];

/** What a method asks of a place, or null. */
export function placeRequestOf(method: string | null): PlaceRequest | null {
  if (method === null) return null;
  const request = requests.find(([family]) => inherits(method, family))?.[1];
  return request ?? (actKindOf(method) === null ? null : 'act');
}

/**
 * Why a numbered letter to another domain could never be answered as one, or null. Targets are persons, places and services
 * of a domain, without a port and, since channels only hear, without a channel; methods those that are numbered.
 */
export function faultOf({ routing, packet: { method } }: Letter): FederationCode | null {
  if (!isNumberedTarget(routing.get('_target') ?? '')) return '_invalid_target';
  if (method === null) return '_necessary_counter';
  const isNumbered =
    inherits(method, '_message') || (inherits(method, '_request') && !inherits(method, '_request_keys'));
  return isNumbered ? null : '_unsupported_method';
}

/** Whether there may be somebody under this name who takes what is numbered. */
function isNumberedTarget(target: string): boolean {
  try {
    const { kind, channel } = parseEntity(target);
    return (kind === 'person' || kind === 'place' || kind === 'service') && channel === undefined;
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return false;
  }
}

/** The method that acknowledges a request: who asks as psyced does is answered as psyced does. */
export function echoOf(method: string): string {
  if (inherits(method, '_request_enter')) return '_echo_place_enter';
  if (inherits(method, '_request_leave')) return '_echo_place_leave';
  const echo = `_echo${inherits(method, '_request') ? method.slice('_request'.length) : method}`;
  // A name that is too long for a keyword could not be sent.
  return echo.length > limits.nameBytesMax ? '_echo' : echo;
}

/** Whether it is an answer that only places give, or nodes to them. */
export const isPlacesWord = (method: string | null): boolean =>
  method !== null && (inherits(method, '_echo_context') || inherits(method, '_echo_place'));

/** Whether a place tells somebody that he is a member now, or is none any more. */
export function membershipEcho(method: string | null): 'enter' | 'leave' | null {
  if (method === null) return null;
  if (['_echo_context_enter', '_echo_place_enter'].some((family) => inherits(method, family))) return 'enter';
  if (['_echo_context_leave', '_echo_place_leave'].some((family) => inherits(method, family))) return 'leave';
  return null;
}
