/** How long the queues of the scene `federation` may grow. docs/simulator.md#federation */

/** What the checker of queues goes by, in words of its own. */
export const maxima = {
  'circuits of the node': 20,
  // The other two, and the one that forges.
  peers: 3,
  meetings: 3,
  entities: 10,
  questions: 100,
  waiting: 8,
  'waiting bytes': 8_000,
  held: 8,
  'held bytes': 8_000,
  authors: 12,
  window: 6,
  'window bytes': 6_000,
  // The limit, and writes of the last life that may be committed after the start.
  backlog: 16 + 8,
  parked: 16 + 8,
  circuits: 2,
  devices: 3,
  members: 9,
  circle: 6,
  strangers: 128,
  errands: 16,
  presences: 6,
  letters: 32,
  histories: 8,
  subscribers: 2,
  // The limit, and the packet in which a circuit says why it ends.
  'unsent bytes': 16_384 + 150,
  'store requests': 100,
  requests: 24,
  'pki questions': 12,
  'authors known': 6,
  'authors asked for': 4,
  unchecked: 12,
  looks: 8,
  'domains looked at': 4,
  'look-ups': 4,
  'keys seen': 4,
  'told of keys': 2,
};
