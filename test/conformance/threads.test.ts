import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { runCase } from '../../src/conformance/case.ts'
import { valuesFromRuntime, valueToRuntime } from '../../src/conformance/runtime-tensor.ts'
import { readModel } from '../../src/formats/read.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { compileThreaded } from '../runtime/web/threaded.ts'
import { factsFor } from '../runtime/web/modules.ts'

// Tests of ONNX's suite with products and convolutions, on two threads: however small, each is split.

const suite = fileURLToPath(new URL('../../../shared/onnx-backend-tests/node/', import.meta.url))
const names = existsSync(suite)
  ? readdirSync(suite).filter((name) => /matmul|gemm|conv|lstm|attention/.test(name) && !/expanded/.test(name))
  : []
if (names.length === 0)
  console.log('skipped: tests of the suite on threads, since ../shared/onnx-backend-tests is not there')
/** All of them take minutes: ONNX_MLIR_TEST_ALL=1. */
const chosen = process.env['ONNX_MLIR_TEST_ALL'] ? names : names.filter((_, i) => i % 12 === 0)

let isSplit = 0

it.for(chosen)('%s', async (name) => {
  const result = await runCase(
    join(suite, name),
    async (id) => {
      const compiled = await compileThreaded(await readModel(id.replace(/\?.*/, ''))).catch((error: unknown) => error)
      // Integers, and what folds: nothing of it is shared. Others are not compiled at all, as on one thread.
      if (compiled instanceof Error) return { run: async () => Promise.reject(compiled), close: async () => undefined }
      const { signature, paths } = compiled as Awaited<ReturnType<typeof compileThreaded>>
      const model = createNodeModel(factsFor(name, signature), {
        library: paths.library,
        variants: [{ needs: ['threads'], library: paths.threaded }],
        ...(paths.weights !== undefined && { constants: paths.weights }),
        threads: 2,
      })
      return {
        async run(inputs) {
          const given = Object.fromEntries([...inputs].map(([key, value]) => [key, valueToRuntime(value)]))
          model.runSync(given)
          await new Promise((done) => setTimeout(done, 100)) // its worker comes
          isSplit++
          return valuesFromRuntime(model.outputs, model.runSync(given))
        },
        close: async () => model.dispose(),
      }
    },
    {},
  ).catch(({ message }: Error) => ({ status: 'skip', reason: message }) as const)
  if (result.status === 'skip')
    expect(result.reason).toMatch(/no kernel of it is shared|can only make|no symbolic|rank/)
  else expect(result).toEqual({ status: 'pass' })
})

it.runIf(chosen.length > 0)('some were split', () => void expect(isSplit).toBeGreaterThan(3))
