import { pipeline } from 'node:stream/promises';
import type { PathStat } from '../../api/index.ts';
import type { Containers } from '../../containers/index.ts';
import { invalidParameter } from '../../errors/index.ts';
import { boolValue } from '../decode/form.ts';
import { type Exchange, param, type Routes } from '../exchange.ts';
import { sendEmpty } from '../respond.ts';

/** `docker cp`: files of a container as a tar, both ways. */
export function archiveRoutes(containers: Containers): Routes {
  return {
    'HEAD /containers/{id}/archive': async (exchange) => {
      const stat = await containers.statPath(param(exchange, 'id'), pathValue(exchange));
      exchange.response.writeHead(200, { 'X-Docker-Container-Path-Stat': encodeStat(stat) }).end();
    },
    'GET /containers/{id}/archive': async (exchange) => {
      const { stat, tar } = await containers.getArchive(param(exchange, 'id'), pathValue(exchange));
      exchange.response.writeHead(200, {
        'Content-Type': 'application/x-tar',
        'X-Docker-Container-Path-Stat': encodeStat(stat),
      });
      await pipeline(tar, exchange.response);
    },
    'PUT /containers/{id}/archive': async (exchange) => {
      const { query, request } = exchange;
      await containers.putArchive(param(exchange, 'id'), pathValue(exchange), request, {
        noOverwriteDirNonDir: boolValue(query, 'noOverwriteDirNonDir'),
        copyUidGid: boolValue(query, 'copyUIDGID'),
      });
      sendEmpty(exchange, 200);
    },
  };
}

function pathValue({ query }: Exchange): string {
  const path = query.get('path') ?? '';
  if (path === '') throw invalidParameter('empty-path', 'bad parameter: pathcannot be empty');
  return path;
}

function encodeStat({ name, size, mode, mtime, linkTarget }: PathStat): string {
  return Buffer.from(JSON.stringify({ name, size, mode, mtime, linkTarget })).toString('base64');
}
