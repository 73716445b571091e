import { EngineError, invalidParameter } from '../../errors/index.ts';
import type { Image } from '../../images/index.ts';
import type { Platform } from '../../oci/index.ts';
import type { BuildRequest } from '../contract.ts';
import {
  type DockerfileProgram,
  expandWord,
  findStage,
  type Instruction,
  parseInstruction,
  type Range,
  type Stage,
} from '../dockerfile/index.ts';
import { createVertex, type Vertex } from '../graph/vertex.ts';
import { resolveImage } from './base-image.ts';
import { globalArgs } from './global-args.ts';
import { cloneDraft, DEFAULT_PATH, envMap, type ImageDraft } from './image-draft.ts';
import { lowerInstruction } from './instructions/dispatch.ts';
import { labelInstructions } from './label-option.ts';
import type { LoweredBuild, LoweredStage, LoweredStep } from './lowered.ts';
import { parsePlatform, platformArgs } from './platform.ts';
import { isPredefinedArg, PROXY_ARGS } from './predefined-args.ts';
import { sourceDateEpoch } from './source-date-epoch.ts';
import type { BuildScope, StageScope } from './stage-scope.ts';

export interface LowerInput {
  program: DockerfileProgram;
  request: Pick<BuildRequest, 'buildArgs' | 'labels' | 'target' | 'platform' | 'networkMode' | 'extraHosts'>;
  findImage(name: string): Image | undefined;
  /** What this machine builds for. */
  platform: Platform;
}

interface DoneStage {
  stage: LoweredStage;
  scope: StageScope;
}

/** What stages share while they are lowered. */
interface Lowering {
  input: LowerInput;
  target: Stage;
  /** `--platform` of the request. */
  wanted: Platform | undefined;
  scope: Omit<BuildScope, 'resolveSource'>;
  done: Map<number, DoneStage>;
}

/** The typed instructions → the graph and the image configurations, of the stages that the target needs. Pure. */
export function lower(input: LowerInput): LoweredBuild {
  const lowering = begin(input);
  const { scope } = lowerStage(lowering.target, lowering);
  const { buildArgs, globals, consumed } = lowering.scope;
  const stages = [...lowering.done.values()].map((done) => done.stage).toSorted((a, b) => a.index - b.index);
  const target = stages.at(-1);
  if (target === undefined) throw invalidParameter('no-such-stage', 'dockerfile contains no stages to build');
  const unused = Object.keys(input.request.buildArgs).filter((key) => !consumed.has(key) && !isPredefinedArg(key));
  return {
    globalArgs: input.program.metaArgs.map((arg) => plainStep(arg.original, arg.range, 'silent')),
    stages,
    target,
    unusedArgs: unused.toSorted(),
    sourceDateEpoch: sourceDateEpoch(buildArgs, scope.args, globals),
  };
}

function begin(input: LowerInput): Lowering {
  const { program, request, platform } = input;
  const buildArgs = new Map<string, string>();
  for (const [key, value] of Object.entries(request.buildArgs)) if (value !== null) buildArgs.set(key, value);
  const target = request.target === '' ? program.stages.at(-1) : findStage(program.stages, request.target);
  if (target === undefined) {
    throw invalidParameter('no-such-stage', `target stage ${JSON.stringify(request.target)} could not be found`);
  }
  const wanted = request.platform ? parsePlatform(request.platform, platform) : undefined;
  const consumed = new Set<string>();
  const automatic = platformArgs(platform, wanted ?? platform, target.name ?? 'default');
  const scope = {
    buildArgs,
    globals: globalArgs(program, buildArgs, automatic, consumed),
    consumed,
    proxyEnv: [...buildArgs].filter(([key]) => PROXY_ARGS.has(key)).map(([key, value]) => `${key}=${value}`),
    networkMode: request.networkMode,
    extraHosts: request.extraHosts,
    escapeToken: program.escapeToken,
    context: createVertex('build context', { kind: 'context' }),
  };
  return { input, target, wanted, scope, done: new Map() };
}

/** Each stage once; those it stands on or copies from first. */
function lowerStage(stage: Stage, lowering: Lowering): DoneStage {
  const known = lowering.done.get(stage.index);
  if (known !== undefined) return known;
  const done = startStage(stage, lowering);
  const labels = stage === lowering.target ? labelInstructions(lowering.input.request.labels, stage.range) : [];
  for (const instruction of [...stage.instructions, ...labels]) {
    done.stage.steps.push(lowerStep(instruction, done.scope));
  }
  done.stage.result = done.scope.root;
  lowering.done.set(stage.index, done);
  return done;
}

