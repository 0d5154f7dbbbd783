import type { ElementType } from '../../onnx/element-type.ts'
import { isFloat } from '../../onnx/element-type.ts'
import { type Argument, elementTypeOf, type ProgramGraph, type ProgramNode } from './schema.ts'
import type { GraphWriter } from '../graph-writer.ts'

/** A value of the program as ONNX has it. Sizes, booleans and floats that are computed are scalars. */
export interface Value {
  readonly name: string
  readonly type: ElementType
  /** `undefined`: only the run knows. */
  readonly sizes: readonly (number | undefined)[]
}

/** An output of a node, as the program declares it. */
export interface Declared extends Value {
  readonly isTensor: boolean
  /** Of a type that ONNX has. */
  readonly isRead: boolean
}

/** Why a node can't be converted; all of a model's are told at once. */
export class Refusal extends Error {}

export function refuse(why: string): never {
  throw new Refusal(why)
}

/** A number that the program states, or a value of the run. */
export type Scalar = number | bigint | boolean | Value

/** Converts a graph inside a node, with its inputs given: the values of its outputs. */
export type Inline = (graph: ProgramGraph, inputs: readonly Value[], writer: GraphWriter) => Value[]

/**
 * A node of the program, for the function that converts it: its arguments by the names of PyTorch's schema, of which those at
 * their default are left out of the file.
 */
export class Call {
  readonly node: ProgramNode
  readonly w: GraphWriter
  /** All of its outputs, flat; their names are the program's. */
  readonly outputs: readonly Declared[]
  readonly inline: Inline
  private readonly find: (name: string) => Value
  private readonly byName: ReadonlyMap<string, Argument>

  constructor(
    node: ProgramNode,
    w: GraphWriter,
    outputs: readonly Declared[],
    find: (name: string) => Value,
    inline: Inline,
  ) {
    this.node = node
    this.w = w
    this.outputs = outputs
    this.find = find
    this.inline = inline
    this.byName = new Map(node.inputs.map(({ name, value }) => [name, value]))
  }

  /** Of the first output. */
  get out(): Declared {
    return this.outputs[0] ?? refuse('it has no outputs')
  }

  /** The same call with one more tensor. */
  with(name: string, value: Value): Call {
    const input = { name, value: { kind: 'tensor', name: value.name } } as const
    const node = { ...this.node, inputs: [...this.node.inputs, input] }
    const find = (wanted: string): Value => (wanted === value.name ? value : this.find(wanted))
    return new Call(node, this.w, this.outputs, find, this.inline)
  }

  argument(name: string): Argument | undefined {
    const argument = this.byName.get(name)
    return argument?.kind === 'none' ? undefined : argument
  }

  has(name: string): boolean {
    return this.argument(name) !== undefined
  }

  /** Refuses an argument that is given and not its default. */
  only(name: string, value: boolean | number): void {
    const argument = this.argument(name)
    if (argument !== undefined && !('value' in argument && argument.value === value)) refuse(`its argument ${name}`)
  }

  tensor(name: string): Value {
    const value = this.maybe(name)
    return value ?? refuse(`no tensor ${name} is given`)
  }

  maybe(name: string): Value | undefined {
    const argument = this.argument(name)
    return argument && this.valueOf(argument)
  }

  /** The name of an optional tensor, `''` where it is not given. */
  nameOf(name: string): string {
    return this.maybe(name)?.name ?? ''
  }

  /** A list of tensors, some of which may be none. */
  tensors(name: string): (Value | undefined)[] {
    const argument = this.argument(name)
    if (argument?.kind !== 'list') return refuse(`no list ${name} is given`)
    return argument.items.map((item) => (item.kind === 'none' ? undefined : this.valueOf(item)))
  }

  allTensors(name: string): Value[] {
    return this.tensors(name).map((value) => value ?? refuse(`its list ${name} has none in it`))
  }

  /** A number, or a value that the run computes. */
  scalar(name: string, otherwise?: number | boolean): Scalar {
    const argument = this.argument(name)
    if (argument === undefined) return otherwise ?? refuse(`no ${name} is given`)
    return this.scalarOf(argument)
  }

  /** An operand of arithmetic: numbers that are integers by their kind are bigints, so that `2` and `2.0` differ. */
  operand(name: string, otherwise?: number): Scalar {
    const value = this.scalar(name, otherwise)
    return this.argument(name)?.kind === 'int' || (otherwise !== undefined && !this.has(name))
      ? BigInt(value as number)
      : value
  }

  /** An integer that the program states. */
  int(name: string, otherwise?: number): number {
    const value = this.scalar(name, otherwise)
    return typeof value === 'number' && Number.isInteger(value) ? value : refuse(`its ${name} is not a fixed integer`)
  }

  float(name: string, otherwise?: number): number {
    const value = this.scalar(name, otherwise)
    return typeof value === 'object' ? refuse(`its ${name} is not a fixed number`) : Number(value)
  }

