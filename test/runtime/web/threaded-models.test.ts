import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { usualSharing } from '../../../src/builtin/shared-kernel.ts'
import { readModel } from '../../../src/formats/read.ts'
import { newSession } from '../../../src/runtime/wasm/compile.ts'
import { sessionParts } from '../../../src/runtime/wasm/every-part.ts'
import { Pool } from '../../../src/runtime/wasm/pool.ts'
import type { WasmSession } from '../../../src/runtime/wasm/session.ts'
import { threadsIn } from '../../../src/runtime/wasm/threaded.ts'
import { findWasm, npmClang } from '../../../src/toolchains/wasm-find.ts'
import { modelsFolder } from '../../onnxruntime.ts'
import { bytesOf, cases, type Dims, expectNear, expectSame, inputOf } from '../shared-cases.ts'
import { rowCases } from '../shared-row-cases.ts'
import { compileThreaded, type ThreadedModel, watchedWorkers } from './threaded.ts'

// Models on several threads give, bit for bit, what they give on one; and that is near what onnxruntime gives.

const pool = new Pool(watchedWorkers().start)

/** The model on one thread, and on three; closes both. */
async function both(
  { base, threaded, signature, weights }: ThreadedModel,
  threads: number,
  use: (one: WasmSession, several: WasmSession) => void | Promise<void>,
): Promise<void> {
  const model = { ...signature, name: 'm.onnx' }
  const one = await newSession(base, model, sessionParts, weights)
  const several = await newSession(threaded, model, sessionParts, weights, threadsIn(pool, threads))
  try {
    await new Promise((done) => setTimeout(done, 100)) // workers come meanwhile
    await use(one, several)
  } finally {
    several.dispose()
    one.dispose()
  }
}

describe.each([
  ['clang', await findWasm().catch(() => undefined)],
  [npmClang, await findWasm({ env: { PATH: '' } }).catch(() => undefined)],
])('compiled with %s', (name, toolchain) => {
  const chosen = Object.entries({ ...cases, ...rowCases }).slice(0, name === 'clang' ? undefined : 1)
  it.runIf(toolchain).for(chosen)('%s', { timeout: 240_000 }, async ([, { source, runs }]) => {
    const compiled = await compileThreaded(source, { toolchain: toolchain! })
    for (const threads of [3, 1])
      await both(compiled, threads, async (one, several) => {
        for (const dims of runs) {
          const inputs = dims.map(inputOf)
          const expected = bytesOf(one, inputs)
          for (let i = 0; i < 5; i++) expectSame(bytesOf(several, inputs), expected)
          if (threads > 1 && dims.flat().every((dim) => dim > 0)) await expectNear(source, inputs, expected)
        }
      })
  })
})

it.for(['mnist-8', 'ultraface-rfb-320', 'light-squeezenet', 'fraud-lstm'])(
  '%s of ../shared/models',
  { timeout: 240_000 },
  async (name, { skip }) => {
    const path = join(modelsFolder, `${name}.onnx`)
    if (!existsSync(path)) return skip(`${name}.onnx is not in ../shared/models`)
    for (const [meet, sharing] of [
      [true, undefined],
      [false, usualSharing],
    ] as const) {
      const model = await readModel(path)
      const isShared = meet || name !== 'mnist-8'
      const compiling = compileThreaded(model, { meet, ...(sharing && { sharing }) })
      if (!isShared) {
        await expect(compiling).rejects.toThrow('no kernel of it is shared')
        continue
      }
      const compiled = await compiling
      await both(compiled, 3, (one, several) => {
        const inputs = compiled.signature.inputs.map((entry) => inputOf((entry as { shape: Dims }).shape))
        const expected = bytesOf(one, inputs)
        for (let i = 0; i < 5; i++) expectSame(bytesOf(several, inputs), expected)
      })
    }
  },
)