function startStage(stage: Stage, lowering: Lowering): DoneStage {
  const { base, ...begun } = withRange(stage.range, () => baseOf(stage, lowering));
  const build: BuildScope = {
    ...lowering.scope,
    resolveSource: (name, instruction) => resolveSource(name, stage, instruction, lowering),
  };
  const scope: StageScope = { build, ...begun };
  const triggers = scope.draft.config.OnBuild ?? [];
  if (scope.draft.config.OnBuild) scope.draft.config.OnBuild = null;
  const from = plainStep(stage.original, stage.range, 'from', cloneDraft(scope.draft));
  from.vertex = scope.root;
  if (triggers.length > 0) {
    from.notes.push(`# Executing ${triggers.length} build trigger${triggers.length === 1 ? '' : 's'}`);
    from.triggers = triggers.map((line) => lowerTrigger(line, stage, scope));
  }
  const name = stage.name ?? `${stage.index}`;
  return { stage: { index: stage.index, name, base, steps: [from], result: scope.root }, scope };
}

const lowerTrigger = (line: string, stage: Stage, scope: StageScope): LoweredStep =>
  lowerStep({ ...withRange(stage.range, () => parseInstruction(line)), range: stage.range }, scope);

type Begun = Omit<StageScope, 'build'> & { base: LoweredStage['base'] };

/** What FROM names: an earlier stage by name, `scratch`, or an image on this machine. */
function baseOf(stage: Stage, lowering: Lowering): Begun {
  const { input, wanted, scope } = lowering;
  const options = { lookup: (name: string) => scope.globals.get(name), escapeToken: scope.escapeToken };
  const name = expandWord(stage.baseName, options);
  if (name === '') throw invalidParameter('blank-base', `base name (${stage.baseName}) should not be blank`);
  const parent = /^\d+$/.test(name) ? undefined : findStage(input.program.stages, name, stage.index);
  if (parent !== undefined) return fromStage(lowerStage(parent, lowering));
  if (name === 'scratch') return fromScratch();
  const own = stage.platform === undefined ? '' : expandWord(stage.platform, options);
  const platform = own === '' ? wanted : parsePlatform(own, input.platform);
  return fromImage(resolveImage(name, platform, input.findImage, stage.range), name);
}

/** A stage goes on from where the other ended: its ARGs too. */
const fromStage = ({ stage, scope }: DoneStage): Begun => ({
  base: { kind: 'stage', stage },
  draft: { ...cloneDraft(scope.draft), isCmdSet: false },
  env: new Map(scope.env),
  args: new Map(scope.args),
  root: stage.result,
});

function fromScratch(): Begun {
  const config = { Env: [`PATH=${DEFAULT_PATH}`] };
  const root = createVertex('scratch', { kind: 'scratch' });
  return {
    base: { kind: 'scratch' },
    draft: { config, isCmdSet: false },
    env: envMap(config.Env),
    args: new Map(),
    root,
  };
}

function fromImage(image: Image, reference: string): Begun {
  const { config = {}, author } = image.config;
  const draft: ImageDraft = { config: structuredClone(config), isCmdSet: false };
  if (author !== undefined) draft.author = author;
  const base = { kind: 'image', image, reference } as const;
  return { base, draft, env: envMap(config.Env ?? []), args: new Map(), root: imageVertex(image, reference) };
}

const imageVertex = (image: Image, reference: string): Vertex =>
  createVertex(reference, { kind: 'image', reference, imageId: image.id, layers: image.layers });

/** `COPY --from=`: an earlier stage by name or number, or an image. */
function resolveSource(name: string, stage: Stage, instruction: Instruction, lowering: Lowering): Vertex {
  const { input, wanted } = lowering;
  const source = findStage(input.program.stages, name, stage.index);
  if (source !== undefined) return lowerStage(source, lowering).stage.result;
  if (/^\d+$/.test(name) || stage.name === name.toLowerCase()) {
    throw invalidParameter('invalid-from', `invalid from flag value ${name}: not an earlier stage`);
  }
  if (name === 'scratch') return createVertex('scratch', { kind: 'scratch' });
  return imageVertex(resolveImage(name, wanted, input.findImage, instruction.range), name);
}

function lowerStep(instruction: Instruction, scope: StageScope): LoweredStep {
  const before = scope.root;
  const { createdBy, notes } = withRange(instruction.range, () => lowerInstruction(instruction, scope));
  const step = plainStep(instruction.original, instruction.range, 'instruction', cloneDraft(scope.draft));
  step.notes = notes;
  step.isCopy = instruction.kind === 'copy' || instruction.kind === 'add';
  if (createdBy !== undefined) step.createdBy = createdBy;
  if (scope.root !== before) step.vertex = scope.root;
  return step;
}

const plainStep = (
  original: string,
  range: Range,
  kind: LoweredStep['kind'],
  draft: ImageDraft = { config: {}, isCmdSet: false },
): LoweredStep => ({ original, range, kind, draft, isCopy: false, notes: [], triggers: [] });

/** An error of an instruction names its place, unless it does already. */
function withRange<T>(range: Range, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof EngineError) || error.detail['range'] !== undefined) throw error;
    const detail = { ...error.detail, range };
    throw new EngineError(error.kind, error.message, { code: error.code, cause: error, detail });
  }
}
