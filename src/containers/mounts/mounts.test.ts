import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostConfig } from '../../api/index.ts';
import { mergeTmpfsOptions, planMounts } from './mount-points.ts';

const plan = (hostConfig: HostConfig, imageVolumes: string[] = []): ReturnType<typeof planMounts> =>
  planMounts({ hostConfig, imageVolumes, mountsOf: () => [], exists: (path) => !path.includes('nonexist') });

test("refusals, in Docker's words", () => {
  const bind = (spec: string): HostConfig => ({ Binds: [spec] });
  const cases: [HostConfig, string][] = [
    [bind('/tmp:/x:zzz'), 'invalid mode: zzz'],
    [bind('/tmp:/x:ro,rw'), 'invalid mode: ro,rw'],
    [
      bind('/tmp:/'),
      "invalid volume specification: '/tmp:/': invalid mount config for type \"bind\": invalid specification: destination can't be '/'",
    ],
    [
      bind('/tmp:rel'),
      "invalid volume specification: '/tmp:rel': invalid mount config for type \"bind\": invalid mount path: 'rel' mount path must be absolute",
    ],
    [{ Binds: ['/tmp:/x', '/tmp:/x'] }, 'Duplicate mount point: /x'],
    [
      { Mounts: [{ Type: 'bind', Source: '/nonexist', Target: '/x' }] },
      'invalid mount config for type "bind": bind source path does not exist: /nonexist',
    ],
    [
      { Mounts: [{ Type: 'bind', Target: '/x' }] },
      'invalid mount config for type "bind": field Source must not be empty',
    ],
    [
      { Mounts: [{ Type: 'bind', Source: 'rel', Target: '/x' }] },
      'invalid mount config for type "bind": invalid mount path: \'rel\' mount path must be absolute',
    ],
    [
      { Mounts: [{ Type: 'tmpfs', Source: 'a', Target: '/x' }] },
      'invalid mount config for type "tmpfs": field Source must not be specified',
    ],
    [
      { Mounts: [{ Type: 'volume', Target: '' }] },
      'invalid mount config for type "volume": field Target must not be empty',
    ],
    [
      { Mounts: [{ Type: 'volume', Target: '/' }] },
      "invalid mount config for type \"volume\": invalid specification: destination can't be '/'",
    ],
    [
      { Mounts: [{ Type: 'volume', Target: '/x', BindOptions: {} }] },
      'BindOptions must not be specified on mount type "volume"',
    ],
    [{ Mounts: [{ Target: '/x' }] }, 'invalid mount config for type "": mount type unknown'],
    [{ Tmpfs: { x: '' } }, "invalid mount path: 'x' mount path must be absolute"],
  ];
  for (const [hostConfig, message] of cases) assert.throws(() => plan(hostConfig), { message });
});

test('what becomes of each form', () => {
  const [bind] = plan({ Binds: ['/a/../b:/x/:ro'] });
  assert.deepEqual(
    [bind?.type, bind?.source, bind?.destination, bind?.writable, bind?.propagation, bind?.createSource],
    ['bind', '/b', '/x', false, 'rprivate', true],
  );
  const [volume] = plan({ Binds: ['vol:/x'] });
  assert.deepEqual(
    [volume?.type, volume?.name, volume?.mode, volume?.copyUp, volume?.isAnonymous],
    ['volume', 'vol', 'z', true, false],
  );
  const [anonymous] = plan({}, ['/data']);
  assert.deepEqual([anonymous?.name, anonymous?.mode, anonymous?.isAnonymous], ['', '', true]);
  const [noCopy] = plan({ Binds: ['vol:/x:nocopy'] });
  assert.equal(noCopy?.copyUp, false);
});

test('outer mounts come before inner ones; image volumes only fill what is free', () => {
  const mounts = plan({ Binds: ['/s1:/a/b/c', '/s2:/a', 'v:/a/b'] }, ['/a', '/z']);
  assert.deepEqual(
    mounts.map((mount) => mount.destination),
    ['/a', '/z', '/a/b', '/a/b/c'],
  );
  assert.equal(mounts[0]?.type, 'bind');
});

test('a hostile VOLUME stays below the root', () => {
  assert.equal(plan({}, ['/../../etc'])[0]?.destination, '/etc');
  assert.throws(() => plan({}, ['../etc']), /must be absolute/);
  assert.throws(() => plan({}, ['/..']), /destination can't be/);
});

test("tmpfs options over Docker's defaults", () => {
  assert.deepEqual(mergeTmpfsOptions([]), ['noexec', 'nosuid', 'nodev', 'rprivate']);
  assert.deepEqual(mergeTmpfsOptions(['exec', 'size=64k']), ['nosuid', 'nodev', 'rprivate', 'exec', 'size=64k']);
  assert.throws(() => mergeTmpfsOptions(['foo']), { message: 'invalid tmpfs option "foo"' });
});
