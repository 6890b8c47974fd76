/** How far each device of a person has read his log, by name. docs/spec/federation.md#store */
import { channelOf } from '../../circuit/channel.ts';
import type { Operation } from '../../store/store.ts';
import { lease } from '../desk.ts';
import { deviceOf } from '../letter.ts';

/** The mark of a main channel's device. */
export const markOf = (channel: string): string => `device ${deviceOf(channel)}`;

/** Takes the marks of devices out that have lost their place: they are of no use to anybody, and a log has room for so many only. */
export const forgettingOf = (person: string, ids: readonly Uint8Array[]): Operation[] =>
  ids.map((id) => ({ op: 'mark', context: person, lease, name: markOf(channelOf(person, id)), sequence: -1 }));
