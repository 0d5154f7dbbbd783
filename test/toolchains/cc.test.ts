import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type CompiledLibrary,
  type CompileJob,
  compileLibrary,
  findCc,
  findCxx,
  type Toolchain,
  weightsSection,
} from '../../src/toolchains/cc.ts'
import { canRun, resolveTarget, targets } from '../../src/targets/index.ts'
import { machineFlags } from '../../src/toolchains/flags.ts'

const posix = process.platform !== 'win32'
const linux = process.platform === 'linux'
const host = resolveTarget('host')
let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'toolchain-test-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A folder of shell scripts that stand in for compilers. */
function fakes(scripts: Record<string, string>): { folder: string; env: NodeJS.ProcessEnv } {
  const folder = mkdtempSync(join(root, 'bin-'))
  for (const [name, body] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  return { folder, env: { PATH: folder } }
}

const answers = (banner: string, machine: string, otherwise = 'exit 0') =>
  `case "$*" in *--version) echo '${banner}';; *-dumpmachine) echo ${machine};; *) ${otherwise};; esac`
const GCC = (machine = 'x86_64-linux-gnu', otherwise?: string) =>
  answers('gcc (Debian 12.2.0-14) 12.2.0\nFree Software Foundation', machine, otherwise)

describe.runIf(posix)('findCc', () => {
  it('finds the compiler of this machine and says what it is', async () => {
    const found = await findCc()
    expect(found.family).toMatch(/^(gcc|clang)$/)
    expect(found.version).toMatch(/^(gcc|clang) \d+\.\d+/)
    expect(found.banner.length).toBeGreaterThan(3)
    expect(found.command[0]).toMatch(/^\//)
  })

  it.each([
    ['gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nFree Software Foundation', 'gcc', 'gcc 12.2.0'],
    ['cc (GCC) 11.4.1 20230605 (Red Hat 11.4.1-2)\nFree Software Foundation', 'gcc', 'gcc 11.4.1'],
    ['gcc (Alpine 13.2.1_git20231014) 13.2.1 20231014\nFree Software Foundation', 'gcc', 'gcc 13.2.1'],
    ['Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu', 'clang', 'clang 14.0.6'],
    ['Apple clang version 15.0.0 (clang-1500.3.9.4)', 'clang', 'clang 15.0.0'],
    ['tcc version 0.9.27 (x86_64 Linux)', 'other', 'tcc version 0.9.27 (x86_64 Linux)'],
  ])('knows %j', async (banner, family, version) => {
    const { env } = fakes({ cc: answers(banner, 'x86_64-linux-gnu') })
    expect(await findCc({ env, target: resolveTarget('x86-64') })).toMatchObject({ family, version })
  })

  it('prefers CC, which may hold arguments or spaces in its path', async () => {
    const { folder } = fakes({ 'my gcc': GCC(), gcc: GCC() })
    const target = resolveTarget('x86-64')
    const withArguments = await findCc({ env: { CC: ' gcc  -m64 ', PATH: folder }, target })
    expect(withArguments.command).toEqual([join(folder, 'gcc'), '-m64'])
    const withSpace = await findCc({ env: { CC: join(folder, 'my gcc'), PATH: '/' }, target })
    expect(withSpace.command).toEqual([join(folder, 'my gcc')])
  })

  it('passes by a compiler that does not answer', async () => {
    const { env, folder } = fakes({ cc: 'echo "no developer tools" >&2; exit 1', gcc: GCC() })
    expect((await findCc({ env, target: resolveTarget('x86-64') })).command).toEqual([join(folder, 'gcc')])
  })

  it('takes a cross compiler for another arch, by what it says that it makes', async () => {
    const { folder } = fakes({
      cc: GCC('x86_64-linux-gnu'),
      's390x-linux-gnu-gcc': GCC('s390x-linux-gnu'),
      'my-z-gcc': GCC('s390x-ibm-linux-gnu'),
    })
    const target = resolveTarget('z16')
    const env = { PATH: folder }
    expect((await findCc({ env, target })).command).toEqual([join(folder, 's390x-linux-gnu-gcc')])
    expect((await findCc({ env: { ...env, CC: 'my-z-gcc' }, target })).command).toEqual([join(folder, 'my-z-gcc')])
    expect((await findCc({ env: { ...env, CC: 'cc' }, target })).machine).toBe('s390x-linux-gnu')
  })

  it('says how to get a compiler where there is none', async () => {
    const error = await findCc({ env: { PATH: root } }).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'EnvironmentError', code: 'ENVIRONMENT_NO_COMPILER' })
    for (const system of ['Debian', 'Fedora', 'Alpine', 'macOS', 'Windows']) expect(String(error)).toContain(system)
    const cxx = findCxx({ env: { PATH: root } })
    await expect(cxx).rejects.toThrow('apt-get install g++')
  })

  it('says which cross compiler is missing', async () => {
    const { env } = fakes({ cc: GCC() })
    await expect(findCc({ env, target: resolveTarget('z15') })).rejects.toThrow(/z15 \(s390x\).*s390x-linux-gnu-gcc/)
  })

  it.each([
    ['x86-64', 'x86_64-pc-linux-musl'],
    ['win32-x64', 'x86_64-w64-mingw32'],
    ['win32-x64', 'x86_64-w64-windows-gnu'],
  ])('takes for %s only a compiler for its system', async (name, machine) => {
    const machines = ['x86_64-w64-mingw32', 'x86_64-pc-linux-musl', 'x86_64-pc-windows-msvc', 'x86_64-pc-cygwin']
    const { folder } = fakes({ right: GCC(machine), ...Object.fromEntries(machines.map((of) => [of, GCC(of)])) })
    const target = resolveTarget(name)
    for (const of of machines.filter(
      (other) => /linux/.test(other) !== /linux/.test(machine) || /msvc|cygwin/.test(other),
    ))
      await expect(findCc({ env: { CC: of, PATH: folder }, target })).rejects.toMatchObject({
        code: 'ENVIRONMENT_NO_COMPILER',
      })
    expect((await findCc({ env: { CC: 'right', PATH: folder }, target })).machine).toBe(machine)
  })

  it('says which compiler for Windows is missing, as its package is called', async () => {
    const { env, folder } = fakes({ cc: GCC() })
    const target = resolveTarget('win32-x64')
    await expect(findCc({ env, target })).rejects.toThrow(
      /win32-x64 \(x86-64\) found: none of x86_64-w64-mingw32-gcc,.* apt-get install g\+\+-mingw-w64-x86-64-posix\)/,
    )
    const cross = fakes({ cc: GCC(), 'x86_64-w64-mingw32-gcc': GCC('x86_64-w64-mingw32') })
    expect((await findCc({ env: { PATH: `${folder}:${cross.folder}` }, target })).machine).toBe('x86_64-w64-mingw32')
  })

  it('takes a clang for another arch only where it finds a linker and libraries for it', async () => {
    const banner = 'Debian clang version 14.0.6'
    const clang = (linking: string) =>
      `case "$1" in --target=*) ${answers(banner, 's390x-linux-gnu', linking)};; *) ${answers(banner, 'x86_64-pc-linux-gnu')};; esac`
    const target = resolveTarget('z16')
    const without = fakes({ cc: GCC(), clang: clang('exit 1') })
    const missing = findCc({ env: without.env, target })
    await expect(missing).rejects.toThrow(/no clang that links for it.*apt-get install g\+\+-s390x-linux-gnu/)
    const able = fakes({ cc: GCC(), clang: clang('exit 0') })
    const command = [join(able.folder, 'clang'), '--target=s390x-linux-gnu']
    expect((await findCc({ env: able.env, target })).command).toEqual(command)
    const named = fakes({ cc: GCC(), clang: clang('exit 1'), 'clang-19': clang('exit 0') })
    const CC = join(named.folder, 'clang-19')
    expect((await findCc({ env: { ...named.env, CC }, target })).command).toEqual([CC, command[1]])
  })

  it('takes zig last, for targets that it links for, with its own names of processors', async () => {
    const zig = (log: string) =>
      answers(
        'clang version 17.0.3',
        '$4',
        `echo "$*" >> ${log}; case "$*" in *-fsyntax-only*) exit 1;; *-E*) exit 0;; *) exit 4;; esac`,
      )
    const log = join(mkdtempSync(join(root, 'log-')), 'calls')
    const { env, folder } = fakes({ zig: zig(log), cc: GCC() })
    const target = resolveTarget('armv7')
    const toolchain = await findCc({ env, target })
    expect(toolchain.command).toEqual([join(folder, 'zig'), 'cc', '-target', 'arm-linux-gnueabihf'])
    const args = await machineFlags(toolchain, target)
    expect(args).toEqual(['-mcpu=generic+v7a+neon', '-fno-sanitize=undefined'])
    expect(readFileSync(log, 'utf8')).toMatch(/^cc -target arm-linux-gnueabihf -mcpu=generic\+v7a\+neon .*-E -$/m)
    await expect(findCc({ env, target: resolveTarget('z16') })).rejects.toThrow('g++-s390x-linux-gnu')
    await expect(findCxx({ env, target })).rejects.toThrow('g++-arm-linux-gnueabihf')
    // Of macOS it has the C++ library as well.
    const mac = resolveTarget('darwin-arm64')
    for (const [find, name] of [
      [findCc, 'cc'],
      [findCxx, 'c++'],
    ] as const)
      expect((await find({ env, target: mac })).command).toEqual([
        join(folder, 'zig'),
        name,
        '-target',
        'aarch64-macos.11.0',
      ])
    const cross = fakes({ zig: zig(log), 'arm-linux-gnueabihf-gcc': GCC('arm-linux-gnueabihf') })
    expect((await findCc({ env: cross.env, target })).family).toBe('gcc')
  })

  it('passes by the gcc of a target whose code only clang makes, and asks for a clang', async () => {
    const target = resolveTarget('riscv64-v')
    const gcc = { 'riscv64-linux-gnu-gcc': GCC('riscv64-linux-gnu'), 'riscv64-linux-gnu-g++': GCC('riscv64-linux-gnu') }
    const without = fakes(gcc)
    await expect(findCc({ env: without.env, target })).rejects.toThrow(
      'No C compiler for riscv64-v (riscv64) found: no clang that links for it. ' +
        'Install one (Debian, Ubuntu: apt-get install clang g++-riscv64-linux-gnu), or set CC.',
    )
    expect((await findCxx({ env: without.env, target })).family).toBe('gcc')
    const able = fakes({ ...gcc, clang: answers('clang version 19.1.7', 'riscv64-unknown-linux-gnu') })
    expect((await findCc({ env: able.env, target })).command).toEqual([join(able.folder, 'clang')])
    expect((await findCc({ env: able.env, target: resolveTarget('riscv64') })).family).toBe('clang')
  })

  it('refuses a CC that is no compiler instead of taking another one', async () => {
    const { folder } = fakes({ cc: GCC(), broken: 'exit 1', silent: 'exit 0' })
    for (const CC of ['no-such-cc', 'broken', 'silent']) {
      await expect(findCc({ env: { CC, PATH: folder } })).rejects.toThrow(`CC="${CC}"`)
    }
  })

  const counting = (folder: string) => `echo "$0 $*" >> ${folder}/calls\n${GCC()}`
  const calls = (folder: string) =>
    existsSync(join(folder, 'calls')) ? readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').length : 0

  it.runIf(linux)('asks a compiler once, and again when it has changed', async () => {
    const log = mkdtempSync(join(root, 'log-'))
    const memoFolder = mkdtempSync(join(root, 'memo-'))
    const { env, folder } = fakes({ gcc: counting(log) })
    const target = resolveTarget('x86-64')
    await new Promise((resolve) => setTimeout(resolve, 2600)) // until its ctime counts as settled
    await findCc({ env, target, memoFolder })
    await findCc({ env, target, memoFolder })
    expect(calls(log)).toBe(2) // --version and -dumpmachine
    writeFileSync(join(folder, 'gcc'), `#!/bin/sh\n${counting(log).replaceAll('12.2.0', '14.1.0')}\n`)
    expect((await findCc({ env, target, memoFolder })).version).toBe('gcc 14.1.0')
  })

  it.runIf(linux)('asks a wrapper every time, since the compiler behind it may change', async () => {
    const log = mkdtempSync(join(root, 'log-'))
    const { folder } = fakes({ ccache: counting(log) })
    await new Promise((resolve) => setTimeout(resolve, 2600))
    const options = { env: { CC: 'ccache gcc', PATH: `${folder}:/bin:/usr/bin` }, target: resolveTarget('x86-64') }
    await findCc(options)
    await findCc(options)
    expect(calls(log)).toBe(4)
  })
})

