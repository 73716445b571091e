import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Small programs that run in a namespace (or on the host, without one): a Node process each, because they must live there. */
function program(netns: string | undefined, source: string, args: readonly string[]): ChildProcess {
  const node = [process.execPath, '-e', source, ...args];
  const [command = '', ...rest] = netns === undefined ? node : ['nsenter', `--net=${netns}`, ...node];
  return spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
}

const SERVER = `
const [protocol, port, host] = process.argv.slice(1);
const hit = (from) => process.stdout.write('hit ' + from + '\\n');
if (protocol === 'tcp') require('net').createServer((s) => { hit(s.remoteAddress); s.on('error', () => {}); s.end('hello ' + s.remoteAddress); })
  .listen(Number(port), host, () => process.stdout.write('ready\\n'));
else { const s = require('dgram').createSocket('udp4'); s.on('message', (m, r) => { hit(r.address); s.send('hello ' + r.address, r.port, r.address); });
  s.bind(Number(port), host, () => process.stdout.write('ready\\n')); }
`;

const CLIENT = `
const [protocol, host, port] = process.argv.slice(1);
const done = (text) => { process.stdout.write(text); process.exit(0); };
setTimeout(() => done('timeout'), 800);
if (protocol === 'tcp') { let all = ''; const s = require('net').connect(Number(port), host);
  s.on('data', (d) => { all += d; }); s.on('end', () => done(all)); s.on('error', (e) => done(e.code)); }
else { const s = require('dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4'); s.on('message', (m) => done(String(m))); s.on('error', (e) => done(e.code));
  s.send('x', Number(port), host, (e) => { if (e) done(e.code); }); }
`;

export interface Service extends AsyncDisposable {
  /** The peers that reached it. */
  hits: string[];
}

/** A service that greets whoever reaches it with `hello <peer address>`. */
export async function serve(
  netns: string | undefined,
  protocol: 'tcp' | 'udp',
  port: number,
  host = '0.0.0.0',
): Promise<Service> {
  const child = program(netns, SERVER, [protocol, String(port), host]);
  const hits: string[] = [];
  const ready = Promise.withResolvers<void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.trim().split('\n')) {
      if (line === 'ready') ready.resolve();
      else hits.push(line.slice(4));
    }
  });
  child.once('exit', () => ready.reject(new Error('the service ended')));
  await ready.promise;
  ready.promise.catch(() => {});
  return {
    hits,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** What a client gets: the greeting, an error code, or `timeout` after 0.8 s. */
export async function dial(
  netns: string | undefined,
  protocol: 'tcp' | 'udp',
  host: string,
  port: number,
): Promise<string> {
  const child = program(netns, CLIENT, [protocol, host, String(port)]);
  let answer = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  await once(child, 'close');
  return answer;
}
