import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeTensor, decodeValue } from '../../src/onnx/test-data.ts'
import { readModel } from '../../src/formats/read.ts'
import { filesBelow, modelsDir, present, suiteDir } from './suite.ts'

describe.runIf(present(suiteDir))("ONNX's backend tests", () => {
  it('reads every model, and every data file as its value has it', async () => {
    let models = 0
    let values = 0
    for (const path of filesBelow(suiteDir, 'model.onnx')) {
      const model = await readModel(path)
      models++
      expect(model.graph.nodes.length, path).toBeGreaterThan(0)
      const folder = dirname(path)
      for (const set of readdirSync(folder).filter((name) => name.startsWith('test_data_set'))) {
        for (const file of readdirSync(join(folder, set)).filter((name) => name.endsWith('.pb'))) {
          const [, side, index] = /^(input|output)_(\d+)\.pb$/.exec(file)!
          const info = (side === 'input' ? model.graph.inputs : model.graph.outputs)[Number(index)]
          const type = info?.type
          if (type === undefined) throw new Error(`${path} has no typed ${side} ${index}`)
          const value = decodeValue(readFileSync(join(folder, set, file)), type, { path: join(folder, set, file) })
          values++
          if (type.kind === 'tensor') expect(value, path).toMatchObject({ type: type.type })
          if (type.kind === 'sequence') expect(Array.isArray(value), path).toBe(true)
        }
      }
    }
    console.log(`read ${models} models and ${values} values`)
    expect(models).toBeGreaterThan(1000)
    expect(values).toBeGreaterThan(3000)
  })
})

describe.runIf(present(modelsDir))('real models', () => {
  const paths = filesBelow(modelsDir, '.onnx')
  it.each(paths.map((path) => [basename(path), path]))('%s', async (_, path) => {
    const model = await readModel(path)
    expect(model.graph.nodes.length).toBeGreaterThan(0)
    expect(model.files).toHaveLength(1)
  })

  it('reads expected outputs', () => {
    for (const path of filesBelow(modelsDir, '.pb')) expect(decodeTensor(readFileSync(path)).type).toBe('float32')
  })
})
