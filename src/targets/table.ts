import type { Target } from './target.ts'

const both = (...flags: string[]) => ({ gcc: [flags], clang: [flags] })

const x86 = {
  arch: 'x86-64',
  byteOrder: 'little',
  pointerBytes: 8,
  triple: 'x86_64-linux-gnu',
  crossPrefixes: ['x86_64-linux-gnu-', 'x86_64-unknown-linux-gnu-'],
  emulator: ['qemu-x86_64', '-cpu', 'max'],
} as const

const z = {
  arch: 's390x',
  byteOrder: 'big',
  pointerBytes: 8,
  vectorBytes: 16,
  triple: 's390x-linux-gnu',
  crossPrefixes: ['s390x-linux-gnu-', 's390x-unknown-linux-gnu-', 's390x-redhat-linux-'],
  emulator: ['qemu-s390x', '-cpu', 'max'],
} as const

const arm = {
  arch: 'arm',
  byteOrder: 'little',
  pointerBytes: 4,
  triple: 'arm-linux-gnueabihf',
  crossPrefixes: ['arm-linux-gnueabihf-', 'arm-unknown-linux-gnueabihf-'],
  emulator: ['qemu-arm', '-cpu', 'max'],
} as const

const riscv = {
  arch: 'riscv64',
  byteOrder: 'little',
  pointerBytes: 8,
  triple: 'riscv64-linux-gnu',
  crossPrefixes: ['riscv64-linux-gnu-', 'riscv64-unknown-linux-gnu-'],
} as const

const cortexM = {
  arch: 'cortex-m',
  byteOrder: 'little',
  pointerBytes: 4,
  vectorBytes: 0,
  triple: 'arm-none-eabi',
  crossPrefixes: ['arm-none-eabi-'],
  isBare: true,
} as const

const thumb = (...flags: string[]) => both('-mthumb', '-mfloat-abi=hard', ...flags)

/**
 * Every target, one entry each, lower levels of an arch before higher ones.
 * The x86-64 levels are those of the x86-64 psABI, §3.1.1; gcc 11 and clang 12 know them by name.
 */
