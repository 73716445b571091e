import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTemplate } from './execute.ts';

const data = {
  Name: '/web',
  Id: 'abcdef0123456789',
  State: { Running: true, ExitCode: 0 },
  Mounts: [{ Source: '/a' }, { Source: '/b' }],
  Labels: { b: '2', a: '1' },
  Empty: [],
  Nothing: null,
  NetworkSettings: { Ports: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }] } },
};

// Outputs seen from `docker inspect -f` for the same shapes.
const cases: [template: string, output: string][] = [
  ['{{.Name}}', '/web'],
  ['{{.State.Running}} {{.State.ExitCode}}', 'true 0'],
  ['{{.Labels}}', 'map[a:1 b:2]'],
  ['{{.Mounts}}', '[map[Source:/a] map[Source:/b]]'],
  ['{{json .Labels}}', '{"b":"2","a":"1"}'],
  ['{{.Labels | json}}', '{"b":"2","a":"1"}'],
  ['{{range .Mounts}}{{.Source}};{{end}}', '/a;/b;'],
  ['{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}} {{end}}', '0=/a 1=/b '],
  ['{{range $k, $v := .Labels}}{{$k}}:{{$v}},{{end}}', 'a:1,b:2,'],
  ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
  ['{{if .State.Running}}up{{else}}down{{end}}', 'up'],
  ['{{if eq .State.ExitCode 1 2}}a{{else if not .Nothing}}b{{else}}c{{end}}', 'b'],
  ['{{with .State}}{{.Running}}{{end}}', 'true'],
  ['{{with .Nothing}}x{{else}}y{{end}}', 'y'],
  ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', '8080'],
  ['{{index .Labels "a"}}', '1'],
  ['{{len .Mounts}}', '2'],
  ['{{printf "%-6s|%5d|%q" "ab" 42 "x"}}', 'ab    |   42|"x"'],
  ['{{.Missing}}', '<no value>'],
  ['{{upper (slice .Id 0 3)}}', 'ABC'],
  ['{{truncate .Id 4}}', 'abcd'],
  ['{{join (split "a,b,c" ",") "-"}}', 'a-b-c'],
  ['a {{- "b" -}} c', 'abc'],
  ['{{/* a comment */}}x', 'x'],
  ['{{$x := .Name}}{{$x}}{{$.Id | len}}', '/web16'],
  ['{{println "a" 1}}', 'a 1\n'],
  ['{{and true .Name}} {{or false ""}}', '/web '],
  ['{{range .Mounts}}{{if eq .Source "/b"}}{{break}}{{end}}{{.Source}}{{end}}', '/a'],
  ['\\t', '\\t'],
];
for (const [template, output] of cases) {
  test(`template ${template}`, () => assert.equal(compileTemplate(template)(data), output));
}

test('a field that is a function takes arguments', () => {
  const row = { Label: (name: unknown) => `<${String(name)}>` };
  assert.equal(compileTemplate('{{.Label "com.x"}} {{upper (.Label "y")}}')(row), '<com.x> <Y>');
});

const refused: [string, RegExp][] = [
  ['{{', /unclosed action/],
  ['{{if}}', /missing value/],
  ['{{if .A}}', /unexpected EOF/],
  ['{{nope .A}}', /function "nope" not defined/],
  ['{{end}}', /unexpected \{\{end\}\}/],
  ['{{.Name.First}}', /can't evaluate field First/],
  ['{{index .Empty 0}}', /out of range/],
];
for (const [template, message] of refused) {
  test(`template ${template} fails`, () => assert.throws(() => compileTemplate(template)(data), { message }));
}