  bool(name: string, otherwise?: boolean): boolean {
    const value = this.scalar(name, otherwise)
    return typeof value === 'boolean' ? value : refuse(`its ${name} is not fixed`)
  }

  text(name: string, otherwise: string): string {
    const argument = this.argument(name)
    if (argument === undefined) return otherwise
    return argument.kind === 'string' ? argument.value : refuse(`its ${name} is not a text`)
  }

  type(name: string): ElementType | undefined {
    const argument = this.argument(name)
    if (argument?.kind !== 'type') return undefined
    return elementTypeOf(argument.value) ?? refuse(`its ${name} is a type that is not read`)
  }

  /** Sizes or indices, some of which only the run may know. A single one stands for a list of it. */
  list(name: string, otherwise?: readonly number[]): (number | bigint | Value)[] {
    const argument = this.argument(name)
    if (argument === undefined) return [...(otherwise ?? refuse(`no ${name} is given`))]
    return (argument.kind === 'list' ? argument.items : [argument]).map((item) => {
      const value = this.scalarOf(item)
      return typeof value === 'boolean' ? refuse(`its ${name} is a bool`) : value
    })
  }

  ints(name: string, otherwise?: readonly number[]): number[] {
    return this.list(name, otherwise).map((value) =>
      typeof value === 'number' && Number.isInteger(value)
        ? value
        : refuse(`its ${name} is not a list of fixed integers`),
    )
  }

  floats(name: string): number[] {
    return this.list(name).map((value) =>
      typeof value === 'object' ? refuse(`its ${name} is not fixed`) : Number(value),
    )
  }

  /** One number per spatial axis: a list of one counts for all. */
  perAxis(name: string, axes: number, otherwise?: readonly number[]): number[] {
    const list = this.ints(name, otherwise)
    const spread = list.length === 1 ? Array<number>(axes).fill(list[0]!) : list
    return spread.length === axes ? spread : refuse(`its ${name} has ${spread.length} entries for ${axes} axes`)
  }

  /** An axis, counted from the front. */
  axis(name: string, rank: number, otherwise?: number): number {
    return axisOf(this.int(name, otherwise), rank)
  }

  graph(index: number): ProgramGraph {
    const argument = this.node.inputs[index]?.value
    return argument?.kind === 'graph' ? argument.graph : refuse(`its input ${index} is no graph`)
  }

  /** Operators of higher order have no names for their inputs. */
  at(index: number): Argument {
    return this.node.inputs[index]?.value ?? refuse(`it has no input ${index}`)
  }

  valuesOf(argument: Argument): Value[] {
    return argument.kind === 'list'
      ? argument.items.map((item) => this.valueOf(item))
      : refuse('it has no list of inputs')
  }

  valueOf(argument: Argument): Value {
    const scalar = argument.kind === 'tensor' ? this.find(argument.name) : this.scalarOf(argument)
    if (typeof scalar === 'object') return scalar
    const type = typeof scalar === 'boolean' ? 'bool' : argument.kind === 'float' ? 'float32' : 'int64'
    return { name: this.w.scalar(scalar, type), type, sizes: [] }
  }

  private scalarOf(argument: Argument): Scalar {
    switch (argument.kind) {
      case 'int':
      case 'float':
      case 'bool':
        return argument.value
      case 'tensor':
      case 'symbol':
        return this.find(argument.name)
      default:
        return refuse(`it is given ${argument.kind === 'other' ? argument.what : `a ${argument.kind}`} for a number`)
    }
  }

  /** int64 list of sizes. */
  shape(sizes: readonly (number | bigint | Value)[]): string {
    if (sizes.every((size) => typeof size !== 'object')) return this.w.ints(sizes)
    return this.w.concat(
      sizes.map((size) => (typeof size === 'object' ? this.w.unsqueeze(size.name, 0) : this.w.ints([size]))),
      0,
    )
  }

  /** A tensor as one of another type. */
  cast(value: Value, to: ElementType): string {
    return this.w.cast(value.name, value.type, to)
  }

  /** A scalar as a tensor of rank 0. */
  scalarTensor(scalar: Scalar, type: ElementType): string {
    if (typeof scalar === 'object') return this.cast(scalar, type)
    if (isFloat(type) || type === 'bool') return this.w.scalar(type === 'bool' ? Boolean(scalar) : Number(scalar), type)
    return this.w.scalar(typeof scalar === 'number' ? BigInt(Math.trunc(scalar)) : scalar, type)
  }
}

export function axisOf(axis: number, rank: number): number {
  const from = axis < 0 ? axis + Math.max(1, rank) : axis
  return from >= 0 && from < Math.max(1, rank) ? from : refuse(`it has no axis ${axis}`)
}

/** Converts one node: the ONNX values of its outputs, in order. */
export type Convert = (call: Call) => string | readonly string[]

/** Operators by target, without `torch.ops.`. */
export type Operators = Readonly<Record<string, Convert>>
