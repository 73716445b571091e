import type { BuildEvent, PlannedStep } from './contract.ts';
import type { LoweredBuild, LoweredStep } from './lower/lowered.ts';

/** Numbers the steps of the reached stages, says the plan, and with it the ARGs before the first FROM. */
export async function announcePlan(
  lowered: LoweredBuild,
  emit: (event: BuildEvent) => void | Promise<void>,
): Promise<ReadonlyMap<LoweredStep, number>> {
  const numbers = new Map<LoweredStep, number>();
  const rows = [
    ...lowered.globalArgs.map((step) => ({ step, stage: '', endsStage: false })),
    ...lowered.stages.flatMap(({ steps, name }) =>
      steps.map((step, index) => ({ step, stage: name, endsStage: index === steps.length - 1 })),
    ),
  ];
  const steps = rows.map(({ step, stage, endsStage }, index): PlannedStep => {
    numbers.set(step, index + 1);
    return { step: index + 1, total: rows.length, stage, original: step.original, endsStage };
  });
  await emit({ type: 'plan', steps });
  for (const arg of lowered.globalArgs) {
    const step = numbers.get(arg) ?? 0;
    await emit({ type: 'step-started', step });
    await emit({ type: 'step-done', step, id: '', durationMs: 0 });
  }
  return numbers;
}
