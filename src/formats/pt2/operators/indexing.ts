import { type Call, type Convert, type Operators, refuse, type Value } from '../call.ts'

const embedding: Convert = (call) => call.w.op('Gather', [call.tensor('weight').name, call.tensor('indices').name])

const gather: Convert = (call) => {
  const self = call.tensor('self')
  if (self.sizes.length === 0) return call.w.op('Identity', [self.name])
  return call.w.op('GatherElements', [self.name, call.tensor('index').name], {
    axis: BigInt(call.axis('dim', self.sizes.length)),
  })
}

const indexSelect: Convert = (call) => {
  const self = call.tensor('self')
  return call.w.op('Gather', [self.name, call.tensor('index').name], {
    axis: BigInt(call.axis('dim', self.sizes.length)),
  })
}

/** Indices of axes, of which bools are replaced by the positions where they are true. */
interface Indexed {
  readonly axes: readonly number[]
  /** int64, all of one shape. */
  readonly indices: readonly string[]
  /** Rank of that shape. */
  readonly rank: number
}

function indexed(call: Call): Indexed {
  const { w } = call
  const axes: number[] = []
  const indices: Value[] = []
  let axis = 0
  for (const value of call.tensors('indices')) {
    if (value?.type === 'bool' || value?.type === 'uint8') {
      const count = value.sizes.length
      const places = w.op('NonZero', [value.name])
      for (let i = 0; i < count; i++) {
        axes.push(axis + i)
        indices.push({ name: w.op('Gather', [places, w.scalar(i, 'int64')]), type: 'int64', sizes: [undefined] })
      }
      axis += count
      continue
    }
    if (value) {
      axes.push(axis)
      indices.push({ ...value, name: call.cast(value, 'int64') })
    }
    axis++
  }
  if (axes.length === 0) return refuse('it has no indices')
  return { axes, indices: broadcast(call, indices), rank: Math.max(...indices.map(({ sizes }) => sizes.length)) }
}

function broadcast(call: Call, indices: readonly Value[]): string[] {
  const [first] = indices
  if (
    indices.every(({ sizes }) => sizes.join() === first!.sizes.join() && !sizes.includes(undefined)) ||
    indices.length === 1
  )
    return indices.map(({ name }) => name)
  const sum = indices.map(({ name }) => name).reduce((a, b) => call.w.op('Add', [a, b]))
  return indices.map(({ name }) => call.w.op('Expand', [name, call.w.sizes(sum)]))
}

/** One index is a Gather. With more, indexed axes go to the front, and what they give stays there unless they were neighbours. */
const index: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  const { axes, indices, rank } = indexed(call)
  if (axes.length === 1) return w.op('Gather', [self.name, indices[0]!], { axis: BigInt(axes[0]!) })
  const others = self.sizes.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]))
  const coordinates = w.concat(
    indices.map((name) => w.unsqueeze(name, rank)),
    rank,
  )
  const y = w.op('GatherND', [w.transpose(self.name, [...axes, ...others]), coordinates])
  const first = axes[0]!
  if (first === 0 || !areNeighbours(call, axes)) return y
  const perm = [...Array(rank + others.length).keys()]
  const moved = [...perm.slice(rank, rank + first), ...perm.slice(0, rank), ...perm.slice(rank + first)]
  return w.transpose(y, moved)
}

/** NumPy's rule counts what stands between the indices: a slice there parts them. */
function areNeighbours(call: Call, axes: readonly number[]): boolean {
  const given = call.tensors('indices').map((value) => value !== undefined)
  return (
    !given.slice(given.indexOf(true), given.lastIndexOf(true)).includes(false) &&
    axes.every((axis, i) => axis === axes[0]! + i)
  )
}

const indexPut: Convert = (call) => {
  const { w } = call
  const self = call.tensor('self')
  const values = call.tensor('values')
  const isAdded = call.bool('accumulate', false)
  const list = call.tensors('indices')
  const [mask] = list
  if (list.length === 1 && mask?.type === 'bool' && !isAdded && values.sizes.every((size) => size === 1)) {
    const after = self.sizes.length - mask.sizes.length
    const wide =
      after > 0 ? w.unsqueeze(mask.name, ...Array.from({ length: after }, (_, i) => mask.sizes.length + i)) : mask.name
    return w.where(wide, w.op('Reshape', [call.cast(values, self.type), w.ints([])]), self.name)
  }
  const { axes, indices, rank } = indexed(call)
  const others = self.sizes.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]))
  const perm = [...axes, ...others]
  const x = w.transpose(self.name, perm)
  const coordinates = w.concat(
    indices.map((name) => w.unsqueeze(name, rank)),
    rank,
  )
  // As `index` gives them: indexed axes stay where they are if they are neighbours, else they go to the front.
  const first = areNeighbours(call, axes) ? axes[0]! : 0
  const target = [
    ...(first > 0 ? [w.sizes(self.name, 0, first)] : []),
    w.sizes(coordinates, 0, rank),
    ...(first < others.length ? [w.sizes(x, axes.length + first)] : []),
  ]
  const updates = w.op('Expand', [call.cast(values, self.type), w.concat(target, 0)])
  const places = [...Array(rank + others.length).keys()]
  const moved = [...places.slice(first, first + rank), ...places.slice(0, first), ...places.slice(first + rank)]
  const y = w.op('ScatterND', [x, coordinates, w.transpose(updates, moved)], { reduction: isAdded ? 'add' : 'none' })
  return w.transpose(
    y,
    perm.map((_, axis) => perm.indexOf(axis)),
  )
}

const nonzero: Convert = (call) => call.w.transpose(call.w.op('NonZero', [call.tensor('self').name]), [1, 0])

/** Operators that pick elements, and put them; all make fresh memory. */
export const indexing: Operators = {
  'aten.embedding.default': embedding,
  'aten.gather.default': gather,
  'aten.index_select.default': indexSelect,
  'aten.index.Tensor': index,
  'aten.index_put.default': indexPut,
  'aten.nonzero.default': nonzero,
}
