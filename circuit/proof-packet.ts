/** The packets that carry proofs, challenges and their acceptance: of the circuit itself, without source or target. docs/spec/circuit-proof.md#messages */
import { hexOf } from '../crypto/bytes.ts';
import type { Packet } from '../psyc/packet.ts';
import { render, type Value } from '../psyc/render.ts';
import type { BrowserAnswer, DeviceClaim, ServerClaim } from './binding.ts';
import { type Evidence, isNode, Lines, NODE } from './proof-lines.ts';
import { renderSteps } from './proof-steps.ts';

const SERVER_REQUEST = '_request_proof_server';
const SERVER_PROOF = '_notice_proof_server';
const REGISTRATION = '_request_registration';
const REGISTERED = '_notice_registered';
const DEVICE_PROOF = '_request_login';
const BROWSER_PROOF = '_request_login_browser';
const CHALLENGE_REQUEST = '_request_challenge';
const CHALLENGE = '_notice_challenge';
const PROVED = '_notice_proved';

const SERVER_ROLES = ['initiator', 'acceptor', 'host'] as const;

/** A claim, the signature of 64 bytes under it, and what comes with it. */
interface Signature<Claim = ServerClaim | DeviceClaim> {
  readonly claim: Claim;
  readonly signature: Uint8Array;
  readonly evidence: Evidence;
}

/** Who wants to live at the domain, and with which key. */
export interface Registration {
  /** `psyc://domain/~nick`. */
  readonly person: string;
  readonly key: Uint8Array;
  /** The first signed statement of his devices. */
  readonly statement: Uint8Array;
  readonly invite: string | null;
}

/** A proof as it travels. */
export type ProofMessage =
  /** A client asks the server to prove itself. */
  | { readonly kind: 'server request' }
  | ({ readonly kind: 'server' } & Signature<ServerClaim>)
  /** `channel`: under which the device will speak, `psyc://domain/~nick#channel`; whether it may is asked elsewhere. */
  | ({ readonly kind: 'device'; readonly channel: string } & Signature<DeviceClaim>)
  | ({ readonly kind: 'browser'; readonly channel: string; readonly answer: BrowserAnswer } & Signature<DeviceClaim>)
  | ({ readonly kind: 'registration' } & Registration)
  /** `key`: the person's, with the domain's certification; `statement`: the newest of his devices, where he lived there already and showed another. */
  | {
      readonly kind: 'registered';
      readonly person: string;
      readonly key: Uint8Array;
      readonly statement: Uint8Array | null;
    }
  | { readonly kind: 'challenge request' }
  /** `challenge`: 32 bytes. */
  | { readonly kind: 'challenge'; readonly challenge: Uint8Array }
  /** The peer's proof was taken: `uniform` is the node or person proved; `key` is his key, where its certification was renewed; `statement` the newest of his devices, where he showed another. */
  | {
      readonly kind: 'proved';
      readonly uniform: string;
      readonly key: Uint8Array | null;
      readonly statement: Uint8Array | null;
    };

/** The packet. */
export function renderProof(message: ProofMessage): Uint8Array {
  switch (message.kind) {
    case 'server request':
      return render({ method: SERVER_REQUEST });
    case 'server': {
      const { role, from, to } = message.claim;
      const uniforms = { _uniform_source: NODE + from, _uniform_target: to === '' ? undefined : NODE + to };
      return render({ method: SERVER_PROOF, entity: { _role: role, ...uniforms, ...signatureLines(message) } });
    }
    case 'device':
      return render({ method: DEVICE_PROOF, entity: { ...deviceLines(message), ...signatureLines(message) } });
    case 'browser': {
      const { origin, challenge, timeMs } = message.answer;
      const answer = { _origin: origin, _challenge: challenge, _time: String(timeMs) };
      const entity = { ...deviceLines(message), ...answer, ...signatureLines(message) };
      return render({ method: BROWSER_PROOF, entity });
    }
    case 'registration': {
      const { person, key, statement, invite } = message;
      const entity = { _uniform_source: person, _key: key, _statement: statement, _invite: invite ?? undefined };
      return render({ method: REGISTRATION, entity });
    }
    case 'registered': {
      const { person, key, statement } = message;
      const entity = { _uniform_proved: person, _key: key, _statement: statement ?? undefined };
      return render({ method: REGISTERED, entity });
    }
    case 'challenge request':
      return render({ method: CHALLENGE_REQUEST });
    case 'challenge':
      return render({ method: CHALLENGE, entity: { _challenge: message.challenge } });
    case 'proved':
      return render({
        method: PROVED,
        entity: {
          _uniform_proved: message.uniform,
          _key: message.key ?? undefined,
          _statement: message.statement ?? undefined,
        },
      });
  }
}

