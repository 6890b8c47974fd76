/** Every planted bug, by name; the table in docs/simulator.md#plants is the same list. */
import { endlessBacklog, endlessWriting, hiddenState } from './careless-nodes.ts';
import { lyingDisk, tornWrite } from './disks.ts';
import {
  droppedOnReconnect,
  forgetfulRestart,
  hastyAcknowledgement,
  mangledDelivery,
  noResend,
  repeatedDelivery,
  rollbackForCommit,
  swappedDeliveries,
} from './dishonest-nodes.ts';
import type { Plant } from './plant.ts';

/** The plants. */
export const plants: ReadonlyMap<string, Plant> = new Map(
  [
    swappedDeliveries,
    forgetfulRestart,
    repeatedDelivery,
    mangledDelivery,
    hastyAcknowledgement,
    rollbackForCommit,
    tornWrite,
    lyingDisk,
    droppedOnReconnect,
    noResend,
    endlessBacklog,
    endlessWriting,
    hiddenState,
  ].map((plant) => [plant.name, plant]),
);
