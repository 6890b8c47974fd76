/** Every name by which a place can be asked, old and new, and what else begins alike. docs/spec/places.md#methods */
import { expect, test } from '@jest/globals';
import { echoOf, placeRequestOf } from '../../federation/methods.ts';
import { KEY_METHOD } from '../../publication/sender-key.ts';

const names = [
  ['_request_context_enter', 'enter', '_echo_context_enter'],
  ['_request_place_enter', 'enter', '_echo_place_enter'],
  ['_request_enter', 'enter', '_echo_place_enter'],
  ['_request_context_leave', 'leave', '_echo_context_leave'],
  ['_request_place_leave', 'leave', '_echo_place_leave'],
  ['_request_leave', 'leave', '_echo_place_leave'],
  ['_request_context_history', 'history', '_echo_context_history'],
  ['_request_place_history', 'history', '_echo_place_history'],
  ['_request_history', 'history', '_echo_history'],
  ['_request_context_status', 'status', '_echo_context_status'],
  ['_request_place_status', 'status', '_echo_place_status'],
  [KEY_METHOD, 'key', '_echo_context_key'],
  ['_message', 'speech', '_echo_message'],
] as const;

test.each(names)('%s is heard by a place as %s, and so is what inherits it', (method, request, echo) => {
  expect([placeRequestOf(method), placeRequestOf(`${method}_again`)]).toEqual([request, request]);
  expect(echoOf(method)).toBe(echo);
});

test.each([null, '_request', '_request_context', '_request_place', '_request_entering', '_notice_place_enter'])(
  '%s asks a place nothing',
  (method) => {
    expect(placeRequestOf(method)).toBeNull();
  },
);
