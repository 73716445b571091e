import type { ContainerInspectResponse } from '../../../api/index.ts';
import { between, defineCommand } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';

const address = (ip: string, port: string): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

export const port = defineCommand({
  names: ['container port', 'port'],
  summary: 'List port mappings or a specific mapping for the container',
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  arity: between(1, 2),
  flags: {},
  async run(context, _flags, [name = '', wanted]) {
    const client = await context.client();
    const { NetworkSettings } = await client.json<ContainerInspectResponse>({
      method: 'GET',
      path: `/containers/${encodeURIComponent(name)}/json`,
    });
    const ports = NetworkSettings?.Ports ?? {};
    if (wanted !== undefined) {
      const [number = '', protocol = 'tcp'] = wanted.split('/');
      if (!/^\d+$/.test(number)) {
        const reason = `strconv.ParseUint: parsing ${JSON.stringify(number)}: invalid syntax`;
        throw new ExitError(1, `Error: invalid port (${number}): ${reason}`);
      }
      const bindings = ports[`${number}/${protocol}`];
      if (!bindings?.length) throw new ExitError(1, `Error: No public port '${wanted}' published for ${name}`);
      for (const { HostIp = '', HostPort = '' } of bindings) context.stdout.write(`${address(HostIp, HostPort)}\n`);
      return 0;
    }
    const number = (key: string): number => Number.parseInt(key, 10);
    for (const key of Object.keys(ports).sort((a, b) => number(a) - number(b) || (a < b ? -1 : 1))) {
      for (const { HostIp = '', HostPort = '' } of ports[key] ?? [])
        context.stdout.write(`${key} -> ${address(HostIp, HostPort)}\n`);
    }
    return 0;
  },
});
