/** A circuit that is dialled, without a node to own it. */
import { newCircuit } from '../../../circuit/circuit.ts';
import { type CircuitLimits, circuitLimits } from '../../../circuit/limits.ts';
import { reach, type Reaching } from '../../../server/transport/dial.ts';
import { TransportError } from '../../../server/transport/errors.ts';
import { decodeUtf8 } from '../../../server/utf8.ts';
import { CircuitRunner, type RunnerOptions } from './runner.ts';

/** How to dial. */
export interface DialOptions extends RunnerOptions, Reaching {
  readonly circuitLimits?: CircuitLimits;
}

/** Dials at once; whatever goes wrong is the circuit's end, `_circuit_lost` or `_circuit_timeout_opening`. */
export function dial(options: DialOptions): CircuitRunner {
  const runner = new CircuitRunner(newCircuit(false, options.circuitLimits ?? circuitLimits, decodeUtf8), options);
  const dialling = new AbortController();
  runner.dialled(() => dialling.abort());
  void reach(options, dialling.signal).then(
    (stream) => runner.carry(stream),
    (error: unknown) => runner.failed(() => asTransportError(error)),
  );
  return runner;
}

const asTransportError = (error: unknown): TransportError =>
  error instanceof TransportError ? error : new TransportError('_transport_unresolved', 'not found', error);
