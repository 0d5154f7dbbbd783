import { type Dim, product } from '../../graph/dim.ts'
import type { Node } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { elementTypes, memoryBytes } from '../../onnx/element-type.ts'
import { elementsOf, lazyTensor, reshapedTensor } from '../../onnx/tensor.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { shareElements } from '../../lowering/sharing.ts'

/** The permutation of a Transpose node; by default the axes are reversed. */
export function permutationOf(node: Node): readonly number[] {
  const { rank } = node.input(0)
  const perm = node.ints('perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis)
  const sorted = [...perm].sort((a, b) => a - b)
  if (perm.length !== rank || sorted.some((axis, i) => axis !== i)) {
    throw node.error('MODEL_ATTRIBUTE', `perm [${perm.join(', ')}] is no permutation of ${rank} axes`)
  }
  return perm
}

/** Whether a permutation only moves axes of size 1, so that the elements keep their order. */
export function keepsOrder(dims: readonly Dim[], perm: readonly number[]): boolean {
  const moved = perm.filter((axis) => dims[axis] !== 1)
  return moved.every((axis, i) => i === 0 || axis > moved[i - 1]!)
}

/** A transpose of adjacent blocks of axes: [batch, rows, columns] → [batch, columns, rows], the rest untouched behind. */
function asMatrixTranspose(
  dims: readonly Dim[],
  perm: readonly number[],
): { batch: Dim; rows: Dim; columns: Dim } | undefined {
  const start = perm.findIndex((axis, i) => axis !== i)
  const split = perm[start]
  if (start < 0 || split === undefined) return undefined
  const expected = [...perm.keys()].slice(0, start)
  for (let axis = split; axis < perm.length; axis++) expected.push(axis)
  for (let axis = start; axis < split; axis++) expected.push(axis)
  if (!perm.every((axis, i) => axis === expected[i])) return undefined
  return {
    batch: product(dims.slice(0, start)),
    rows: product(dims.slice(start, split)),
    columns: product(dims.slice(split)),
  }
}

export const transpose: readonly LoweredOperator[] = [
  {
    name: 'Transpose',
    rules: takes('data:any'),
    infer: (node) => [
      { type: node.input(0).type, shape: permutationOf(node).map((axis) => node.input(0).dims[axis]!) },
    ],
    fold(node) {
      const { constant } = node.input(0)
      if (!constant || constant.type === 'string' || elementTypes[constant.type].bits < 8) return undefined
      const perm = permutationOf(node)
      const dims = perm.map((axis) => constant.dims[axis]!)
      if (keepsOrder(constant.dims, perm)) return [reshapedTensor(constant, dims)]
      const strides = perm.map((axis) => elementsOf(constant.dims.slice(axis + 1)))
      const { type } = constant
      return [lazyTensor(type, dims, () => gather(constant.data, memoryBytes(type), dims, strides))]
    },
    decompose(node, b) {
      const { dims } = node.input(0)
      const perm = permutationOf(node)
      if (!keepsOrder(dims, perm)) return undefined
      return [
        b.reshape(
          node.input(0),
          perm.map((axis) => dims[axis]!),
        ),
      ]
    },
    lower(node, k) {
      const { dims, type } = node.input(0)
      const perm = permutationOf(node)
      k.include('layout.h')
      const bits = 8 * memoryBytes(type)
      const matrix = bits === 8 || bits === 32 ? asMatrixTranspose(dims, perm) : undefined
      if (matrix) {
        const { batch, rows, columns } = matrix
        if (bits === 32) shareElements(k, dims)
        k.line(
          `om_transpose2d_${bits}(${k.input(0)}, ${k.output()}, ${k.dim(batch)}, ${k.dim(rows)}, ${k.dim(columns)});`,
        )
        return
      }
      shareElements(k, dims)
      k.line(`const ptrdiff_t dims[] = {${dims.map((dim) => k.dim(dim)).join(', ') || '0'}};`)
      k.line(`static const int perm[] = {${perm.join(', ') || '0'}};`)
      k.line(`om_transpose(${k.input(0)}, ${k.output()}, sizeof *${k.output()}, ${perm.length}, dims, perm);`)
    },
    flops: () => 0,
  },
]

/** Elements of `data` at the row-major positions of `dims` under `strides` (in elements). */
function gather(data: Uint8Array, width: number, dims: readonly number[], strides: readonly number[]): Uint8Array {
  const result = new Uint8Array(elementsOf(dims) * width)
  const index = dims.map(() => 0)
  let from = 0
  for (let to = 0; to < result.length; to += width) {
    for (let byte = 0; byte < width; byte++) result[to + byte] = data[from * width + byte]!
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      index[axis]!++
      if (index[axis]! < dims[axis]!) break
      from -= strides[axis]! * index[axis]!
      index[axis] = 0
    }
  }
  return result
}
