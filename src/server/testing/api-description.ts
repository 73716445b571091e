import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';

/** The Engine API's own description lies beside the checkout on development machines only. */
const FILE = join(import.meta.dirname, '../../../../shared/data/engine-api-v1.51.yaml');

interface Description {
  paths: Record<string, Record<string, { responses: Record<string, { schema?: unknown }> }>>;
  definitions: Record<string, unknown>;
}

const description = existsSync(FILE) ? (parse(readFileSync(FILE, 'utf8')) as Description) : undefined;
const validators = new Map<string, ValidateFunction | undefined>();
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
if (description === undefined) console.log('# answers are not checked against the API description: no copy of it here');
else ajv.addSchema({ $id: 'api', definitions: nullable(description.definitions) as object });

/** `METHOD /path` of every documented operation; undefined without the description. */
export function documentedOperations(): string[] | undefined {
  if (description === undefined) return undefined;
  return Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** Fails unless `body` is what the description promises for this operation and status. */
export function assertDescribed(key: string, status: number, body: unknown): void {
  const validate = validatorOf(key, status);
  if (validate === undefined) return;
  assert.ok(validate(body), `${key} ${status}: ${JSON.stringify(validate.errors)}`);
}

function validatorOf(key: string, status: number): ValidateFunction | undefined {
  const id = `${key} ${status}`;
  if (!validators.has(id)) validators.set(id, compile(key, status));
  return validators.get(id);
}

function compile(key: string, status: number): ValidateFunction | undefined {
  const [method = '', path = ''] = key.split(' ');
  const schema = description?.paths[path]?.[method.toLowerCase()]?.responses[String(status)]?.schema;
  return schema === undefined ? undefined : ajv.compile(nullable(schema) as object);
}

/** Swagger 2 to JSON Schema, with null wherever Go would send one. */
function nullable(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(nullable);
  if (typeof schema !== 'object' || schema === null) return schema;
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'example' || key === 'examples' || key === 'description' || key === 'default') continue;
    if (key === '$ref' && typeof value === 'string') out.$ref = `api${value}`;
    else out[key] = nullable(value);
  }
  const { type } = out;
  const mayBeNull = type === 'array' || (type === 'object' && 'additionalProperties' in out) || 'x-nullable' in out;
  if (mayBeNull && typeof type === 'string') out.type = [type, 'null'];
  if (mayBeNull && Array.isArray(out.enum)) out.enum = [...out.enum, null];
  return out;
}
