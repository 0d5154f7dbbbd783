import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { compileBuiltin } from '../../../src/builtin/index.ts'
import { readModel } from '../../../src/formats/read.ts'
import { resolveTarget } from '../../../src/targets/index.ts'
import { makeFolder } from '../../scratch.ts'
import { expectClose, modelsFolder, onnxruntime, randomInputs, reference, type Values } from '../../onnxruntime.ts'
import { factsFor, ways } from './modules.ts'

// Real models through the real compiler, wherever WebAssembly runs, beside onnxruntime.

const ort = onnxruntime()
const models = ['mnist-8.onnx', 'tinyyolov2-8.onnx', 'fraud-lstm.onnx'].filter((name) => {
  const isThere = existsSync(join(modelsFolder, name))
  if (!isThere) console.log(`skipped: ${name} is not in ../shared/models`)
  return isThere
})

it.runIf(ort).for(models)('%s', { timeout: 240_000 }, async (name) => {
  const path = join(modelsFolder, name)
  const compiled = await compileBuiltin(await readModel(path), {
    target: resolveTarget('wasm'),
    optimize: 3,
    identity: 'test',
    stagingRoot: makeFolder(),
  })
  const sets = [randomInputs(compiled.signature, 1), randomInputs(compiled.signature, 2)]
  const expected = { [name]: await reference(ort!, path, compiled.signature, sets) }
  for (const [, open] of ways) {
    const model = await open(factsFor(name, compiled.signature), compiled)
    const inputs = sets.map((set) =>
      Object.fromEntries(Object.entries(set).map(([key, values]) => [key, Float32Array.from(values)])),
    )
    const valuesOf = (results: Record<string, { data: unknown }>): Values =>
      Object.fromEntries(Object.entries(results).map(([key, { data }]) => [key, [...(data as Float32Array)]]))
    expectClose({ [name]: inputs.map((set) => valuesOf(model.runSync(set))) }, expected)
    expectClose({ [name]: await Promise.all(inputs.map(async (set) => valuesOf(await model.run(set)))) }, expected)
    const bound = model.bind()
    const last = inputs.at(-1)!
    for (const [key, values] of Object.entries(last)) (bound.inputs[key]!.data as Float32Array).set(values)
    bound.run()
    expect(valuesOf(bound.outputs as Record<string, { data: unknown }>)).toEqual(valuesOf(model.runSync(last)))
    model.dispose()
  }
})
