/** What people show whose keys are ideal. docs/simulator.md#ideal-keys */

/** What a person shows: key and statement, as bytes that only the register understands. */
export interface IdealPerson {
  readonly fingerprint: Uint8Array;
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
}

/** What a statement says beside the devices that it enrols. */
export interface IdealStatement {
  /** Higher than in every statement before. */
  readonly counter?: number;
  /** Seeds of the devices that are revoked. */
  readonly revoked?: readonly Uint8Array[];
  /** The identity key, which may have any name on it; the person's own, unless told. */
  readonly identity?: string;
}
