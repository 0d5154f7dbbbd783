import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tunableRequest } from '../../src/pipeline/tunable.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { type BuildContext, createPipeline, type PluginOptions } from '../../src/pipeline/index.ts'
import { parseRequest } from '../../src/request/index.ts'
import { node } from '../graph/models.ts'
import { workshop } from '../onnx-mlir/installed.ts'
import { wave } from '../ops/sessions.ts'

const { fresh, remove } = workshop('tune-pipeline-test')
afterAll(remove)

const cache = fresh()
const path = join(fresh(), 'small.onnx')
beforeAll(() => {
  writeFileSync(
    path,
    modelBytes({
      opsets: { '': 18 },
      inputs: { x: tensorType('float32', [5, 20]) },
      outputs: { y: undefined },
      initializers: { w: wave([20, 30], 0.37) },
      nodes: [node('MatMul', ['x', 'w'], ['y'])],
    }),
  )
})

async function build(query: string, context: Partial<BuildContext> = {}, options: PluginOptions = {}) {
  const [logs, warnings, steps]: [string[], string[], string[]] = [[], [], []]
  const built = await createPipeline({ cache, ...options }).build(path + query, {
    mode: 'build',
    log: (line) => logs.push(line),
    warn: (line) => warnings.push(line),
    progress: ({ text }) => steps.push(text),
    ...context,
  })
  return { ...built, logs, warnings, steps }
}

describe.skipIf(process.platform === 'win32')('a model that is tuned', () => {
  test('says what was found, and is not measured again', { timeout: 120_000 }, async () => {
    const first = await build('?compiler=builtin&tune=8')
    expect(first.cached).toBe(false)
    expect(first.artifact.tuned).toMatchObject({
      winner: expect.any(String) as string,
      choices: expect.any(Object) as object,
    })
    expect(first.artifact.tuned!.tried.length).toBeGreaterThan(0)
    expect(first.artifact.tuned!.seconds).toBeLessThan(16) // the last race may take longer than those before it
    expect(first.logs).toContainEqual(expect.stringMatching(/^small\.onnx: tuned: /))
    expect(first.steps).toContainEqual(expect.stringMatching(/^tuning: /))
    expect(first.warnings).toEqual([])

    const again = await build('', {}, { compiler: 'builtin', tune: 8 })
    expect(again).toMatchObject({ cached: true, logs: [], steps: [] })
    expect(again.artifact).toEqual(first.artifact)
    expect((await build('?compiler=builtin')).artifact.tuned).toBeUndefined()
  })

  test('is another artifact for another bound', { timeout: 60_000 }, async () => {
    const { cached, artifact } = await build('?compiler=builtin&tune=1')
    expect(cached).toBe(false)
    expect(artifact.tuned!.seconds).toBeLessThan(3)
  })
})

describe('what is not tuned is the usual artifact, and says why', () => {
  test.each([
    ['?tune&target=wasm', {}, 'WebAssembly runs on machines and engines that nobody has measured here'],
    ['?tune&compiler=builtin&O=0', {}, 'O=0 asks for a fast build and not for a fast model'],
    ['?tune&untrusted=yes', {}, 'it is untrusted, and what is not trusted is not run while building'],
    ['?tune&compiler=builtin', { mode: 'dev' }, 'that is left to builds, as development is not to wait for it'],
  ] as const)('%s %j', { timeout: 120_000 }, async (query, context, why) => {
    const { artifact, warnings } = await build(query, context)
    expect(artifact.tuned).toBeUndefined()
    expect(warnings).toContain(`small.onnx is not tuned: ${why}`)
    const usual = await build(query.replace('?tune&', '?'), context)
    expect(usual).toMatchObject({ cached: true, artifact: { sha256: artifact.sha256 } })
    expect(usual.warnings.filter((line) => line.includes('tuned'))).toEqual([])
  })

  test('of other targets and compilers', () => {
    const noteOf = (query: string, compiler: 'builtin' | 'onnx-mlir') =>
      tunableRequest(parseRequest(`/m.onnx?${query}`), compiler, { mode: 'build' })
    const other = process.arch === 's390x' ? 'x86-64' : 'z16'
    expect(noteOf(`tune&target=${other}`, 'builtin').note).toBe(
      `m.onnx is not tuned: code for ${other} can't run here; build on such a machine`,
    )
    if (process.arch === 'x64')
      expect(noteOf('tune&target=x86-64', 'builtin').note).toBe(
        'm.onnx is not tuned: code for x86-64 is for several kinds of machines; tune for one, like x86-64-v3',
      )
    expect(noteOf('tune', 'onnx-mlir').note).toBe(
      'm.onnx is not tuned: tuning is for the built-in compiler, and onnx-mlir compiles this',
    )
    expect(noteOf('tune', 'onnx-mlir').request.key).toBe(parseRequest('/m.onnx').key)
    expect(noteOf('O=0', 'builtin')).toEqual({ request: parseRequest('/m.onnx?O=0') })
  })

  test('but programs that ask for it are', () => {
    const asked = parseRequest('/m.onnx?tune=5')
    expect(tunableRequest(asked, 'builtin', { mode: 'dev', tunes: true }).request).toBe(asked)
  })
})
