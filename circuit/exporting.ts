/** The keying material of all roles, as a stream exports it. docs/spec/circuit-proof.md#roles */
import { type Exported, exporterOf, type Role } from './binding.ts';

/** 32 bytes for a label and a context (RFC 8446 section 7.5); null: the stream is gone, or exports nothing. */
type ExportKey = (label: string, context: Uint8Array) => Uint8Array | null;

/** All of it, or null. */
export function exportedBy(exportKey: ExportKey): Exported | null {
  const exported = (role: Role): Uint8Array | null => {
    const { label, context } = exporterOf(role);
    return exportKey(label, context);
  };
  const [initiator, acceptor] = [exported('initiator'), exported('acceptor')];
  const [host, device] = [exported('host'), exported('device')];
  if (initiator === null || acceptor === null || host === null || device === null) return null;
  return { initiator, acceptor, host, device };
}
