import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { compileBuiltin } from '../../src/builtin/index.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { weightsSection } from '../../src/toolchains/cc.ts'
import { compileWasm, WEIGHTS_INSIDE, type WasmJob } from '../../src/toolchains/wasm.ts'
import { finishModule } from '../../src/toolchains/wasm-binary.ts'
import { findWasm, npmClang, type WasmToolchain } from '../../src/toolchains/wasm-find.ts'
import { which } from '../../src/toolchains/programs.ts'

const target = resolveTarget('wasm')
let root: string
beforeAll(() => (root = mkdtempSync(join(tmpdir(), 'wasm-test-'))))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const found = await findWasm().catch(() => undefined)
if (!found) console.log('skipped: compiling to WebAssembly (no clang with wasm-ld, no @yowasp/clang)')
const npm = await findWasm({ env: { PATH: '' } }).catch(() => undefined)
if (!npm) console.log(`skipped: compiling with ${npmClang} (it is not installed)`)

/** Adds up `bytes` of weights. */
const summing = (bytes: number) => `
#include <stdint.h>
${weightsSection(bytes)}
__attribute__((export_name("sum"))) int64_t sum(void) {
  int64_t total = 0;
  for (uint32_t i = 0; i < ${bytes}u; i++) total += om_weights[i];
  return total;
}
`

const job = (bytes: number, more: Partial<WasmJob> = {}): WasmJob => ({
  source: summing(bytes),
  weights: { bytes, chunks: chunksOf(bytes) },
  includeDirs: [],
  target,
  optimize: 3,
  stagingRoot: root,
  ...more,
})

/** 1, 2, … 251, 1, …: in two chunks. */
function chunksOf(bytes: number): Uint8Array[] {
  const all = Uint8Array.from({ length: bytes }, (_, i) => (i % 251) + 1)
  return [all.subarray(0, bytes >> 1), all.subarray(bytes >> 1)].filter(({ length }) => length > 0)
}
const sumOf = (bytes: number) =>
  chunksOf(bytes)
    .flatMap((chunk) => [...chunk])
    .reduce((sum, byte) => sum + byte, 0)

/** Node's WebAssembly, which has no types without those of a browser. */
interface Wasm {
  Module: {
    new (bytes: Uint8Array): object
    imports(module: object): { name: string }[]
    exports(module: object): { name: string }[]
  }
  Instance: new (module: object) => { exports: unknown }
}
const wasm = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  sum(): bigint
  readonly om_weights?: { readonly value: number }
}
const instantiate = (module: Uint8Array) => new wasm.Instance(new wasm.Module(module)).exports as Exports

describe.each([
  ['clang', found?.kind === 'clang' ? found : undefined],
  [npmClang, npm],
])('%s', (_, toolchain: WasmToolchain | undefined) => {
  test.runIf(toolchain).for([0, 1, 7, 100, 4096, 100_001, WEIGHTS_INSIDE])(
    'puts %i bytes of weights into the module',
    { timeout: 120_000 },
    async (bytes) => {
      const { library, weights } = await compileWasm(job(bytes, { toolchain: toolchain! }))
      expect(weights).toBeUndefined()
      const module = readFileSync(library)
      expect(wasm.Module.imports(new wasm.Module(module))).toEqual([])
      expect(wasm.Module.exports(new wasm.Module(module)).map(({ name }) => name)).toEqual(['memory', 'sum'])
      expect(instantiate(module).sum()).toBe(BigInt(sumOf(bytes)))
    },
  )

  test.runIf(toolchain)('leaves larger weights in a file of their own', { timeout: 120_000 }, async () => {
    const bytes = WEIGHTS_INSIDE + 1
    const { library, weights } = await compileWasm(job(bytes, { toolchain: toolchain! }))
    const module = readFileSync(library)
    expect(module.length).toBeLessThan(10_000)
    const { memory, sum, om_weights } = instantiate(module)
    new Uint8Array(memory.buffer).set(readFileSync(weights!), om_weights!.value)
    expect(sum()).toBe(BigInt(sumOf(bytes)))
  })

  test.runIf(toolchain)('says what is wrong with the C, and keeps it', { timeout: 120_000 }, async () => {
    const error = await compileWasm(job(0, { source: 'int f(void) { return g; }', toolchain: toolchain! })).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code: 'COMPILE_C', message: expect.stringContaining("'g'") as string })
    expect(readFileSync((error as { data: { source: string } }).data.source, 'utf8')).toContain('return g')
  })

  test.runIf(toolchain)('stops when it is told to, and compiles again after', { timeout: 120_000 }, async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(compileWasm(job(10, { toolchain: toolchain!, signal }))).rejects.toThrow('enough')
    await expect(compileWasm(job(10, { toolchain: toolchain!, timeout: 1 }))).rejects.toMatchObject({
      code: 'COMPILE_TIMEOUT',
    })
    // Clang by itself may be done before anybody looks; the package begins anew, which takes seconds.
    if (toolchain?.kind === 'yowasp')
      await expect(compileWasm(job(10, { toolchain, memory: 1 << 20 }))).rejects.toMatchObject({
        code: 'COMPILE_MEMORY',
      })
    expect(instantiate(readFileSync((await compileWasm(job(10, { toolchain: toolchain! }))).library)).sum()).toBe(55n)
  })
})

