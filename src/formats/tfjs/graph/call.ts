import type { ElementType } from '../../../onnx/element-type.ts'
import type { Builder } from '../builder.ts'
import type { Value } from '../value.ts'
import type { Attributes, NodeFact } from './node.ts'

/** A node and the values that it takes. */
export class NodeCall {
  readonly b: Builder
  readonly op: string
  readonly attributes: Attributes
  readonly inputs: readonly Value[]

  constructor(b: Builder, { op, attributes }: NodeFact, inputs: readonly Value[]) {
    this.b = b
    this.op = op
    this.attributes = attributes
    this.inputs = inputs
  }

  input(place: number): Value {
    return this.inputs[place] ?? this.b.wrong(`lacks input ${place}`)
  }

  get x(): Value {
    return this.input(0)
  }

  /** Numbers of a constant input. */
  list(place: number, what: string): number[] {
    return this.b.list(this.input(place), what)
  }

  /** A constant input with one number. */
  one(place: number, what: string): number {
    const list = this.list(place, what)
    return list.length === 1 ? list[0]! : this.b.wrong(`has ${list.length} numbers as ${what}`)
  }

  axis(place: number, rank: number): number {
    return this.b.axis(this.one(place, 'an axis'), rank)
  }

  refuseUnless(isRight: boolean, what: string): void {
    if (!isRight) this.b.fail(`has ${what}`)
  }

  expectChannelsLast(): void {
    const format = this.attributes.text('data_format', 'NHWC')
    this.refuseUnless(format === 'NHWC' || format === 'NDHWC', `data_format ${format}`)
  }

  /** The element type of a result. */
  type(name: string, fallback?: ElementType): ElementType {
    return this.attributes.type(name, fallback)
  }
}

/** What converts a node: the values of its results. */
export type Convert = (call: NodeCall) => Value | readonly Value[]
export type Operators = Readonly<Record<string, Convert>>