describe.runIf(posix)('findCxx', () => {
  it('finds a C++ compiler', async () => {
    expect((await findCxx()).command[0]).toMatch(/(\+\+|clang)[\w.-]*$/)
  })
})

const EXPORT = '__attribute__((visibility("default")))'
const job = (source: string, more: Partial<CompileJob> = {}): CompileJob => ({
  source,
  includeDirs: [],
  target: host,
  optimize: 1,
  stagingRoot: root,
  ...more,
})

/** Loads a library into a small C program, which prints what the C statements say. */
function run({ library, folder }: CompiledLibrary, statements: string): string {
  const program = join(folder, 'run')
  const source = `#include <dlfcn.h>\n#include <math.h>\n#include <stdint.h>\n#include <stdio.h>
    int main(int argc, char **argv) {
      void *lib = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
      if (!lib) { puts(dlerror()); return 1; }
      ${statements}
      return 0;
    }`
  writeFileSync(`${program}.c`, source)
  execFileSync('cc', [`${program}.c`, '-o', program, '-ldl', '-lm'], { stdio: 'pipe' })
  return execFileSync(program, [library], { encoding: 'utf8' }).trim()
}

describe.runIf(posix)('compileLibrary', () => {
  const weights = new Uint8Array(100_003).map((_, i) => (i * 31) & 255)
  const sum = weights.reduce((total, byte) => total + byte, 0)
  const summing = `${weightsSection(weights.length)}
    ${EXPORT} long sum(void) { long s = 0; for (int i = 0; i < ${weights.length}; i++) s += om_weights[i]; return s; }
    ${EXPORT} const void *where(void) { return om_weights; }`
  const chunks = [weights.subarray(0, 7), weights.subarray(7, 7), weights.subarray(7)]
  const readSum = `
    long (*sum)(void) = dlsym(lib, "sum");
    const void *(*where)(void) = dlsym(lib, "where");
    printf("%ld %d", sum(), (int)((uintptr_t)where() % 64));`

  it('refuses weights that no DLL has room for', async () => {
    const weights = { bytes: 2 ** 31, chunks: [] }
    const job = {
      source: '',
      includeDirs: [],
      target: resolveTarget('win32-x64'),
      optimize: 0,
      model: 'm.onnx',
      weights,
    }
    await expect(compileLibrary(job as CompileJob)).rejects.toMatchObject({
      code: 'COMPILE_TOO_LARGE',
      message: expect.stringMatching(/^m\.onnx has 2048 MiB of weights: .*weights=f16/),
    })
  })

  it('brings the weights in, aligned, by the assembler', async () => {
    const made = await compileLibrary(job(summing, { weights: { bytes: weights.length, chunks } }))
    expect(run(made, readSum)).toBe(`${sum} 0`)
    expect(made.seconds).toBeGreaterThan(0)
  })

  it('brings the same weights in as text, for compilers without .incbin', async () => {
    const toolchain: Toolchain = { ...(await findCc()), family: 'other' }
    const made = await compileLibrary(job(summing, { weights: { bytes: weights.length, chunks }, toolchain }))
    expect(existsSync(join(made.folder, 'weights.bin'))).toBe(false)
    expect(run(made, readSum)).toBe(`${sum} 0`)
  })

  it('takes weights as they come, from an async generator', async () => {
    async function* slowly() {
      for (const chunk of chunks) yield await Promise.resolve(chunk)
    }
    const made = await compileLibrary(job(summing, { weights: { bytes: weights.length, chunks: slowly() } }))
    expect(run(made, readSum)).toBe(`${sum} 0`)
  })

  it('refuses weights that are not as long as announced', async () => {
    const wrong = job(summing, { weights: { bytes: weights.length + 1, chunks } })
    await expect(compileLibrary(wrong)).rejects.toThrow(
      `${weights.length + 1} bytes announced, ${weights.length} given`,
    )
  })

  it('compiles a model without weights', async () => {
    const made = await compileLibrary(job(`${weightsSection(0)}\n${EXPORT} int f(void) { return om_weights[0]; }`))
    expect(run(made, 'int (*f)(void) = dlsym(lib, "f"); printf("%d", f());')).toBe('0')
  })

  it.each([0, 1, 2, 3] as const)(
    'keeps NaN, infinities and wrapping integers what they are at O=%d',
    async (optimize) => {
      const made = await compileLibrary(
        job(
          `#include <math.h>
        ${EXPORT} int nan_kept(const double *x) { return x[0] != x[0] && isnan(x[0]) && isinf(x[1]) && x[1] > 1e308; }
        ${EXPORT} double zero_kept(double x) { return (x + 1e300) - 1e300; }
        ${EXPORT} int wraps(int x) { return x + 1 < x; }`,
          { optimize },
        ),
      )
      const printed = run(
        made,
        `int (*nan_kept)(const double *) = dlsym(lib, "nan_kept");
      double (*zero_kept)(double) = dlsym(lib, "zero_kept");
      int (*wraps)(int) = dlsym(lib, "wraps");
      double x[2] = {NAN, INFINITY};
      printf("%d %g %d", nan_kept(x), zero_kept(1.0), wraps(INT32_MAX));`,
      )
      expect(printed).toBe('1 0 1')
    },
  )

  it.each(targets.filter((target) => target.arch === host.arch && canRun(target)).map((target) => target.name))(
    'compiles for %s with its vectors',
    async (name) => {
      const target = resolveTarget(name)
      const bytes = target.vectorBytes || 4
      const source = `typedef float vec __attribute__((vector_size(${bytes})));
        ${EXPORT} float f(float x) { vec v = {0}; for (int i = 0; i < ${bytes / 4}; i++) v[i] = x; v = v * v + v; return v[${bytes / 4 - 1}]; }`
      const made = await compileLibrary(job(source, { target }))
      expect(run(made, 'float (*f)(float) = dlsym(lib, "f"); printf("%g", f(3));')).toBe('12')
    },
  )

  it.runIf(linux)('exports only what is marked, without an executable stack, and drops what is unused', async () => {
    const source = `#include <math.h>
      int hidden_helper(int x) { return x * 3; }
      int unused_kernel(int x) { return x * 5; }
      ${EXPORT} int shown(int x) { return hidden_helper(x) + (int)expf(x); }`
    const { library } = await compileLibrary(job(source))
    const symbols = execFileSync('nm', ['-D', '--defined-only', library], { encoding: 'utf8' })
    expect(symbols.trim().split('\n')).toHaveLength(1)
    expect(symbols).toContain('shown')
    expect(execFileSync('readelf', ['-lW', library], { encoding: 'utf8' })).toMatch(/GNU_STACK.* RW +0x/)
    expect(readFileSync(library, 'latin1')).not.toMatch(/unused_kernel|hidden_helper|toolchain-test/)
  })

  it('makes the same library from the same source', async () => {
    const same = () => compileLibrary(job(summing, { weights: { bytes: weights.length, chunks }, optimize: 2 }))
    const [a, b] = [await same(), await same()]
    expect(a.folder).not.toBe(b.folder)
    expect(readFileSync(a.library).equals(readFileSync(b.library))).toBe(true)
  })

  it('passes defines and include folders', async () => {
    const folder = join(root, 'with space $(x)')
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'om_test.h'), '#define FROM_HEADER 40\n')
    const source = `#include "om_test.h"\n${EXPORT} int f(void) { return FROM_HEADER + GIVEN; }`
    const made = await compileLibrary(job(source, { includeDirs: [folder], defines: { GIVEN: 2 } }))
    expect(run(made, 'int (*f)(void) = dlsym(lib, "f"); printf("%d", f());')).toBe('42')
  })
})

