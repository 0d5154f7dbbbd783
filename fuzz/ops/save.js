import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeTensor } from '../../dist/onnx/write.js'
import { bytesOf } from './generate.js'

/** Writes a case as an ONNX backend test, which `npm run conformance -- --suite DIR` runs. @returns its folder */
export function saveCase(made, dir) {
  const folder = join(dir, `case-${made.number}`)
  const data = join(folder, 'test_data_set_0')
  mkdirSync(data, { recursive: true })
  writeFileSync(join(folder, 'model.onnx'), bytesOf(made))
  ;[...made.feeds].forEach(([name, tensor], i) =>
    writeFileSync(join(data, `input_${i}.pb`), encodeTensor(tensor, name)),
  )
  made.outputs.forEach((name, i) =>
    writeFileSync(join(data, `output_${i}.pb`), encodeTensor(made.expected.get(name), name)),
  )
  return folder
}

/** A case in one line: what its nodes are and take. */
export function describe(made) {
  return made.nodes.map((node) => nodeText(node, made)).join('; ')
}

function nodeText({ op, inputs, attributes }, made) {
  const operands = inputs.map((name) => {
    if (name === '') return '-'
    const tensor = made.initializers.get(name) ?? made.feeds.get(name)
    if (!tensor) return name
    return `${made.initializers.has(name) ? 'constant ' : ''}${tensor.type}[${made.inputs.get(name)?.shape.map((dim, i) => (typeof dim === 'string' ? `${dim}=${tensor.dims[i]}` : dim)) ?? tensor.dims}]`
  })
  const settings = Object.entries(attributes).map(
    ([name, value]) => `${name}=${value?.nodes ? '…' : (value?.value ?? value)}`,
  )
  return `${op}(${[...operands, ...settings].join(', ')})`
}
