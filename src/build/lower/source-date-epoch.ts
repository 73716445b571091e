import { invalidParameter } from '../../errors/index.ts';

type Values = ReadonlyMap<string, string>;

/** Seconds that stamp what is built, from the build argument or an ARG with a default. */
export function sourceDateEpoch(buildArgs: Values, stageArgs: Values, globals: Values): number | undefined {
  const name = 'SOURCE_DATE_EPOCH';
  const text = buildArgs.get(name) ?? stageArgs.get(name) ?? globals.get(name) ?? '';
  if (text === '') return undefined;
  if (!/^\d{1,12}$/.test(text)) {
    throw invalidParameter('invalid-source-date-epoch', `invalid SOURCE_DATE_EPOCH: ${text}`);
  }
  return Number(text);
}
