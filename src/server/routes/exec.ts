import type { ExecConfig, ExecStartConfig } from '../../api/index.ts';
import type { Containers } from '../../containers/index.ts';
import { invalidParameter } from '../../errors/index.ts';
import { readJsonBody } from '../decode/body.ts';
import { sizeValue } from '../decode/form.ts';
import { EXEC_CREATE, EXEC_START } from '../decode/requests.ts';
import { type Exchange, param, type Routes } from '../exchange.ts';
import { sendEmpty, sendJson } from '../respond.ts';
import { failInBand, hijack, streamType } from '../streams/hijack.ts';

export function execRoutes(containers: Containers, serverHeaders: string): Routes {
  return {
    'POST /containers/{id}/exec': async (exchange) => {
      const config = (await readJsonBody(exchange.request, EXEC_CREATE)) ?? {};
      if ((config.Cmd ?? []).length === 0) throw invalidParameter('no-exec-command', 'No exec command specified');
      sendJson(exchange, 201, await containers.execCreate(param(exchange, 'id'), config as ExecConfig));
    },
    'POST /exec/{id}/start': (exchange) => start(containers, exchange, serverHeaders),
    'POST /exec/{id}/resize': async (exchange) => {
      const height = sizeValue(exchange.query, 'h');
      await containers.execResize(param(exchange, 'id'), height, sizeValue(exchange.query, 'w'));
      sendEmpty(exchange, 200);
    },
    'GET /exec/{id}/json': (exchange) => sendJson(exchange, 200, containers.execInspect(param(exchange, 'id'))),
  };
}

async function start(containers: Containers, exchange: Exchange, serverHeaders: string): Promise<void> {
  const config = ((await readJsonBody(exchange.request, EXEC_START)) ?? {}) as ExecStartConfig;
  const started = await containers.execStart(param(exchange, 'id'), config);
  if (config.Detach === true) {
    await started.run(undefined, new AbortController().signal);
    sendEmpty(exchange, 200);
    return;
  }
  const hijacked = hijack(exchange, streamType(exchange.version, started.tty), serverHeaders);
  try {
    await started.run(hijacked.streams, hijacked.signal);
  } catch (error) {
    failInBand(hijacked, started.tty, error);
    throw error;
  } finally {
    hijacked.close();
  }
}
