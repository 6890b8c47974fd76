/** What a peer may make us hold before and after it has proved who it is; by name. docs/spec/circuit-proof.md#proof-limits */

/** Bytes, milliseconds and counts; the table in docs/spec/circuit-proof.md#proof-limits holds the same numbers. */
export const proofLimits = {
  /** Bytes of an OpenPGP key, a certificate or a statement that comes with a proof. */
  evidenceBytesMax: 65_536,
  /** Statements by which the keys before the present one followed each other; one more comes with it. */
  stepsMax: 7,
  /** Bytes of a device's word that it visits. */
  visitBytesMax: 2048,
  /** Bytes of a browser's origin. */
  originBytesMax: 512,
  /** Bytes of an invitation's text. */
  inviteBytesMax: 64,
  /** Challenges outstanding, one a circuit. */
  challengesMax: 4096,
  /** How long a challenge may be answered. */
  challengeMsMax: 120_000,
  /** How far a browser's clock may be from ours. */
  clockMsMax: 300_000,
  /** From the greeting until both ends have said that they took the other's proof. */
  provingMsMax: 30_000,
  /** Packets of proof, requests and challenges among them, that one circuit takes. */
  proofsMax: 8,
  /** Hosts and persons that one circuit may prove. */
  provedMax: 64,
  /** Visitors of a host that are remembered on one circuit. */
  visitorsMax: 1024,
} as const;