describe.runIf(posix)('compileLibrary, when it fails,', () => {
  const failing = (source: string, more: Partial<CompileJob> = {}) =>
    compileLibrary(job(source, { model: './fraud.onnx', ...more })).then(
      () => expect.fail('should not compile'),
      (error: Error & { code: string; data: Record<string, unknown> }) => error,
    )
  const staging = () => mkdtempSync(join(root, 'staging-'))
  const fake = async (otherwise: string): Promise<Toolchain> => {
    const { folder } = fakes({ gcc: GCC('x86_64-linux-gnu', otherwise) })
    return { ...(await findCc({ env: { PATH: folder }, target: resolveTarget('x86-64') })) }
  }
  /** Accepts machine flags, and does something else when it should compile. */
  const compiling = (then: string) => `case "$*" in *-fsyntax-only*) exit 0;; *) ${then};; esac`

  it('shows the first error and keeps the source, but not the weights', async () => {
    const stagingRoot = staging()
    const source = `${weightsSection(3)}\nint f(void) { return nothing_here; }\nint g(void) { return nor_here; }`
    const weights = { bytes: 3, chunks: [new Uint8Array(3)] }
    const error = await failing(source, { stagingRoot, weights })
    expect(error).toMatchObject({ name: 'CompileError', code: 'COMPILE_C', data: { model: './fraud.onnx' } })
    expect(error.message).toContain('nothing_here')
    expect(error.message).not.toContain('nor_here')
    expect(error.message).toContain(String(error.data['source']))
    expect(readFileSync(String(error.data['source']), 'utf8')).toBe(source)
    expect(readdirSync(join(stagingRoot, readdirSync(stagingRoot)[0] ?? ''))).toEqual(['model.c'])
  })

  it('finds missing symbols at build time', async () => {
    const error = await failing(`extern int missing_kernel(int);\n${EXPORT} int f(int x) { return missing_kernel(x); }`)
    expect(error).toMatchObject({ code: 'COMPILE_C', message: expect.stringContaining('missing_kernel') })
  })

  it('says that the C library is missing', async () => {
    const printed = 'model.c:1:10: fatal error: math.h: No such file or directory'
    const toolchain = await fake(compiling(`echo "${printed}" >&2; exit 1`))
    const error = await failing('', { toolchain })
    expect(error).toMatchObject({ name: 'EnvironmentError', code: 'ENVIRONMENT_NO_LIBC' })
    expect(error.message).toContain('libc6-dev')
    const foreign = resolveTarget(host.arch === 's390x' ? 'riscv64' : 'z15')
    expect((await failing('', { toolchain, target: foreign })).message).toContain(`the one for ${foreign.triple}`)
  })

  it('does not take a missing header of ours for the C library', async () => {
    expect(await failing('#include "om_gemm.h"\n')).toMatchObject({ code: 'COMPILE_C' })
  })

  it('says that memory was short when the compiler is killed', async () => {
    const toolchain = await fake(compiling('kill -9 $$'))
    expect(await failing('', { toolchain, target: resolveTarget('x86-64') })).toMatchObject({ code: 'COMPILE_MEMORY' })
  })

  it('does not trust a compiler that succeeds without writing anything', async () => {
    const toolchain = await fake(compiling('exit 0'))
    const error = await failing('', { toolchain, target: resolveTarget('x86-64') })
    expect(error).toMatchObject({ code: 'COMPILE_C', message: expect.stringContaining('printed nothing') })
  })

  it('names the targets that an old compiler does not know', async () => {
    const toolchain = await fake('exit 1')
    const error = await failing('', { toolchain, target: resolveTarget('x86-64-v3') })
    expect(error).toMatchObject({ code: 'ENVIRONMENT_OLD_COMPILER' })
    expect(error.message).toMatch(/gcc 12\.2\.0.*x86-64-v3.*-march=x86-64-v3/)
  })

  it('takes the next spelling of a machine flag where the first is unknown', async () => {
    const { folder } = fakes({
      gcc: GCC(
        's390x-linux-gnu',
        'case "$*" in *march=z17*|*march=arch15*) exit 1;; *-fsyntax-only*) exit 0;; *) exit 4;; esac',
      ),
    })
    const target = resolveTarget('z17')
    const toolchain = await findCc({ env: { PATH: folder }, target })
    const error = await failing('', { toolchain, target })
    expect(error.data['arguments']).toContain('-march=z16')
  })

  it('leaves nothing behind when aborted', async () => {
    const stagingRoot = staging()
    const toolchain = await fake(compiling('exec sleep 100'))
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('stopped by the user')), 300)
    const target = resolveTarget('x86-64')
    const error = await failing('', { toolchain, stagingRoot, target, signal: controller.signal })
    expect(error.message).toBe('stopped by the user')
    expect(readdirSync(stagingRoot)).toEqual([])
  })

  it('leaves nothing behind when the process is interrupted', async () => {
    const stagingRoot = staging()
    const toolchain = await fake(compiling('exec sleep 100'))
    const code = join(root, 'toolchain.mjs')
    const entry = fileURLToPath(new URL('../../src/toolchains/cc.ts', import.meta.url))
    await build({ entryPoints: [entry], outfile: code, bundle: true, platform: 'node', format: 'esm' })
    const given = JSON.stringify(job('', { toolchain, stagingRoot, target: resolveTarget('x86-64') }))
    const script = `await (await import(${JSON.stringify(code)})).compileLibrary(${given})`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script])
    const ended = new Promise((resolve) => child.once('exit', (_, name) => resolve(name)))
    const staged = () => readdirSync(stagingRoot).some((name) => existsSync(join(stagingRoot, name, 'model.c')))
    while (!staged()) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGINT')
    expect(await ended).toBe('SIGINT')
    expect(readdirSync(stagingRoot)).toEqual([])
  })

  it('stops at the time limit and leaves nothing behind', async () => {
    const stagingRoot = staging()
    const toolchain = await fake(compiling('exec sleep 100'))
    const error = await failing('', { toolchain, stagingRoot, target: resolveTarget('x86-64'), timeout: 300 })
    expect(error).toMatchObject({ code: 'COMPILE_TIMEOUT' })
    expect(readdirSync(stagingRoot)).toEqual([])
  })

  it('says where it could not write', async () => {
    const file = join(root, 'a-file')
    writeFileSync(file, '')
    const error = await failing('', { stagingRoot: join(file, 'staging') })
    expect(error).toMatchObject({ name: 'EnvironmentError', code: 'ENVIRONMENT_DISK' })
    expect(error.message).toContain(file)
  })

  describe('on a full disk', () => {
    const disk = join(tmpdir(), `toolchain-full-${process.pid}`)
    let mounted = false
    beforeAll(() => {
      mkdirSync(disk, { recursive: true })
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk], { stdio: 'pipe' })
        mounted = true
      } catch {
        console.log('full-disk tests skipped: mounting a tmpfs is not permitted here')
      }
    })
    afterEach(() => {
      if (mounted) for (const entry of readdirSync(disk)) rmSync(join(disk, entry), { recursive: true })
    })
    afterAll(() => {
      if (mounted) execFileSync('umount', [disk])
      rmSync(disk, { recursive: true, force: true })
    })

    it('says so when the weights do not fit', async (context) => {
      if (!mounted) return context.skip()
      const bytes = 1 << 20
      const error = await failing(weightsSection(bytes), {
        stagingRoot: disk,
        weights: { bytes, chunks: [new Uint8Array(bytes)] },
      })
      expect(error).toMatchObject({ code: 'ENVIRONMENT_DISK', message: expect.stringContaining('the disk is full') })
      expect(readdirSync(disk)).toEqual([])
    })

    it('says so when the library does not fit', async (context) => {
      if (!mounted) return context.skip()
      const bytes = 200 * 1024
      const error = await failing(`${weightsSection(bytes)}\n${EXPORT} const void *f(void) { return om_weights; }`, {
        stagingRoot: disk,
        weights: { bytes, chunks: [new Uint8Array(bytes)] },
      })
      expect(error).toMatchObject({ code: 'ENVIRONMENT_DISK' })
      expect(readdirSync(disk)).toEqual([])
    })
  })
})
