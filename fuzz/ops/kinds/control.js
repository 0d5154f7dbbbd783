import { tensorType } from '../../../dist/onnx/build.js'
import { int } from '../build.js'
import { floatTypes } from '../data.js'

/** Subgraphs and sequences. */
export const control = {
  async If(g) {
    const x = g.operand({ types: floatTypes, rank: [1, 3] })
    const [yes, no] = g.random.shuffle(['Neg', 'Abs', 'Relu', 'Identity', 'Exp'])
    const branch = (op) => {
      const name = g.name()
      return { name: op, outputs: { [name]: undefined }, nodes: [{ op, inputs: [x.name], outputs: [name] }] }
    }
    await g.node(
      'If',
      [g.tensor('bool', g.random.chance(0.5) ? [] : [1], { isFresh: true })],
      { then_branch: branch(yes), else_branch: branch(no) },
      { uses: [x] },
    )
  },

  async Loop(g) {
    const x = g.operand({ types: ['float32', 'int64'], rank: [0, 2] })
    const [i, go, carried, next, still, scanned] = Array.from({ length: 6 }, () => g.name())
    const hasScan = g.random.chance(0.6)
    const op = g.random.pick(['Add', 'Sub', 'Max'])
    const body = {
      inputs: { [i]: tensorType('int64', []), [go]: tensorType('bool', []), [carried]: tensorType(x.type, x.dims) },
      outputs: {
        [still]: tensorType('bool', []),
        [next]: tensorType(x.type),
        ...(hasScan && { [scanned]: tensorType(x.type) }),
      },
      nodes: [
        { op: 'Identity', inputs: [go], outputs: [still] },
        { op, inputs: [carried, x.name], outputs: [next] },
        ...(hasScan ? [{ op: 'Neg', inputs: [next], outputs: [scanned] }] : []),
      ],
    }
    const count = g.list([g.random.between(0, 4)], { dims: [] })
    await g.node('Loop', [count, undefined, x], { body }, { outputs: hasScan ? 2 : 1, uses: [x] })
  },

  async Scan(g) {
    if (g.opset < 9) return
    const x = g.operand({ types: ['float32'], rank: [1, 3] })
    const state = g.tensor('float32', x.dims.slice(1))
    const [sum, item, next, out] = Array.from({ length: 4 }, () => g.name())
    const type = tensorType('float32', x.dims.slice(1))
    const body = {
      inputs: { [sum]: type, [item]: type },
      outputs: { [next]: type, [out]: type },
      nodes: [
        { op: 'Add', inputs: [sum, item], outputs: [next] },
        { op: 'Mul', inputs: [next, item], outputs: [out] },
      ],
    }
    const direction = () => g.maybe(() => ({ kind: 'ints', value: [BigInt(g.random.below(2))] }), 0.4)
    await g.node(
      'Scan',
      [state, x],
      { body, num_scan_inputs: int(1), scan_input_directions: direction(), scan_output_directions: direction() },
      { outputs: 2 },
    )
  },
}
