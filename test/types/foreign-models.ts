import { pt2Of, symbol, tensor } from '../formats/pt2/writer.ts'
import { tfliteBytes } from '../formats/tflite/writer.ts'

const leaf = { type: null, context: null, children_spec: [] }
const outSpec = JSON.stringify([
  1,
  { type: 'builtins.dict', context: JSON.stringify(['logits', 'h']), children_spec: [leaf, leaf] },
])

/** What fixtures/formats imports, by name of the file. */
export function foreignModels(): Readonly<Record<'pets.tflite' | 'net.pt2', Uint8Array>> {
  const pets = tfliteBytes({
    subgraphs: [
      {
        tensors: [
          { type: 'uint8', shape: [1, 8, 8, 3], scale: 1 / 128, zeroPoint: 128, name: 'image' },
          { shape: [1, 8, 8, 3] },
          { type: 'int32', shape: [3], data: Int32Array.of(1, 2, 3) },
          { shape: [1] },
          { type: 'int32', shape: [2], data: Int32Array.of(1, 2) },
          { shape: [1, 2], name: 'scores' },
        ],
        inputs: [0],
        outputs: [5],
        operators: [
          { op: 'DEQUANTIZE', inputs: [0], outputs: [1] },
          { op: 'MEAN', inputs: [1, 2], outputs: [3], options: [{ bool: false }] },
          { op: 'BROADCAST_TO', inputs: [3, 4], outputs: [5] },
        ],
      },
    ],
    metadata: {
      description: 'Cats and dogs',
      inputs: [{ mean: [127.5], std: [127.5] }],
      outputs: [{ description: '*/ "\' ${evil}\u2028</script>', labels: 'cat\ndog\n' }],
    },
  })
  const net = pt2Of({
    inputs: { x: ['float32', [symbol('s0'), 3]] },
    nodes: [
      { target: 'aten.relu.default', args: { self: tensor('x') }, out: 'relu' },
      { target: 'aten.add.Tensor', args: { self: tensor('relu'), other: tensor('x') }, out: 'add' },
    ],
    outputs: ['add', 'relu'],
    values: { relu: ['float32', [symbol('s0'), 3]], add: ['float32', [symbol('s0'), 3]] },
    ranges: { s0: { min_val: 1, max_val: 64 } },
    outSpec,
  })
  return { 'pets.tflite': pets, 'net.pt2': net }
}
