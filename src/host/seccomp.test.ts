import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSeccomp, UnknownSeccompError } from './seccomp.ts';

const BYTES_PER_INSTRUCTION = 8;
const ALLOW = 'SCMP_ACT_ALLOW';
const filter = {
  defaultAction: 'SCMP_ACT_ERRNO',
  defaultErrnoRet: 1,
  syscalls: [{ names: ['read', 'no_such_call'], action: ALLOW }],
};
const isThere = compileSeccomp(filter) !== undefined;

test('a filter becomes a program; unknown calls are left out', {
  skip: !isThere && 'libseccomp.so.2 is not here',
}, () => {
  const program = compileSeccomp(filter) ?? Buffer.alloc(0);
  assert.ok(program.length > 0 && program.length % BYTES_PER_INSTRUCTION === 0);
  assert.deepEqual(compileSeccomp({ ...filter, syscalls: [{ names: ['read'], action: ALLOW }] }), program);
  // The last instructions return: 0x7fff0000 allows, 0x50000 + errno refuses.
  const returns = [0x7fff0000, 0x00050001, 0];
  for (let at = 0; at < program.length; at += BYTES_PER_INSTRUCTION) {
    if (program.readUInt16LE(at) === 6) assert.ok(returns.includes(program.readUInt32LE(at + 4)));
  }
});

test('arguments, errno and architectures change the program', {
  skip: !isThere && 'libseccomp.so.2 is not here',
}, () => {
  const args = [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }];
  const programs = [
    filter,
    { ...filter, defaultErrnoRet: 2 },
    { ...filter, architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_AARCH64'] },
    { ...filter, syscalls: [{ names: ['clone'], action: ALLOW, args }] },
    { ...filter, syscalls: [{ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }] },
  ].map((one) => compileSeccomp(one)?.toString('hex'));
  assert.equal(new Set(programs).size, programs.length);
});

test('what it does not know it leaves to the runtime', { skip: !isThere && 'libseccomp.so.2 is not here' }, () => {
  for (const bad of [
    { ...filter, defaultAction: 'SCMP_ACT_NOTIFY' },
    { ...filter, architectures: ['SCMP_ARCH_PDP11'] },
    { ...filter, syscalls: [{ names: ['read'], action: ALLOW, args: [{ index: 0, value: 1, op: 'SCMP_CMP_ODD' }] }] },
  ]) {
    assert.throws(() => compileSeccomp(bad), UnknownSeccompError);
  }
});
