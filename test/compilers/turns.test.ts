import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CompileProgress } from '../../src/compilers/compiler.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import { helpText, versionText } from '../onnx-mlir/generations.ts'
import { mlpSource, workshop } from '../onnx-mlir/installed.ts'

const { fresh, remove } = workshop('turns-test')
afterAll(remove)
if (process.arch !== 'x64') console.log('skipped: turns of onnx-mlir (its stand-in is one for x86-64)')

/** Says when each of its compiles begins and ends, and gives the library of another compiler as soon as it is let. */
function onnxMlir(library: string): { readonly path: string; log(): string[]; letGo(): void } {
  const folder = fresh()
  const path = join(folder, 'onnx-mlir')
  const log = join(folder, 'log')
  const gate = join(folder, 'gate')
  writeFileSync(join(folder, 'help'), helpText('config-file'))
  writeFileSync(join(folder, 'version'), versionText())
  writeFileSync(log, '')
  writeFileSync(
    path,
    `#!/bin/sh
case "$1" in
  --version) exec cat '${folder}/version' ;;
  --help*) exec cat '${folder}/help' ;;
esac
echo begin >> '${log}'
while [ ! -e '${gate}' ]; do sleep 0.05; done
while [ "$1" != -o ]; do shift; done
cp '${library}' "$2.so"
echo end >> '${log}'
`,
    { mode: 0o755 },
  )
  return {
    path,
    log: () => readFileSync(log, 'utf8').trim().split('\n'),
    letGo: () => writeFileSync(gate, ''),
  }
}

const cache = fresh()
/** Models that differ in a weight, and so are compiled each. */
const models: string[] = []
let library = ''

beforeAll(async () => {
  const folder = fresh()
  for (let i = 0; i < 4; i++) {
    const b2 = tensorFrom('float32', [4], [i, 0, 0, 0])
    const path = join(folder, `m${i}.onnx`)
    writeFileSync(path, modelBytes({ ...mlpSource, initializers: { ...mlpSource.initializers, b2 } }))
    models.push(path)
  }
  library = (await createPipeline({ cache }).build(`${models[0]}?compiler=builtin`, context())).artifact.library
})

function context(progress: CompileProgress[] = [], signal?: AbortSignal) {
  return {
    mode: 'build' as const,
    log: () => {},
    warn: () => {},
    progress: (now: CompileProgress) => void progress.push(now),
    signal,
  }
}

describe.runIf(process.arch === 'x64')('compiles at the same time', () => {
  test('one onnx-mlir runs after the other, and the others tell what they wait for', async () => {
    const { path, log, letGo } = onnxMlir(library)
    const progress: CompileProgress[] = []
    const started: number[] = []
    // A pipeline each, as hosts that build side by side in one process have.
    const building = Promise.all(
      models.map((model, i) =>
        createPipeline({ cache: fresh(), compiler: 'onnx-mlir', onnxMlir: { path } }).build(model, {
          ...context(progress),
          log: (line) => /^compiling (?!the addon)/.test(line) && started.push(i),
        }),
      ),
    )
    await expect.poll(() => progress.length, { timeout: 60_000 }).toBe(3)
    // Nothing is told to have begun that waits.
    expect(started).toHaveLength(1)
    letGo()
    const built = await building
    expect(log()).toEqual(Array(4).fill(['begin', 'end']).flat())
    expect(built.map(({ artifact }) => artifact.compiler.name)).toEqual(Array(4).fill('onnx-mlir'))
    expect(started).toHaveLength(4)
    expect(progress).toHaveLength(3)
    for (const { model, text } of progress) {
      expect(text).toMatch(/^waiting for m\d\.onnx$/)
      expect(text).not.toContain(model)
    }
  })

  test('fastest, which takes both compilers’ turns, ends with many at once', async () => {
    const { path, log, letGo } = onnxMlir(library)
    letGo()
    const pipeline = createPipeline({ cache: fresh(), compiler: 'fastest', onnxMlir: { path } })
    // Same weights: the library that is copied belongs to the first model.
    const built = await Promise.allSettled(models.map((model) => pipeline.build(model, context())))
    expect(built.map(({ status }) => status)[0]).toBe('fulfilled')
    for (const result of built.slice(1)) expect(result).toMatchObject({ reason: { code: 'COMPILE_DISAGREE' } })
    expect(log()).toEqual(Array(models.length).fill(['begin', 'end']).flat())
  })

  test('an abort ends the wait, and what runs goes on', async () => {
    const { path, log, letGo } = onnxMlir(library)
    const pipeline = createPipeline({ cache: fresh(), compiler: 'onnx-mlir', onnxMlir: { path } })
    const controller = new AbortController()
    const running = pipeline.build(models[0]!, context())
    await expect.poll(log, { timeout: 60_000 }).toEqual(['begin'])
    const progress: CompileProgress[] = []
    const waiting = pipeline.build(models[1]!, context(progress, controller.signal))
    const outcome = expect(waiting).rejects.toThrow('enough')
    await expect.poll(() => progress.length, { timeout: 60_000 }).toBe(1)
    controller.abort(new Error('enough'))
    await outcome
    letGo()
    await running
    expect(log()).toEqual(['begin', 'end'])
  })
})