/** What a packet without source, target and context says of proofs; null when its method is another. Throws ProofError `_proof_invalid_message`. */
export function parseProof(packet: Packet): ProofMessage | null {
  switch (packet.method) {
    case SERVER_REQUEST:
      return { kind: 'server request' };
    case SERVER_PROOF: {
      const lines = new Lines(packet);
      const role = SERVER_ROLES.find((name) => name === lines.text('_role')) ?? lines.fail('_role');
      const to = lines.has('_uniform_target') ? lines.domain('_uniform_target') : '';
      const claim = { role, from: lines.domain('_uniform_source'), to, ...lines.fingerprints() };
      return { kind: 'server', claim, ...lines.signature() };
    }
    case DEVICE_PROOF: {
      const lines = new Lines(packet);
      return { kind: 'device', channel: lines.channel(), claim: lines.deviceClaim(), ...lines.signature() };
    }
    case BROWSER_PROOF: {
      const lines = new Lines(packet);
      const answer = {
        origin: lines.origin(),
        challenge: lines.bytes('_challenge', 32),
        timeMs: lines.number('_time'),
      };
      const channel = lines.channel();
      return { kind: 'browser', channel, claim: lines.deviceClaim(), answer, ...lines.signature() };
    }
    case REGISTRATION: {
      const lines = new Lines(packet);
      const invite = lines.has('_invite') ? lines.invite() : null;
      const [key, statement] = [lines.need('_key'), lines.need('_statement')];
      return { kind: 'registration', person: lines.person('_uniform_source'), key, statement, invite };
    }
    case REGISTERED: {
      const lines = new Lines(packet);
      const [key, statement] = [lines.need('_key'), lines.evidence('_statement')];
      return { kind: 'registered', person: lines.person('_uniform_proved'), key, statement };
    }
    case CHALLENGE_REQUEST:
      return { kind: 'challenge request' };
    case CHALLENGE:
      return { kind: 'challenge', challenge: new Lines(packet).bytes('_challenge', 32) };
    case PROVED: {
      const lines = new Lines(packet);
      const uniform = lines.text('_uniform_proved');
      const proved = isNode(uniform) ? uniform : lines.person('_uniform_proved');
      const [key, statement] = [lines.evidence('_key'), lines.evidence('_statement')];
      return { kind: 'proved', uniform: proved, key, statement };
    }
    default:
      return null;
  }
}

const deviceLines = ({ claim, channel }: { claim: DeviceClaim; channel: string }): Record<string, Value> => ({
  _uniform_source: claim.person,
  _uniform_target: NODE + claim.to,
  _device: hexOf(claim.device),
  _channel: channel,
});

function signatureLines({ claim, signature, evidence }: Signature): Record<string, Value | undefined> {
  return {
    _fingerprint: hexOf(claim.fingerprint),
    _fingerprint_target: claim.peerFingerprint === null ? undefined : hexOf(claim.peerFingerprint),
    _signature: signature,
    _key: evidence.key ?? undefined,
    _statement: evidence.statement ?? undefined,
    _visit: evidence.visit,
    _key_before: evidence.before ?? undefined,
    _list_rotations: evidence.earlier === undefined ? undefined : renderSteps(evidence.earlier),
    _fingerprint_recovery: evidence.recovery === undefined ? undefined : hexOf(evidence.recovery),
    _key_recovery: evidence.recoveryKey ?? undefined,
  };
}
