/** Plants in nodes: bugs in what a node acknowledges, remembers, sends and delivers. docs/simulator.md#plants */
import { copyBytes } from '../../psyc/bytes.ts';
import { render, renderRouted } from '../../psyc/render.ts';
import type { Operation, StoreOutcome, StoreRequest } from '../../store/store.ts';
import type { NodeEffect, NodeEvent } from '../machine.ts';
import { keyOf, readRaw, textOfBytes } from '../raw-packet.ts';
import { type Plant, type Step, steppingBoot } from './plant.ts';

/** The store request of an effect, if it is one. */
const requestOf = (effect: NodeEffect): StoreRequest | null => (effect.kind === 'store' ? effect.request : null);

/** What a store that is always well would answer to a write. */
function invented(request: StoreRequest): StoreOutcome {
  const operations: readonly Operation[] = request.kind === 'write' ? request.operations : [];
  const appends = operations.filter(({ op }) => op === 'append');
  // Sequences far off, so that nothing is delivered on their account.
  return {
    kind: 'written',
    request: request.request,
    appended: appends.map((_, index) => ({ sequence: 1_000_000 + index, already: false })),
  };
}

/** Acknowledges as soon as a write is under way. */
export const hastyAcknowledgement: Plant = {
  name: 'hasty-acknowledgement',
  what: 'packets are acknowledged when their write is under way, not when it is durable',
  caughtBy: 'acknowledgement',
  boot: (boot) =>
    steppingBoot(boot, (step) => {
      const told = new Set<number>();
      return (event, nowMs) => {
        // The true answers come too late for anybody to notice.
        if (event.kind === 'stored' && told.delete(event.outcome.request)) return [];
        const effects = [...step(event, nowMs)];
        for (let i = 0; i < effects.length; i++) {
          const request = requestOf(effects[i]!);
          if (request?.kind !== 'write' || request.operations[0]?.op !== 'append') continue;
          told.add(request.request);
          effects.push(...step({ kind: 'stored', outcome: invented(request) }, nowMs));
        }
        return effects;
      };
    }),
};

/** A COMMIT that turned into a ROLLBACK, taken for a commit. */
export const rollbackForCommit: Plant = {
  name: 'rollback-for-commit',
  what: 'a write that the store refused is taken for one that it made durable',
  caughtBy: 'acknowledgement',
  boot: (boot) =>
    steppingBoot(boot, (step) => {
      const writes = new Map<number, StoreRequest>();
      return (event, nowMs) => {
        let told: NodeEvent = event;
        if (event.kind === 'stored') {
          const request = writes.get(event.outcome.request);
          writes.delete(event.outcome.request);
          if (request !== undefined && event.outcome.kind === 'refused')
            told = { kind: 'stored', outcome: invented(request) };
        }
        const effects = step(told, nowMs);
        for (const effect of effects) {
          const request = requestOf(effect);
          if (request?.kind === 'write') writes.set(request.request, request);
        }
        return effects;
      };
    }),
};

/** Everything received before a restart is new again. */
export const forgetfulRestart: Plant = {
  name: 'forgetful-restart',
  what: 'after a restart a node does not know what it already has: neither counters nor ids',
  caughtBy: 'once',
  boot: (boot) =>
    steppingBoot(boot, (step, life) => {
      const looks = new Set<number>();
      return (event, nowMs) => {
        let told = event;
        if (event.kind === 'stored' && looks.delete(event.outcome.request) && event.outcome.kind === 'rows') {
          told = { kind: 'stored', outcome: { ...event.outcome, rows: [] } };
        }
        const effects = step(told, nowMs);
        return effects.map((effect): NodeEffect => {
          const request = requestOf(effect);
          if (request?.kind === 'latest' && life > 1) looks.add(request.request);
          if (request?.kind !== 'write') return effect;
          const operations = request.operations.map((operation) =>
            operation.op === 'append' ? { ...operation, id: new Uint8Array([life, ...operation.id]) } : operation,
          );
          return { kind: 'store', request: { ...request, operations } };
        });
      };
    }),
};

/** Two rows that are delivered in one step change places. */
export const swappedDeliveries: Plant = {
  name: 'swapped-deliveries',
  what: 'of two packets that are delivered in one step the second comes first',
  caughtBy: 'order',
  boot: (boot) =>
    steppingBoot(boot, (step) => (event, nowMs) => {
      const effects = [...step(event, nowMs)];
      const [first, second] = effects.flatMap((effect, index) => (effect.kind === 'deliver' ? [index] : []));
      if (first === undefined || second === undefined) return effects;
      [effects[first], effects[second]] = [effects[second]!, effects[first]!];
      return effects;
    }),
};

/** What was delivered last is delivered again after a reconnection. */
export const repeatedDelivery: Plant = {
  name: 'repeated-delivery',
  what: 'what was delivered last is delivered again when a circuit opens or breaks',
  caughtBy: 'once',
  boot: (boot) =>
    steppingBoot(boot, (step) => {
      let last: NodeEffect | null = null;
      return (event, nowMs) => {
        const effects = [...step(event, nowMs)];
        if ((event.kind === 'opened' || event.kind === 'failed') && last !== null) effects.push(last);
        for (const effect of effects) if (effect.kind === 'deliver') last = effect;
        return effects;
      };
    }),
};