// A thread that is ended while the package loads takes the whole process with it: it has a process of its own.
test.runIf(npm)('is stopped at any moment, and leaves nothing running', { timeout: 120_000 }, async () => {
  for (const timeout of [50, 100, 200, 250, 300, 300, 350, 400])
    await expect(compileWasm(job(10, { toolchain: npm!, timeout }))).rejects.toMatchObject({ code: 'COMPILE_TIMEOUT' })
  const processes = () => execFileSync('ps', ['-o', 'args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  await expect.poll(processes).not.toContain('yowasp-program')
})

/** Arguments of Node for a program that compiles with the npm package. */
function compiling(): readonly string[] {
  const dist = new URL('../../dist/', import.meta.url).href
  const program = `
    import { compileWasm } from '${dist}toolchains/wasm.js'
    import { resolveTarget } from '${dist}targets/index.js'
    const { toolchain, ...job } = ${JSON.stringify({ ...job(10), weights: { bytes: 0, chunks: [] }, source: summing(0), toolchain: npm })}
    const { library } = await compileWasm({ ...job, toolchain, target: resolveTarget('wasm') })
    console.log(library.split('.').at(-1))`
  return ['--input-type=module', '--eval', program]
}

test.runIf(npm)('keeps no program from ending', { timeout: 120_000 }, () => {
  expect(execFileSync(process.execPath, compiling(), { encoding: 'utf8', timeout: 60_000 })).toBe('wasm\n')
})

test.runIf(npm)('ends with a program that is killed while it compiles', { timeout: 120_000 }, async () => {
  const program = spawn(process.execPath, compiling(), { stdio: 'ignore' })
  onTestFinished(() => void program.kill('SIGKILL'))
  const started = () => {
    const table = execFileSync('ps', ['-axo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    return table.split('\n').find((line) => Number(line.trim().split(/ +/)[1]) === program.pid)
  }
  await expect.poll(started, { timeout: 30_000, interval: 20 }).toContain('yowasp-program')
  const pid = Number.parseInt(started()!)
  // In the midst of what clang makes ready, and computes without a stop.
  await new Promise((resolve) => setTimeout(resolve, 400))
  program.kill('SIGKILL')
  const isThere = () => existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  await expect.poll(isThere, { timeout: 2000, interval: 50 }).toBe(false)
})

test('a model that is larger than 2 GiB is refused before anything is compiled', async () => {
  const error = compileWasm(
    job(10, {
      arenaBytes: 2 ** 31,
      model: 'huge.onnx',
      toolchain: { kind: 'clang', command: ['false'], version: '1' },
    }),
  )
  await expect(error).rejects.toMatchObject({ code: 'COMPILE_TOO_LARGE' })
  await expect(error).rejects.toThrow(/huge\.onnx needs 0 MiB for its weights and 2048 MiB for intermediate results/)
})

describe('finding', () => {
  const nothing = { env: { PATH: '' }, from: ['/'] }

  test('says both ways to get one', async () => {
    await expect(findWasm(nothing)).rejects.toMatchObject({ code: 'ENVIRONMENT_NO_COMPILER' })
    await expect(findWasm(nothing)).rejects.toThrow(
      /npm install --save-dev @yowasp\/clang\n.*apt-get install clang lld/,
    )
  })

  test('passes over a clang without a linker for wasm, and what is no clang', async () => {
    const path = join(root, 'path')
    await mkdir(path)
    const program = async (name: string, text: string) => {
      await writeFile(join(path, name), `#!/bin/sh\n${text}\n`)
      await chmod(join(path, name), 0o755)
    }
    await program('clang', 'case "$*" in *--version*) echo "clang version 99.0";; *) exit 1;; esac')
    await program('clang-20', 'echo "gcc 12"')
    await expect(findWasm({ env: { PATH: path }, from: ['/'] })).rejects.toThrow(/no clang with wasm-ld/)
  })

  test('takes the npm package of the project', async () => {
    const folder = join(root, 'project')
    const installed = join(folder, 'node_modules/@yowasp/clang')
    await mkdir(installed, { recursive: true })
    await writeFile(join(installed, 'package.json'), `{"name":"${npmClang}","version":"1.2.3","exports":"./a.js"}`)
    await writeFile(join(installed, 'a.js'), '')
    expect(await findWasm({ env: { PATH: '' }, from: ['/', folder] })).toMatchObject({
      kind: 'yowasp',
      version: '1.2.3',
    })
  })

  test.runIf(found?.kind === 'clang')('takes the clang that CC names', async () => {
    const path = join(root, 'named')
    await mkdir(path)
    await symlink(which('clang', process.env)!, join(path, 'my-clang'))
    const env = { PATH: process.env['PATH'], CC: join(path, 'my-clang') }
    expect(await findWasm({ env, from: [] })).toMatchObject({ kind: 'clang', command: [join(path, 'my-clang')] })
  })
})

describe('what is no module of ours', () => {
  const header = [0, 97, 115, 109, 1, 0, 0, 0]
  test.each([
    ['nothing', [], 'cut short'],
    ['another file', [...header.slice(0, 7), 1], 'not a WebAssembly module'],
    ['a section that ends early', [...header, 1, 200], 'cut short'],
    ['a length without an end', [...header, 1, 255, 255, 255, 255, 255, 255], 'too long'],
    ['an import', [...header, 2, 1, 0], 'imports'],
  ])('%s', (_, bytes, message) => {
    expect(() => finishModule(Uint8Array.from(bytes))).toThrow(message)
  })

  test('weights of no bytes need no place', () => {
    expect(finishModule(Uint8Array.from(header), [new Uint8Array()]).weightsAddress).toBeUndefined()
  })

  test('weights without a place', () => {
    expect(() => finishModule(Uint8Array.from(header), [Uint8Array.of(1)])).toThrow('no address')
  })
})

// Its kernel has more locals than engines take where nothing is optimised.
test.runIf(found).each([0, 1, 3] as const)(
  'an LSTM compiled at level %i is a module that engines load',
  async (optimize) => {
    const ones = (...dims: number[]) =>
      tensorFrom('float32', dims, Array<number>(dims.reduce((a, b) => a * b, 1)).fill(1))
    const source = {
      opsets: { '': 22 },
      inputs: { x: tensorType('float32', ['t', 1, 4]) },
      outputs: { y: undefined },
      initializers: { w: ones(1, 32, 4), r: ones(1, 32, 8) },
      nodes: [{ op: 'LSTM', inputs: ['x', 'w', 'r'], outputs: ['y'], attributes: { hidden_size: 8n } }],
    }
    const read = decodeModel(modelBytes(source), { path: 'lstm.onnx' })
    const { library } = await compileBuiltin(read, { target, optimize, identity: 'test', stagingRoot: root })
    const names = wasm.Module.exports(new wasm.Module(await readFile(library))).map(({ name }) => name)
    expect(names).toContain('memory')
  },
)
