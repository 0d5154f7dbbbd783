import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type { InputSet } from '../../bench/models/made-model.ts'
import { models } from '../../bench/models/table.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { type Outputs, sessionsOf } from '../ops/sessions.ts'

// The models that `npm run bench -- --models bench/models` measures, with few layers and channels.

const runtime = onnxruntime()
const folder = mkdtempSync(join(tmpdir(), 'bench-models-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Largest difference of results by the largest value. */
const share = 1e-4

/** Outputs that differ by more than {@link share} and `step`, or in type or shape. */
function differences(ours: Outputs, theirs: Outputs, step: number): string[] {
  return Object.entries(theirs).flatMap(([name, { type, dims, values }]) => {
    const own = ours[name]
    if (own === undefined || own.type !== type || own.dims.join() !== dims.join())
      return [`${name} is ${own?.type}[${own?.dims.join()}], expected ${type}[${dims.join()}]`]
    const wanted = values.map(Number)
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const apart = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - Number(own.values[i]))), 0)
    return apart <= share * largest + step ? [] : [`${name} differs by ${apart} of ${largest}`]
  })
}

/** Whether numbers say something: a network whose signal dies or explodes would agree with anything. */
function varies({ values }: Outputs[string]): boolean {
  const numbers = values.map(Number)
  return numbers.every(Number.isFinite) && new Set(numbers.map((value) => value.toPrecision(3))).size > 1
}

describe.concurrent.each(Object.keys(models))('%s', (name) => {
  it('has the same bytes whenever it is made', () => {
    const hash = (): string => createHash('sha256').update(modelBytes(models[name]!.small().source)).digest('hex')
    expect(hash()).toBe(hash())
  })

  it.runIf(runtime)('gives what onnxruntime gives, for each of its inputs', async () => {
    const { source, workloads, step = 0 } = models[name]!.small()
    const { ours, theirs } = await sessionsOf(runtime!, source, 3)
    const sets: readonly InputSet[] = Object.values(workloads).flat()
    for (const [i, set] of sets.entries()) {
      const [given, wanted] = [ours(set), await theirs(set)]
      expect(differences(given, wanted, step), `inputs ${i}`).toEqual([])
      const floats = Object.values(wanted).filter(({ type }) => type === 'float32')
      expect(floats.every(varies), `inputs ${i}`).toBe(true)
    }
  })
})

it('make.js writes what there is to measure: workloads of one model share its file', () => {
  const program = fileURLToPath(new URL('../../bench/models/make.js', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, [program, 'gpt2-124m', '--small', '--out', folder], {
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  expect(readdirSync(folder)).toEqual(['gpt2-124m', 'gpt2-124m-prompt'])
  const models = ['gpt2-124m', 'gpt2-124m-prompt'].map((name) => statSync(join(folder, name, 'model.onnx')))
  expect(models[0]!.ino).toBe(models[1]!.ino)
  expect(readdirSync(join(folder, 'gpt2-124m')).sort()).toEqual([
    'made-by',
    'model.onnx',
    'test_data_set_0',
    'test_data_set_1',
  ])
  expect(readdirSync(join(folder, 'gpt2-124m', 'test_data_set_1'))).toHaveLength(2 + 2 * 2)
})