export const targets: readonly Target[] = [
  {
    ...x86,
    name: 'x86-64',
    level: 1,
    vectorBytes: 16,
    flags: both('-march=x86-64'),
    levels: ['x86-64', 'x86-64-v3', 'x86-64-v4'],
    summary: 'any 64-bit x86 machine: code for SSE2, AVX2 and AVX-512 in one library, chosen when it is loaded',
  },
  {
    ...x86,
    name: 'x86-64-v2',
    level: 2,
    vectorBytes: 16,
    flags: both('-march=x86-64-v2'),
    summary: 'x86 since about 2009 (SSE4.2)',
  },
  {
    ...x86,
    name: 'x86-64-v3',
    level: 3,
    vectorBytes: 32,
    flags: both('-march=x86-64-v3'),
    summary: 'x86 since about 2013 (AVX2, FMA)',
  },
  {
    ...x86,
    name: 'x86-64-v4',
    level: 4,
    vectorBytes: 64,
    // Both compilers tune this level for 32-byte vectors unless told; the kernels are written for `vectorBytes`.
    flags: both('-march=x86-64-v4', '-mprefer-vector-width=512'),
    summary: 'x86 servers and recent desktops (AVX-512)',
  },
  {
    ...x86,
    name: 'win32-x64',
    platform: 'win32',
    level: 1,
    vectorBytes: 16,
    triple: 'x86_64-w64-mingw32',
    flags: both('-march=x86-64'),
    crossPrefixes: ['x86_64-w64-mingw32-'],
    debian: 'g++-mingw-w64-x86-64-posix',
    levels: ['x86-64', 'x86-64-v3', 'x86-64-v4'],
    emulator: ['wine'],
    summary: 'Windows on any 64-bit x86 machine: a DLL, with code for the same three levels',
  },
  {
    name: 'darwin-x64',
    arch: 'x86-64',
    platform: 'darwin',
    level: 1,
    byteOrder: 'little',
    pointerBytes: 8,
    vectorBytes: 16,
    triple: 'x86_64-apple-macos11',
    flags: both('-march=x86-64'),
    crossPrefixes: [],
    levels: ['x86-64', 'x86-64-v3', 'x86-64-v4'],
    summary: 'macOS on Intel, 11 and later, with code for the same three levels',
  },
  // Its vector registers hold doubles; float32 ones came with z14.
  { ...z, name: 'z13', level: 13, vectorBytes: 0, flags: both('-march=z13'), summary: 'IBM z13, LinuxONE and later' },
  { ...z, name: 'z14', level: 14, flags: both('-march=z14'), summary: 'IBM z14, LinuxONE II and later' },
  { ...z, name: 'z15', level: 15, flags: both('-march=z15'), summary: 'IBM z15, LinuxONE III and later' },
  {
    ...z,
    name: 'z16',
    level: 16,
    // The name came with gcc 12 and clang 15; before, it was the architecture's.
    flags: { gcc: [['-march=z16'], ['-march=arch14']], clang: [['-march=z16'], ['-march=arch14']] },
    summary: 'IBM z16, LinuxONE 4 (Telum) and later',
  },
  {
    ...z,
    name: 'z17',
    level: 17,
    // gcc before 15 and clang before 20 don't know z17; its code for z16 runs there too.
    flags: {
      gcc: [['-march=z17'], ['-march=arch15'], ['-march=z16']],
      clang: [['-march=z17'], ['-march=arch15'], ['-march=z16']],
    },
    summary: 'IBM z17, LinuxONE 5 (Telum II)',
  },
  {
    name: 'arm64',
    arch: 'arm64',
    level: 1,
    byteOrder: 'little',
    pointerBytes: 8,
    vectorBytes: 16,
    triple: 'aarch64-linux-gnu',
    flags: both('-march=armv8-a'),
    crossPrefixes: ['aarch64-linux-gnu-', 'aarch64-unknown-linux-gnu-'],
    emulator: ['qemu-aarch64', '-cpu', 'max'],
    summary: '64-bit ARM with Linux: Graviton, Ampere, Raspberry Pi 3 and later',
  },
  {
    name: 'darwin-arm64',
    arch: 'arm64',
    platform: 'darwin',
    level: 1,
    byteOrder: 'little',
    pointerBytes: 8,
    vectorBytes: 16,
    triple: 'arm64-apple-macos11',
    flags: both('-march=armv8-a'),
    crossPrefixes: [],
    summary: 'macOS on Apple silicon',
  },
  {
    ...arm,
    name: 'armv6',
    level: 6,
    vectorBytes: 0,
    flags: both('-march=armv6', '-mfpu=vfp', '-mfloat-abi=hard', '-marm'),
    summary: '32-bit ARM with VFP: Raspberry Pi 1 and Zero',
  },
  {
    ...arm,
    name: 'armv7',
    level: 7,
    vectorBytes: 16,
    flags: both('-march=armv7-a', '-mfpu=neon', '-mfloat-abi=hard'),
    summary: '32-bit ARM with NEON: Raspberry Pi 2 and later on a 32-bit system',
  },
  {
    ...cortexM,
    name: 'cortex-m0plus',
    level: 0,
    isSoft: true,
    flags: both('-mthumb', '-mfloat-abi=soft', '-mcpu=cortex-m0plus'),
    summary:
      'microcontrollers without a unit for floats, Cortex-M0+ and M3: int8 models are computed in integers alone',
  },
  {
    ...cortexM,
    name: 'cortex-m4',
    level: 4,
    flags: thumb('-mcpu=cortex-m4', '-mfpu=fpv4-sp-d16'),
    summary: 'microcontrollers with a Cortex-M4F: only for compile --emit c, obj and archive',
  },
  {
    ...cortexM,
    name: 'cortex-m7',
    level: 7,
    flags: thumb('-mcpu=cortex-m7', '-mfpu=fpv5-d16'),
    summary: 'the same with a Cortex-M7 and a unit for doubles',
  },
  {
    ...riscv,
    name: 'riscv64',
    level: 1,
    vectorBytes: 0,
    flags: both('-march=rv64gc', '-mabi=lp64d'),
    emulator: ['qemu-riscv64'],
    summary: '64-bit RISC-V with rv64gc',
  },
  {
    ...riscv,
    name: 'riscv64-v',
    level: 2,
    // Its registers have 16 bytes or more (V's Zvl128b); the code sets how many elements it uses, and runs on all of them.
    vectorBytes: 16,
    // gcc makes vector code for it from version 14, which was not at hand. The last flag is what clang does without it and came with
    // clang 17: before 16 there are few vectors in its code.
    flags: { gcc: [], clang: [['-march=rv64gcv', '-mabi=lp64d', '-mrvv-vector-bits=scalable']] },
    // QEMU before 8.1 ends at vfncvt.rtz.x.f.w and vfncvt.rtz.xu.f.w, an assertion of its own (issue 1441 of its project).
    emulator: ['qemu-riscv64', '-cpu', 'rv64,v=true,vext_spec=v1.0,vlen=128'],
    summary: 'the same with the vector extension 1.0, compiled by clang 17 or newer',
  },
  {
    name: 'wasm',
    arch: 'wasm32',
    level: 1,
    byteOrder: 'little',
    pointerBytes: 4,
    vectorBytes: 16,
    triple: 'wasm32-unknown-unknown',
    flags: { gcc: [], clang: [['--target=wasm32', '-msimd128']] },
    crossPrefixes: [],
    summary: 'WebAssembly with SIMD: browsers, and every Node',
  },
]
