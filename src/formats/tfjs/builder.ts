import type { AttributeSource, Named } from '../../onnx/build.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import type { Site } from '../../onnx/reading.ts'
import { elementsOf, reshapedTensor, tensorFrom, tensorNumbers } from '../../onnx/tensor.ts'
import type { GraphWriter } from '../graph-writer.ts'
import { transposed } from '../transposed.ts'
import { type Layout, perms, type Shape, shown, type Value } from './value.ts'

/** Writes one graph for values that have a layout. */
export class Builder {
  readonly writer: GraphWriter
  /** What is being converted, for messages. */
  site: Site

  constructor(writer: GraphWriter, site: Site) {
    this.writer = writer
    this.site = site
  }

  /** The same for a graph in this one. */
  inner(): Builder {
    return new Builder(this.writer.inner(), this.site)
  }

  fail(text: string): never {
    return this.site.fail('MODEL_UNSUPPORTED', `${text}, which is not read.`)
  }

  /** What contradicts itself. */
  wrong(text: string): never {
    return this.site.fail('MODEL_NODE', `${text}. Save the model again.`)
  }

  op(op: string, inputs: readonly string[], attributes?: Named<AttributeSource>): string {
    return this.writer.op(op, inputs, attributes)
  }

  value(name: string, type: ElementType, shape: Shape | undefined, layout: Layout = 'last'): Value {
    return { type, shape, names: { [layout]: name } }
  }

  constant(known: Tensor): Value {
    return { type: known.type, shape: known.dims, known, names: {} }
  }

  numbers(type: ElementType, dims: readonly number[], values: ArrayLike<number>): Value {
    return this.constant(tensorFrom(type, dims, values))
  }

  /** The name of a value in a layout. */
  get(value: Value, layout: Layout = 'last'): string {
    const { names, known } = value
    const found = names[layout]
    if (found !== undefined) return found
    const perm = perms(this.rank(value))[layout]
    const isSame = perm.every((axis, i) => axis === i)
    const other = names[layout === 'last' ? 'first' : 'last']
    const name = known
      ? this.tensor(layout === 'first' && !isSame ? transposed(known, perm) : known)
      : this.writer.transpose(other!, perm)
    names[layout] = name
    return name
  }

  /** An initializer; small ones are shared. */
  tensor(tensor: Tensor): string {
    const { type, dims } = tensor
    if (elementsOf(dims) > 16 || type === 'string' || type === 'complex64')
      return this.writer.names.tensor(tensor, 'weight')
    return this.writer.constant(type, tensorNumbers(tensor), dims)
  }

  rank(value: Value): number {
    return value.shape?.length ?? this.fail('takes a tensor whose rank only a run knows')
  }

  shape(value: Value): Shape {
    return value.shape ?? this.fail('takes a tensor whose rank only a run knows')
  }

  /** A size that is the same in every run. */
  size(value: Value, axis: number): number {
    return (
      this.shape(value)[axis] ?? this.fail(`takes a tensor ${shown(value.shape)} whose size ${axis} only a run knows`)
    )
  }

  /** An axis counted from the front. */
  axis(axis: number, rank: number): number {
    const index = axis < 0 ? axis + rank : axis
    return Number.isInteger(index) && index >= 0 && index < rank
      ? index
      : this.wrong(`has axis ${axis} of a tensor of rank ${rank}`)
  }

  /** The numbers of a constant: axes, sizes, pads. */
  list(value: Value, what: string): number[] {
    return value.known ? tensorNumbers(value.known) : this.fail(`has ${what} that only a run knows`)
  }

  /** A list of sizes, axes or indices as ONNX takes it. */
  int64(value: Value): string {
    if (value.known) {
      const { dims } = value.known
      return this.tensor(tensorFrom('int64', dims, tensorNumbers(value.known).map(BigInt)))
    }
    return this.writer.cast(this.get(value), value.type, 'int64')
  }

  /** int64 of ONNX as the int32 that TensorFlow.js has instead. */
  int32(name: string, shape: Shape | undefined): Value {
    return this.value(this.writer.cast(name, 'int64', 'int32'), 'int32', shape)
  }

  scalar(value: number, type: ElementType): string {
    return this.writer.scalar(type === 'bool' ? value !== 0 : value, type)
  }

  cast(value: Value, type: ElementType): Value {
    if (value.type === type) return value
    const layout = layoutOf(value)
    return this.value(this.writer.cast(this.get(value, layout), value.type, type), type, value.shape, layout)
  }

  reshape(value: Value, shape: readonly number[]): Value {
    if (value.known && elementsOf(shape) === elementsOf(value.known.dims) && shape.every((size) => size >= 0))
      return this.constant(reshapedTensor(value.known, shape))
    const sizes = this.writer.ints(shape)
    const name = this.op('Reshape', [this.get(value), sizes], { allowzero: 1n })
    return this.value(name, value.type, shape.map((size) => (size < 0 ? undefined : size))) // prettier-ignore
  }

  transpose(value: Value, perm: readonly number[]): Value {
    const shape = this.shape(value)
    if (perm.length !== shape.length || shape.some((_, axis) => !perm.includes(axis)))
      this.wrong(`has the order of axes [${perm.join(', ')}] for a tensor ${shown(shape)}`)
    if (value.known) return this.constant(transposed(value.known, perm))
    const moved = perm.map((axis) => shape[axis])
    // What a layout has in that order already needs no Transpose.
    const isFirst = value.names.first !== undefined && perms(shape.length).first.every((axis, i) => axis === perm[i])
    return this.value(isFirst ? value.names.first! : this.writer.transpose(this.get(value), perm), value.type, moved)
  }
}

/** The layout that a value is in, without a Transpose. */
export function layoutOf({ names }: Value): Layout {
  return names.first !== undefined && names.last === undefined ? 'first' : 'last'
}
