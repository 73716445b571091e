// A static x86-64 program made of nothing but system calls: each is called in turn, and the raw results are written to
// stdout as int64 (negative: -errno). What seccomp and capabilities do to a process is seen without a C library between.

const BASE = 0x400000;
const HEADERS = 64 + 56;

export interface Syscall {
  name: string;
  number: number;
  args?: readonly (number | bigint)[];
}

/** mov rdi/rsi/rdx/r10/r8/r9, imm64 */
const ARGUMENT_MOVES = [
  [0x48, 0xbf],
  [0x48, 0xbe],
  [0x48, 0xba],
  [0x49, 0xba],
  [0x49, 0xb8],
  [0x49, 0xb9],
] as const;

const imm64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)));
  return bytes;
};

function call(number: number, args: readonly (number | bigint)[]): Buffer {
  const moves = ARGUMENT_MOVES.flatMap((opcode, i) => [Buffer.from(opcode), imm64(args[i] ?? 0)]);
  return Buffer.concat([...moves, Buffer.from([0x48, 0xb8]), imm64(number), Buffer.from([0x0f, 0x05])]);
}

/** An ELF file of this code, which starts at `BASE + HEADERS`. */
function program(text: Buffer): Buffer {
  const elf = Buffer.alloc(HEADERS);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(elf);
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(62, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(BASE + HEADERS), 24);
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64);
  elf.writeUInt32LE(5, 68);
  elf.writeBigUInt64LE(BigInt(BASE), 80);
  elf.writeBigUInt64LE(BigInt(BASE), 88);
  elf.writeBigUInt64LE(BigInt(HEADERS + text.length), 96);
  elf.writeBigUInt64LE(BigInt(HEADERS + text.length), 104);
  elf.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([elf, text]);
}

/** A program that swaps what two paths name (renameat2 with RENAME_EXCHANGE), thousands of times a second, for ever. */
export function buildSwapper(a: string, b: string): Buffer {
  const AT_FDCWD = -100;
  // jmp over the data, then the loop: exchange, sleep 20 µs, again.
  const [first, second] = [Buffer.from(`${a}\0`), Buffer.from(`${b}\0`)];
  const pause = Buffer.concat([imm64(0), imm64(20_000)]);
  const data = Buffer.concat([first, second, pause]);
  const at = BASE + HEADERS + 5;
  const loop = Buffer.concat([
    call(316, [AT_FDCWD, at, AT_FDCWD, at + first.length, 2]),
    call(35, [at + first.length + second.length, 0]),
  ]);
  const [over, back] = [Buffer.alloc(5, 0xe9), Buffer.alloc(5, 0xe9)];
  over.writeInt32LE(data.length, 1);
  back.writeInt32LE(-(loop.length + 5), 1);
  return program(Buffer.concat([over, data, loop, back]));
}

/** The probe as an ELF file. Results lie on the stack page below; 8 bytes a call, in order. */
export function buildProbe(calls: readonly Syscall[]): Buffer {
  const resultBytes = calls.length * 8;
  // One anonymous page for the results: mmap(0, size, RW, PRIVATE|ANONYMOUS, -1, 0); its address stays in rbx.
  const code: Buffer[] = [call(9, [0, resultBytes, 3, 0x22, -1, 0]), Buffer.from([0x48, 0x89, 0xc3])];
  calls.forEach(({ number, args = [] }, i) => {
    const offset = Buffer.alloc(4);
    offset.writeInt32LE(i * 8);
    // mov [rbx + offset], rax
    code.push(call(number, args), Buffer.from([0x48, 0x89, 0x83]), offset);
  });
  // write(1, rbx, size); exit(0)
  code.push(
    Buffer.from([0x48, 0x89, 0xde, 0x48, 0xbf]),
    imm64(1),
    Buffer.from([0x48, 0xba]),
    imm64(resultBytes),
    Buffer.from([0x48, 0xb8]),
    imm64(1),
    Buffer.from([0x0f, 0x05]),
    call(60, [0]),
  );
  return program(Buffer.concat(code));
}

/** Results by name: 0 or more as they were, failures as -errno. */
export function readProbe(calls: readonly Syscall[], output: Buffer): Record<string, number> {
  return Object.fromEntries(calls.map(({ name }, i) => [name, Number(output.readBigInt64LE(i * 8))]));
}
