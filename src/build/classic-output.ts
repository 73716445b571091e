import { EngineError, messageOf } from '../errors/index.ts';
import type { BuildEvent, PlannedStep } from './contract.ts';
import type { Range } from './dockerfile/contract.ts';

/** One JSON message of `POST /build`'s answer. */
export interface ClassicMessage {
  stream?: string;
  /** `Cache` only for a client that asked (`explain`): why the step is not cached. */
  aux?: { ID: string } | { Cache: { step: number; reason: string } };
  error?: string;
  /** `line` and `hint` are ours; Docker's clients pass over them. */
  errorDetail?: { code?: number; message: string; line?: number; hint?: string };
}

export interface ClassicOutput {
  emit(event: BuildEvent): void | Promise<void>;
  /**
   * After a failure: what is still held back, then the error as the classic builder puts it. False, and nothing is
   * written, when the build failed before its first line: then it is an answer with a status of its own.
   */
  fail(error: unknown): Promise<boolean>;
}

export interface ClassicOptions {
  write(message: ClassicMessage): void | Promise<void>;
  /** Only the id at the end; everything when it fails. */
  quiet: boolean;
  /** Our own client: says why steps are not cached, and gives the image's id apart even when quiet. */
  explain?: boolean;
  /** `rm=0` keeps the line about the removed container away. */
  removeIntermediate: boolean;
  /** `forcerm=1` has that line after a failure too. */
  forceRemove: boolean;
}

const MAX_HELD_BYTES = 16 * 1024 * 1024;

/**
 * Renders a build as dockerd's classic builder does, byte for byte, because SDKs parse it. Stages run in parallel; their
 * lines come in Dockerfile order: what belongs to a later step waits until all steps before it are done.
 *
 * Lines of a step:  Step n/m : ORIGINAL · [notes] · ` ---> Using cache` or ` ---> Running in <12>`, output,
 * ` ---> Removed intermediate container <12>` · ` ---> <12 of the id>` · [aux with the id, after a stage's last step]
 */
