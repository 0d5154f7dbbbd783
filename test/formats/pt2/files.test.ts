import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readNpy } from '../../../src/cli/data/npy.ts'
import { fromRuntime, toRuntime } from '../../../src/conformance/runtime-tensor.ts'
import { ModelError } from '../../../src/errors/index.ts'
import { readModel } from '../../../src/formats/read.ts'
import type { Tensor } from '../../../src/onnx/model.ts'
import { tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { close, compileRead, f32 } from '../../ops/harness.ts'

// Files that torch 2.13 and 2.6 wrote, and what they gave for the inputs beside them.

const shared = fileURLToPath(new URL('../../../../shared/front-ends/', import.meta.url))
const files = existsSync(shared)
if (!files)
  console.log('skipped: ../shared/front-ends is not there, with files of torch.export and what torch computes')

const path = (name: string): string => `${shared}${name}.pt2`

function golden(name: string, side: 'in' | 'out'): Tensor[] {
  const folder = `${shared}golden/${name}/`
  const names = readdirSync(folder).filter((file) => file.startsWith(side))
  return names.sort().map((file) => readNpy(readFileSync(folder + file), file))
}

async function refusal(name: string): Promise<ModelError> {
  return readModel(path(name)).then(
    () => expect.fail(`${name} was read`),
    (error: unknown) => (error instanceof ModelError ? error : expect.fail(String(error))),
  )
}

describe.skipIf(!files)('files of torch.export', { timeout: 120_000 }, () => {
  it.each(['tiny_dyn', 'timm_test_vit', 'timm_test_efficientnet', 'cond', 'tied_strided_f16', 'bad_unbacked_nonzero'])(
    '%s computes what torch computes',
    async (name) => {
      const read = await readModel(path(name))
      expect(read.format).toBe('PyTorch (torch.export)')
      const model = await compileRead(read, 3)
      const inputs = golden(name, 'in')
      const results = model.runSync(
        Object.fromEntries(read.graph.inputs.map(({ name: input }, i) => [input, toRuntime(inputs[i]!)])),
      )
      const expected = golden(name, 'out')
      expect(read.graph.outputs).toHaveLength(expected.length)
      read.graph.outputs.forEach(({ name: output }, i) => {
        const given = fromRuntime(results[output]!)
        expect([given.type, given.dims]).toEqual([expected[i]!.type, expected[i]!.dims])
        expect(close(tensorNumbers(given), tensorNumbers(expected[i]!), 1e-5, 1e-5), output).toBe(true)
      })
    },
  )

  it('names outputs by the keys of a dict, also of torch 2.6, and knows its batch and the range of it', async () => {
    for (const name of ['tiny_dyn', 'tiny_dyn_torch26']) {
      const read = await readModel(path(name))
      expect(read.graph.outputs.map(({ name: output }) => output)).toEqual(['logits', 'h'])
      expect(read.graph.inputs[0]!.type).toMatchObject({ shape: ['batch', 3, 8, 8] })
      const model = await compileRead(read)
      const run = (batch: number): unknown =>
        model.runSync({ x: toRuntime(f32(Array<number>(batch * 192).fill(1), [batch, 3, 8, 8])) })
      for (const batch of [1, 2, 64])
        expect(run(batch)).toMatchObject({ logits: { dims: [batch, 2] }, h: { dims: [batch, 4] } })
      for (const batch of [0, 65])
        expect(() => run(batch)).toThrow(/dimension \\?"batch\\?" should be at (least 1|most 64)/)
    }
  })

  it('reads the weights that torch 2.6 pickled', async () => {
    const values = JSON.parse(readFileSync(`${shared}golden/tiny_dyn_torch26.json`, 'utf8')) as Record<string, number[]>
    const model = await compileRead(await readModel(path('tiny_dyn_torch26')))
    const results = model.runSync({ x: toRuntime(tensorFrom('float32', [2, 3, 8, 8], values['x']!)) })
    for (const output of ['logits', 'h'])
      expect(close(tensorNumbers(fromRuntime(results[output]!)), values[output]!, 1e-5, 1e-5)).toBe(true)
  })

  it('keeps tied weights once', async () => {
    const { graph } = await readModel(path('tied_strided_f16'))
    const matrices = [...graph.initializers].filter(([, { dims }]) => dims.join() === '10,8')
    expect(matrices).toHaveLength(1)
  })

  it('refuses a buffer that changes in a run, by the operator', async () => {
    const error = await refusal('bad_buffer_mutation')
    expect(error.code).toBe('MODEL_UNSUPPORTED')
    expect(error.message).toContain('aten.add_.Tensor (in place')
  })
})