/** One bit of the data falls over on its way to the reader. */
export const mangledDelivery: Plant = {
  name: 'mangled-delivery',
  what: 'the last byte of the data is changed in every seventh delivery',
  caughtBy: 'truth',
  boot: (boot) =>
    steppingBoot(boot, (step) => {
      let deliveries = 0;
      return (event, nowMs) =>
        step(event, nowMs).map((effect): NodeEffect => {
          if (effect.kind !== 'deliver' || ++deliveries % 7 !== 0) return effect;
          const packet = copyBytes(effect.packet);
          // Data, LF, |, LF.
          packet[packet.length - 4]! ^= 1;
          return { ...effect, packet };
        });
    }),
};

/** Author and method are not those that were said, in every delivery. */
export const rewrittenDelivery: Plant = {
  name: 'rewritten-delivery',
  what: 'every delivery comes from somebody else and with another method',
  caughtBy: 'truth',
  boot: (boot) =>
    steppingBoot(
      boot,
      (step) => (event, nowMs) =>
        step(event, nowMs).map((effect): NodeEffect => {
          if (effect.kind !== 'deliver') return effect;
          return { ...effect, packet: renamed(effect.packet, { _source: 'psyc://a.example/~eve' }) };
        }),
    ),
};

/** Only the method is another. */
export const renamedDelivery: Plant = {
  name: 'renamed-delivery',
  what: 'every delivery has another method than was said',
  caughtBy: 'truth',
  boot: (boot) =>
    steppingBoot(
      boot,
      (step) => (event, nowMs) =>
        step(event, nowMs).map((effect): NodeEffect => {
          if (effect.kind !== 'deliver') return effect;
          return { ...effect, packet: renamed(effect.packet, {}) };
        }),
    ),
};

/** A packet with another method, and other routing variables where some are given. */
function renamed(packet: Uint8Array, changes: Readonly<Record<string, string>>): Uint8Array {
  const { routing, content } = readRaw(packet);
  const rest = content.subarray(content.indexOf(0x0a) + 1);
  const other = Uint8Array.from([...new TextEncoder().encode('_other\n'), ...rest]);
  return renderRouted({ ...Object.fromEntries(routing), ...changes }, other);
}

/** Packets under way when the connection breaks count as arrived. */
export const droppedOnReconnect: Plant = {
  name: 'dropped-on-reconnect',
  what: 'what was sent and not acknowledged when a circuit breaks is not sent again, as if it had been acknowledged',
  caughtBy: 'liveness',
  boot: (boot) =>
    steppingBoot(boot, (step) => {
      /** Echoes that the peer did not send, by what they acknowledge. */
      const echoes = new Map<string, NodeEvent>();
      return (event, nowMs) => {
        const effects = [...step(event, nowMs)];
        for (const effect of effects) {
          const key = effect.kind === 'write' ? keyOf(effect.bytes) : null;
          if (effect.kind === 'write' && key !== null) echoes.set(key, forgedEcho(effect.bytes));
        }
        if (event.kind === 'failed') {
          for (const echo of echoes.values()) effects.push(...step(echo, nowMs));
          echoes.clear();
        }
        return effects;
      };
    }),
};

/** What the target's host would answer to a packet of ours, as a datagram of its. */
function forgedEcho(bytes: Uint8Array): NodeEvent {
  const { routing } = readRaw(bytes);
  const target = routing.get('_target') ?? '';
  const echo = render({
    routing: { _source: target, _target: routing.get('_source'), _tag_relay: routing.get('_tag') },
    entity: { _counter_relay: routing.get('_counter') },
    method: '_echo',
  });
  return { kind: 'datagram', from: target.split('/')[2] ?? '', bytes: echo };
}

/** Acknowledgements taken for more than they are: authors choose their tags, and two may choose one. */
export const confusedTags: Plant = {
  name: 'confused-tags',
  what: 'one acknowledgement counts for everything that was sent under its tag, whoever said it',
  caughtBy: 'liveness',
  boot: (boot) =>
    steppingBoot(boot, (step) => {
      const sent = new Map<string, Uint8Array>();
      return (event, nowMs) => {
        const effects = [...step(event, nowMs)];
        const text = event.kind === 'bytes' ? textOfBytes(event.bytes) : '';
        const tags = new Set([...text.matchAll(/:_tag_relay\t(.*)\n/g)].map(([, tag]) => tag));
        for (const [key, bytes] of sent) {
          if (!tags.has(readRaw(bytes).routing.get('_tag'))) continue;
          sent.delete(key);
          effects.push(...step(forgedEcho(bytes), nowMs));
        }
        for (const effect of effects) {
          const key = effect.kind === 'write' ? keyOf(effect.bytes) : null;
          if (effect.kind === 'write' && key !== null) sent.set(key, effect.bytes);
        }
        return effects;
      };
    }),
};

/** Nothing goes over the wire twice. */
export const noResend: Plant = {
  name: 'no-resend',
  what: 'a packet is sent once in the life of a node, whatever becomes of it',
  caughtBy: 'liveness',
  boot: (boot) =>
    steppingBoot(boot, (step): Step => {
      const sent = new Set<string>();
      const isFirst = (bytes: Uint8Array): boolean => {
        const key = keyOf(bytes);
        if (key === null) return true;
        const first = !sent.has(key);
        sent.add(key);
        return first;
      };
      return (event, nowMs) =>
        step(event, nowMs).filter(
          (effect) => (effect.kind !== 'write' && effect.kind !== 'datagram') || isFirst(effect.bytes),
        );
    }),
};
