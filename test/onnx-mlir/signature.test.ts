import { describe, expect, test } from 'vitest'
import type { Signature } from '../../src/cache/artifact.ts'
import { compareSignatures, parseLibrarySignature } from '../../src/onnx-mlir/signature.ts'
import { signatureText } from './elf-builder.ts'

function parse(inputs: string, outputs = '[]') {
  return parseLibrarySignature({ name: 'run_main_graph', inputs, outputs })
}

describe('reading a signature', () => {
  test('the text of the reference, with its spaces and blank line', () => {
    const text = `[    { "type" : "f32" , "dims" : [-1 , 3 , 224 , 224] , "name" : "input" }
 ,    { "type" : "i64" , "dims" : [] , "name" : "input_1" }

]`
    expect(parse(text)).toEqual({
      inputs: [
        { name: 'input', type: 'float32', dims: [-1, 3, 224, 224] },
        { name: 'input_1', type: 'int64', dims: [] },
      ],
      outputs: [],
    })
  })

  test.each([
    ['"f16"', 'float16'],
    ['"f64"', 'float64'],
    ['"i1"', 'bool'],
    ['"i8"', 'int8'],
    ['"ui8"', 'uint8'],
    ['"ui64"', 'uint64'],
    ['"string"', 'string'],
    // Printed without quotes, which is no JSON.
    ['bf16', 'bfloat16'],
    ['complex<f32>', 'complex64'],
    ['f8E4M3FN', 'float8e4m3fn'],
  ])('element type %s', (text, type) => {
    expect(parse(signatureText([[text, [2, -1], 'x']]))?.inputs).toEqual([{ name: 'x', type, dims: [2, -1] }])
  })

  test('names are not escaped by the compiler', () => {
    const text = signatureText([
      ['"f32"', [1], 'say "hi" } , { x'],
      ['"i64"', [], 'back\\slash'],
    ])
    expect(parse(text)?.inputs.map(({ name }) => name)).toEqual(['say "hi" } , { x', 'back\\slash'])
  })

  test('a sequence has no element type', () => {
    expect(parse('[ {"seq" : { "type" : "f32" , "dims" : [] , "name" : "x" } } ]')?.inputs).toEqual([
      { name: '', type: undefined, dims: [] },
    ])
  })

  test.each([
    ['nothing', ''],
    ['no list', '{}'],
    ['a list of something else', '[1]'],
    ['half a text', '[    { "type" : "f32" , "dims" : [-1 '],
    ['absurd dims', signatureText([['"f32"', [-7], 'x']])],
    ['fractional dims', signatureText([['"f32"', [1.5], 'x']])],
    ['a name with a line break', signatureText([['"f32"', [1], 'a\nb']])],
    ['binary', '\u0000\u0001'],
  ])('%s is not understood', (_, text) => {
    expect(parse(text)).toBeUndefined()
  })
})

describe('comparing with the model', () => {
  const model: Signature = {
    inputs: [
      { name: 'x', type: 'float32', shape: ['batch', 3] },
      { name: 'n', type: 'int64', shape: [] },
    ],
    outputs: [{ name: 'y', type: 'float32', shape: ['batch', null] }],
  }
  const same = {
    inputs: [
      { name: 'x', type: 'float32', dims: [-1, 3] },
      { name: 'n', type: 'int64', dims: [] },
    ],
    outputs: [{ name: 'y', type: 'float32', dims: [-1, -1] }],
  } as const

  test('the same is no difference', () => {
    expect(compareSignatures(model, same)).toEqual([])
  })

  test('a dimension that was fixed on purpose is no difference, another value is an error', () => {
    const fixed = {
      inputs: [{ ...same.inputs[0], dims: [8, 3] }, same.inputs[1]],
      outputs: [{ ...same.outputs[0], dims: [8, -1] }],
    }
    expect(compareSignatures(model, fixed, new Map([['batch', 8]]))).toEqual([])
    expect(compareSignatures(model, fixed, new Map([['batch', 4]])).map(({ level }) => level)).toEqual([
      'error',
      'error',
    ])
    expect(compareSignatures(model, fixed)).toEqual([
      { level: 'note', text: 'input "x": axis 0 (batch) is always 8 in the library' },
      { level: 'note', text: 'output "y": axis 0 (batch) is always 8 in the library' },
    ])
  })

  test.each([
    ['fewer inputs', { ...same, inputs: [same.inputs[0]] }, 'the model has 2 inputs, the library 1'],
    [
      'another type',
      { ...same, outputs: [{ ...same.outputs[0], type: 'float64' }] },
      'float32 in the model, float64 in the library',
    ],
    [
      'another rank',
      { ...same, outputs: [{ ...same.outputs[0], dims: [-1] }] },
      'rank 2 in the model, 1 in the library',
    ],
    [
      'another size',
      { ...same, inputs: [{ ...same.inputs[0], dims: [-1, 4] }, same.inputs[1]] },
      'axis 1 is 3 in the model, 4 in the library',
    ],
    ['another order', { ...same, inputs: [same.inputs[1], same.inputs[0]] }, 'another one’s name'],
  ] as const)('%s is an error', (_, library, text) => {
    const differences = compareSignatures(model, library)
    expect(differences.find((difference) => difference.text.includes(text))?.level).toBe('error')
  })

  test('a name that the compiler made up, and a shape that it doesn’t tell, are notes', () => {
    const vague = { ...same, inputs: [{ ...same.inputs[0], name: 'input_0', dims: [] }, same.inputs[1]] }
    expect(compareSignatures(model, vague).map(({ level }) => level)).toEqual(['note', 'note'])
  })
})
