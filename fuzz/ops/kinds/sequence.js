import { tensorType } from '../../../dist/onnx/build.js'
import { int } from '../build.js'
import { floatTypes } from '../data.js'

/** Lists of tensors and optional tensors, from tensors to tensors: nothing else can be compared. */
export const sequence = {
  async SequenceAt(g) {
    if (g.opset < 11) return
    const { x, seq, split, taken } = parts(g)
    const position = g.list([g.random.between(-2, 1)], { dims: [] })
    const y = g.name()
    await g.group([split, at(seq, position, y)], [...taken, position], [y], x.isExact)
  },

  async SequenceLength(g) {
    if (g.opset < 11) return
    const { seq, split, taken } = parts(g)
    const y = g.name()
    await g.group([split, { op: 'SequenceLength', inputs: [seq], outputs: [y] }], taken, [y], true)
  },

  /** Built, changed in the middle, and joined. */
  async SequenceInsert(g) {
    if (g.opset < 11) return
    const type = g.type(['float32', 'float64', 'int32', 'int64'])
    const isNewAxis = g.random.chance(0.4)
    const dims = g.dims(g.random.between(1, 3))
    const axis = isNewAxis ? g.random.between(-dims.length - 1, dims.length) : g.axis(dims.length)
    const some = () =>
      g.tensor(
        type,
        isNewAxis ? dims : dims.map((size, i) => (i === (axis + dims.length) % dims.length ? g.size() : size)),
      )
    const [a, b, c] = [some(), some(), some()]
    const at = g.maybe(() => g.list([g.random.between(-2, 2)], { dims: [] }))
    const gone = g.list([g.random.between(-3, 2)], { dims: [] })
    const [first, second, third, y, count] = Array.from({ length: 5 }, () => g.name())
    await g.group(
      [
        { op: 'SequenceConstruct', inputs: [a.name, b.name], outputs: [first] },
        { op: 'SequenceInsert', inputs: [first, c.name, ...(at ? [at.name] : [])], outputs: [second] },
        { op: 'SequenceErase', inputs: [second, gone.name], outputs: [third] },
        joined(third, y, axis, isNewAxis),
        { op: 'SequenceLength', inputs: [second], outputs: [count] },
      ],
      [a, b, c, ...(at ? [at] : []), gone],
      [y, count],
    )
  },

  /** A list that a loop makes longer, of pieces of different sizes. */
  async LoopOfPieces(g) {
    if (g.opset < 13) return
    const x = g.tensor('float32', [g.random.between(3, 6), g.random.between(1, 3)])
    const [empty, i, go, list, next, still, piece, from, one, to, final, y] = Array.from({ length: 12 }, () => g.name())
    const trips = g.list([g.random.between(1, 3)], { dims: [] })
    const body = {
      inputs: {
        [i]: tensorType('int64', []),
        [go]: tensorType('bool', []),
        [list]: { kind: 'sequence', element: tensorType('float32') },
      },
      outputs: { [still]: undefined, [next]: undefined },
      nodes: [
        { op: 'Identity', inputs: [go], outputs: [still] },
        { op: 'Constant', inputs: [], outputs: [one], attributes: { value_ints: { kind: 'ints', value: [1n] } } },
        { op: 'Reshape', inputs: [i, one], outputs: [from] },
        { op: 'Add', inputs: [from, one], outputs: [to] },
        { op: 'Slice', inputs: [x.name, from, to], outputs: [piece] },
        { op: 'SequenceInsert', inputs: [list, piece], outputs: [next] },
      ],
    }
    await g.group(
      [
        { op: 'SequenceEmpty', inputs: [], outputs: [empty] },
        { op: 'Loop', inputs: [trips.name, '', empty], outputs: [final], attributes: { body } },
        joined(final, y, 0, false),
      ],
      [x, trips],
      [y],
    )
  },

  async OptionalGetElement(g) {
    if (g.opset < 15) return
    const x = g.operand({ types: floatTypes, rank: [0, 3] })
    const [held, y, has] = Array.from({ length: 3 }, () => g.name())
    await g.group(
      [
        { op: 'Optional', inputs: [x.name], outputs: [held] },
        { op: 'OptionalGetElement', inputs: [held], outputs: [y] },
        { op: 'OptionalHasElement', inputs: [held], outputs: [has] },
      ],
      [x],
      [y, has],
    )
  },
}

/** A tensor split into a list. */
function parts(g) {
  const x = g.operand({ types: ['float32', 'float64', 'int32', 'int64', 'string'], rank: [1, 3] })
  const axis = g.axis(x.rank)
  const size = x.dims[(axis + x.rank) % x.rank]
  const cut = g.random.between(0, size)
  const form = g.random.below(3)
  const split =
    form === 0 ? undefined : form === 1 ? g.list([g.random.between(1, 3)], { dims: [] }) : g.list([cut, size - cut])
  const seq = g.name()
  const keepdims = form === 0 ? g.maybe(() => int(g.random.below(2))) : undefined
  return {
    x,
    seq,
    split: {
      op: 'SplitToSequence',
      inputs: [x.name, ...(split ? [split.name] : [])],
      outputs: [seq],
      attributes: { axis: int(axis), keepdims },
    },
    taken: [x, ...(split ? [split] : [])],
  }
}

function at(seq, position, y) {
  return { op: 'SequenceAt', inputs: [seq, position.name], outputs: [y] }
}

function joined(seq, y, axis, isNewAxis) {
  return {
    op: 'ConcatFromSequence',
    inputs: [seq],
    outputs: [y],
    attributes: { axis: int(axis), new_axis: isNewAxis ? int(1) : undefined },
  }
}