export function createClassicOutput(options: ClassicOptions): ClassicOutput {
  let plan = new Map<number, PlannedStep>();
  let current = 1;
  let hasStarted = false;
  let heldBytes = 0;
  const done = new Set<number>();
  const held = new Map<number, ClassicMessage[]>();
  const quiet: ClassicMessage[] = [];
  let imageId = '';

  const write = (message: ClassicMessage): void | Promise<void> => {
    if (options.quiet) {
      quiet.push(message);
      return;
    }
    hasStarted = true;
    return options.write(message);
  };
  const forStep = (step: number, messages: ClassicMessage[]): void | Promise<void> => {
    if (step === current) return writeAll(messages);
    const kept = held.get(step) ?? [];
    held.set(step, kept);
    for (const message of messages) {
      heldBytes += message.stream?.length ?? 0;
      if (heldBytes <= MAX_HELD_BYTES) kept.push(message);
    }
  };
  const writeAll = (messages: readonly ClassicMessage[]): void | Promise<void> => {
    if (messages.length === 1 && messages[0] !== undefined) return write(messages[0]);
    return (async () => {
      for (const message of messages) await write(message);
    })();
  };
  const release = async (step: number): Promise<void> => {
    const messages = held.get(step) ?? [];
    held.delete(step);
    for (const message of messages) {
      heldBytes -= message.stream?.length ?? 0;
      await write(message);
    }
  };
  /** Moves on past steps that are done; a step after the last one stands for the end of the build. */
  const leave = async (step: number): Promise<void> => {
    done.add(step);
    while (done.has(current)) {
      current += 1;
      await release(current);
    }
  };

  const render = (event: BuildEvent): void | Promise<void> => {
    switch (event.type) {
      case 'plan':
        plan = new Map(event.steps.map((step) => [step.step, step]));
        return;
      case 'step-started': {
        const step = plan.get(event.step);
        const head = `Step ${event.step}/${step?.total ?? plan.size} : ${step?.original ?? ''}`;
        return forStep(event.step, [{ stream: head }, { stream: '\n' }]);
      }
      case 'step-note':
        return forStep(event.step, noteLines(event.message));
      case 'step-cached':
        return forStep(event.step, [{ stream: ' ---> Using cache\n' }]);
      case 'step-running':
        return forStep(event.step, runningLines(event));
      case 'step-output':
        return forStep(event.step, [{ stream: decorate(event.stream, decode(event)) }]);
      case 'step-removed':
        if (!(event.didFail ? options.forceRemove : options.removeIntermediate)) return;
        return forStep(event.step, [
          { stream: ` ---> Removed intermediate container ${event.containerId.slice(0, 12)}\n` },
        ]);
      case 'step-done':
        return finish(event.step, event.id);
      case 'stage-built':
        return stageBuilt(event.step, event.imageId);
      case 'warning':
        return forStep(event.step ?? plan.size + 1, [{ stream: `[Warning] ${event.message}\n` }]);
      case 'built':
        imageId = event.imageId;
        if (options.quiet) return end();
        return forStep(plan.size + 1, [{ stream: `Successfully built ${shortId(event.imageId)}\n` }]);
      case 'tagged':
        if (options.quiet) return;
        return forStep(plan.size + 1, [{ stream: `Successfully tagged ${event.name}\n` }]);
      default:
        return event satisfies never;
    }
  };

  const runningLines = ({
    step,
    containerId,
    cache,
  }: Extract<BuildEvent, { type: 'step-running' }>): ClassicMessage[] => [
    ...(options.explain ? [{ aux: { Cache: { step, reason: cache.reason } } }] : []),
    ...(containerId === '' ? [] : [{ stream: ` ---> Running in ${containerId.slice(0, 12)}\n` }]),
  ];

  /** Chunks may end inside a character. */
  const decoders = new Map<string, TextDecoder>();
  const decode = (event: Extract<BuildEvent, { type: 'step-output' }>): string => {
    const key = `${event.step} ${event.stream}`;
    const decoder = decoders.get(key) ?? new TextDecoder();
    decoders.set(key, decoder);
    return decoder.decode(event.data, { stream: true });
  };

  const finish = async (step: number, id: string): Promise<void> => {
    const planned = plan.get(step);
    if (planned?.stage !== '') await forStep(step, [{ stream: ` ---> ${shortId(id)}\n` }]);
    if (planned?.endsStage !== true) await leave(step);
  };
  const stageBuilt = async (step: number, id: string): Promise<void> => {
    if (id !== '') await forStep(step, [{ aux: { ID: id } }]);
    await leave(step);
  };

  const end = async (): Promise<void> => {
    if (options.explain) await options.write({ aux: { ID: imageId } });
    await options.write({ stream: `${imageId}\n` });
  };

  return {
    emit: render,
    async fail(error) {
      if (!hasStarted && quiet.length === 0) return false;
      for (const step of [...held.keys()].filter((number) => number < failedStep(error)).toSorted((a, b) => a - b)) {
        await release(step);
      }
      await release(failedStep(error));
      for (const message of quiet.splice(0)) await options.write(message);
      await options.write(errorMessage(error));
      return true;
    },
  };
}

const failedStep = (error: unknown): number => {
  const step = error instanceof EngineError ? error.detail['step'] : undefined;
  return typeof step === 'number' ? step : 0;
};

/** dockerd writes the plural's s by itself. */
function noteLines(message: string): ClassicMessage[] {
  const trigger = /^(# Executing \d+ build trigger)(s?)$/.exec(message);
  if (trigger === null) return [{ stream: `${message}\n` }];
  const [, head = '', plural = ''] = trigger;
  return [{ stream: head }, ...(plural === '' ? [] : [{ stream: plural }]), { stream: '\n' }];
}

/** What the step wrote to stderr is red, as in dockerd. */
const decorate = (stream: 'stdout' | 'stderr', text: string): string =>
  stream === 'stderr' ? `\u001b[91m${text}\u001b[0m` : text;

const shortId = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);

function errorMessage(error: unknown): ClassicMessage {
  const message = messageOf(error);
  const detail = error instanceof EngineError ? error.detail : {};
  const { range, suggestion } = detail;
  // As in dockerd: the code of a process that ran, not of one that could not start.
  const exitCode = error instanceof EngineError && error.code === 'step-failed' ? detail['exitCode'] : undefined;
  const line = isRange(range) ? range.startLine : undefined;
  return {
    errorDetail: {
      ...(typeof exitCode === 'number' ? { code: exitCode } : {}),
      message,
      ...(line === undefined ? {} : { line }),
      ...(typeof suggestion === 'string' ? { hint: suggestion } : {}),
    },
    error: message,
  };
}

const isRange = (value: unknown): value is Range =>
  typeof value === 'object' && value !== null && 'startLine' in value && typeof value.startLine === 'number';
