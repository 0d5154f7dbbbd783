import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { modelBytes } from '../../src/onnx/build.ts'
import { createPipeline, type PluginOptions } from '../../src/pipeline/index.ts'
import { which } from '../../src/toolchains/programs.ts'
import { findWasm } from '../../src/toolchains/wasm-find.ts'
import { f32, node } from '../graph/models.ts'

const folder = mkdtempSync(join(tmpdir(), 'feasible-'))
const model = join(folder, 'model.onnx')
writeFileSync(
  model,
  modelBytes({
    opsets: { '': 21 },
    inputs: { x: f32(4) },
    outputs: { y: undefined },
    nodes: [
      node('Erf', ['x'], ['e']),
      node('Cast', ['e'], ['text'], { to: 8n }),
      node('Cast', ['text'], ['y'], { to: 1n }),
    ],
  }),
)
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => vi.unstubAllEnvs())

const wasm = await findWasm().catch(() => undefined)
if (!wasm) console.log('skipped: machines without a native compiler (nothing here compiles to WebAssembly)')

const findsNpmClang = await findWasm({ env: { PATH: '' } }).then(
  () => true,
  () => false,
)
if (!findsNpmClang) console.log('skipped: @yowasp/clang (it is not installed)')

let count = 0

/** A machine that has these programs and no others. */
async function machineWith(...programs: string[]): Promise<void> {
  const path = join(folder, `path${count++}`)
  await mkdir(path)
  for (const name of programs) {
    const program = which(name, process.env)
    if (program) await symlink(program, join(path, name))
  }
  vi.stubEnv(
    'PATH',
    [path, wasm?.kind === 'clang' ? await wrapped(wasm.command[0]) : ''].filter(Boolean).join(delimiter),
  )
  vi.stubEnv('CC', undefined)
  vi.stubEnv('CXX', undefined)
  vi.stubEnv('ONNX_MLIR_ADDON', 'source')
}

/** A clang that makes WebAssembly and nothing else. */
async function wrapped(clang: string): Promise<string> {
  const path = join(folder, `clang${count++}`)
  await mkdir(path)
  const program = join(path, 'clang')
  const path64 = JSON.stringify(process.env['PATH'])
  await writeFile(
    program,
    `#!/bin/sh\ncase "$*" in *wasm32*|*--version*) PATH=${path64} exec ${clang} "$@";; *) exit 1;; esac\n`,
  )
  await chmod(program, 0o755)
  return path
}

async function build(options: PluginOptions = {}, platform?: 'browser') {
  const lines: string[] = []
  const pipeline = createPipeline({ cache: join(folder, `cache${count++}`), ...options })
  const log = (line: string) => lines.push(line)
  const built = await pipeline.build(model, { mode: 'build', ...(platform && { platform }), log, warn: log })
  return { built, text: lines.join('\n') }
}

describe.runIf(wasm)('a machine without', { timeout: 120_000 }, () => {
  test.each([
    ['any compiler', [], 'C++'],
    ['a C compiler', ['c++', 'g++', 'as', 'ld'], 'C'],
    ['a C++ compiler', ['cc', 'gcc', 'as', 'ld'], 'C++'],
  ])('%s gets WebAssembly, and is told', async (_, programs, language) => {
    await machineWith(...programs)
    const { built, text } = await build()
    expect(built).toMatchObject({ artifact: { target: 'wasm' }, facts: { target: 'wasm' } })
    expect(built.addon).toBeUndefined()
    expect(text).toContain(
      `no ${language} compiler: model.onnx is compiled to WebAssembly; install g++ for native speed`,
    )
  })

  test('a compiler that is insisted on says what to install', async () => {
    await machineWith()
    await expect(build({ compiler: 'builtin' })).rejects.toMatchObject({ code: 'ENVIRONMENT_NO_COMPILER' })
    vi.stubEnv('CC', '/nowhere/cc')
    vi.stubEnv('PATH', process.env['PATH'] + delimiter + '/usr/bin')
    await expect(build()).rejects.toThrow('CC="/nowhere/cc" is no C compiler')
  })

  test('code for another machine says what to install', async () => {
    await machineWith()
    await expect(build({ target: 'z16' })).rejects.toThrow(/No C compiler for z16/)
  })
})

describe.runIf(wasm)('a browser', { timeout: 120_000 }, () => {
  test.each([{}, { target: 'z16' }, { target: 'z16', compiler: 'onnx-mlir' }, { target: 'host' }] as const)(
    'gets WebAssembly with %j',
    async (options) => {
      const { built } = await build(options, 'browser')
      expect(built).toMatchObject({ artifact: { target: 'wasm', compiler: { name: 'builtin' } } })
      expect(built.addon).toBeUndefined()
    },
  )

  test('does not get measured', async () => {
    await expect(build({ profile: 'onnx' }, 'browser')).rejects.toThrow(/profile=onnx is for native targets/)
  })
})

describe.runIf(findsNpmClang)('@yowasp/clang alone', { timeout: 120_000 }, () => {
  test('compiles a model with all that the C library is asked for', async () => {
    vi.stubEnv('PATH', '')
    vi.stubEnv('CC', undefined)
    const { built } = await build({}, 'browser')
    expect(built.facts.compiler.version).toMatch(/clang \d/)
  })
})

describe.runIf(wasm && process.platform === 'linux')(
  'a cache in a folder that can not be made',
  { timeout: 60_000 },
  () => {
    test.each(['wasm', 'host'])('is done without, for %s', async (target) => {
      const { built, text } = await build({ target, cache: '/proc/nowhere', O: 0 })
      expect(built.artifact.library).not.toContain('/proc')
      expect(text).toContain('/proc/nowhere')
    })
  },
)
