import type { ElementType } from '../onnx/element-type.ts'
import { elementTypes } from '../onnx/element-type.ts'
import { type Dim, dimKey, product } from '../graph/dim.ts'
import { knownOperator, type Node, type Value } from '../graph/graph.ts'
import { dimToC } from './dim-to-c.ts'
import { shortenNames } from '../runtime/shorten.ts'
import type { KernelWriter } from '../lowering/lowering.ts'
import type { PackedConstant, Packing } from '../lowering/packing.ts'
import { type Slice, wholeSlice } from '../lowering/slice.ts'
import type { WinogradUse } from '../lowering/choices.ts'
import type { KernelShape } from '../lowering/kernel-shape.ts'
import type { KernelTable } from './kernel-table.ts'
import type { Parameter, Shared } from './shared-kernel.ts'

/** Memory that a kernel needs while it runs. */
export interface Scratch {
  readonly bytes: Dim
}

/** What the caller passes for one parameter of a kernel. */
export type Argument =
  | { readonly kind: 'value'; readonly value: Value; readonly written: boolean }
  | { readonly kind: 'dim'; readonly dim: Dim }
  | { readonly kind: 'symbol'; readonly dim: Dim }
  | { readonly kind: 'scratch'; readonly scratch: Scratch }
  | { readonly kind: 'constant'; readonly type: ElementType; readonly bytes: Uint8Array }
  | { readonly kind: 'panels'; readonly type: 'int8' | 'int32'; readonly constant: PackedConstant }
  | { readonly kind: 'packed'; readonly weights: Value; readonly packing: Packing }
  | { readonly kind: 'sentence'; readonly text: string }
  | { readonly kind: 'texts' }
  | { readonly kind: 'message' }

/** C type of a pointer to elements that are written, or only read. */
export function pointerType(type: ElementType, written: boolean): string {
  const { c } = elementTypes[type]
  if (written) return `${c} *`
  return type === 'string' ? `${c}const *` : `const ${c} *`
}

export interface KernelCall {
  readonly function: string
  readonly arguments: readonly Argument[]
  readonly scratch: readonly Scratch[]
  /** Whether the function returns an error code. */
  readonly fails: boolean
}

/** What the run-time errors of a node begin with. */
export function nodePlace(node: Pick<Node, 'name' | 'operator'> & Partial<Node>): string {
  const known = knownOperator(node)
  return known === undefined ? `node ${node.name}: ` : `node ${node.name} (${known}): `
}

/** What is known of the values that kernels read and write. */
export interface KernelFacts {
  /** Computed when the model is loaded. */
  readonly fixed: ReadonlySet<Value>
  /** Of those that lie inside of others. */
  readonly slices: ReadonlyMap<Value, Slice>
}

/** Collects one kernel; see `KernelWriter` for what the methods mean. */
export class Kernel implements KernelWriter {
  private readonly node: Node
  private readonly outputs: readonly Value[]
  private readonly written: ReadonlySet<Value>
  private readonly table: KernelTable
  private readonly facts: KernelFacts
  private readonly parameters: (Parameter & { readonly argument: Argument })[] = []
  private readonly named = new Map<string, string>()
  private readonly scratches: Scratch[] = []
  private body = ''
  private fails = false
  private shared: Shared | undefined

  get shape(): KernelShape {
    return this.table.shape
  }

  get winograd(): WinogradUse {
    return this.table.winograd
  }

  /** Whether no line was written. */
  get isEmpty(): boolean {
    return this.body === ''
  }

  /** `outputs` are what the kernel writes: the node's own, unless an epilogue replaced the last. */
  constructor(node: Node, outputs: readonly Value[], table: KernelTable, facts: KernelFacts) {
    this.node = node
    this.outputs = outputs
    this.written = new Set(outputs)
    this.table = table
    this.facts = facts
  }

  input(i: number): string {
    return this.value(this.node.input(i))
  }

  output(i = 0): string {
    const value = this.outputs[i]
    if (!value) throw this.node.error('MODEL_MISSING_OUTPUT', `output ${i} does not exist`)
    return this.value(value)
  }

  value(value: Value): string {
    const written = this.written.has(value)
    return this.parameter(
      `value ${value.id}`,
      written ? 'y' : 'x',
      (name) => `${this.pointerType(value.type, written)}restrict ${name}`,
      { kind: 'value', value, written },
    )
  }

  slice(value: Value): Slice {
    return this.facts.slices.get(value) ?? wholeSlice(value)
  }

  dim(dim: Dim): string {
    if (typeof dim === 'number') return dimToC(dim, String)
    return this.parameter(`dim ${dim.key}`, 'n', (name) => `const int64_t ${name}`, { kind: 'dim', dim })
  }

  count(shape: readonly Dim[]): string {
    return this.dim(product(shape))
  }

  symbol(dim: Dim): string {
    return this.parameter(`symbol ${dimKey(dim)}`, 's', (name) => `int64_t *${name}`, { kind: 'symbol', dim })
  }

  scratch(bytes: Dim, cType: string): string {
    const scratch = { bytes }
    this.scratches.push(scratch)
    return this.parameter(`scratch ${this.scratches.length}`, 'w', (name) => `${cType} *restrict ${name}`, {
      kind: 'scratch',
      scratch,
    })
  }

  texts(): string {
    return this.parameter('texts', 't', (name) => `om_texts *${name}`, { kind: 'texts' })
  }

  constant(type: ElementType, bytes: Uint8Array): string {
    const key = `constant ${this.parameters.length}`
    return this.parameter(key, 'c', (name) => `${this.pointerType(type, false)}restrict ${name}`, {
      kind: 'constant',
      type,
      bytes,
    })
  }

  panels(type: 'int8' | 'int32', constant: PackedConstant): string {
    const key = `panels ${this.parameters.length}`
    return this.parameter(key, 'c', (name) => `${this.pointerType(type, false)}restrict ${name}`, {
      kind: 'panels',
      type,
      constant,
    })
  }

  isFixed(value: Value): boolean {
    return value.constant !== undefined || this.facts.fixed.has(value)
  }

  packed(weights: Value, packing: Packing): string {
    if (!this.isFixed(weights)) throw new TypeError(`value ${weights.name} is not the same in every run`)
    return this.parameter(
      `packed ${weights.id} ${JSON.stringify(packing)}`,
      'c',
      (name) => `${this.pointerType('float32', false)}restrict ${name}`,
      { kind: 'packed', weights, packing },
    )
  }

  share(work: Dim, ownBytes: Dim = 0): boolean {
    const least = this.table.sharing?.least
    if (least === undefined || this.fails || (typeof work === 'number' && work < least)) return false
    this.table.isShared = true
    this.shared = { work: this.dim(work), ownBytes: this.dim(ownBytes) }
    return true
  }

  line(text: string): void {
    for (const line of text.split('\n')) this.body += line ? `  ${line}\n` : '\n'
  }

  source(name: string, file: string, text: string): void {
    this.table.addSource(name, file, text)
  }

  include(header: string): void {
    this.table.headers.add(header)
  }

  failIf(condition: string, sentence: string): void {
    this.line(`if (${condition}) return om_fail(${this.message()}, OM_ERR_VALUE, ${this.sentence(sentence)});`)
  }

  failUnlessEqual(given: string, expected: string, sentence: string): void {
    const text = this.sentence(sentence)
    this.line(`if (${given} != ${expected}) return om_fail_size(${this.message()}, ${text}, ${expected}, ${given});`)
  }

  /** A parameter, so that nodes share a function whatever their names are. */
  private sentence(sentence: string): string {
    const text = shortenNames(nodePlace(this.node) + sentence)
    return this.parameter(`sentence ${text}`, 'why', (name) => `const char *${name}`, { kind: 'sentence', text })
  }

  private message(): string {
    if (this.shared) throw new Error('a body that threads share has no way to fail')
    this.fails = true
    return this.parameter('message', 'message', (name) => `om_message *${name}`, { kind: 'message' })
  }

  /** `pointerType`, with the header that defines the element's type. */
  private pointerType(type: ElementType, written: boolean): string {
    if (elementTypes[type].c.startsWith('om_')) this.include('types.h')
    return pointerType(type, written)
  }

  finish(label: string): KernelCall {
    // What an operator asked for and then did not need.
    const mentioned = new Set(`${this.body} ${this.shared?.work} ${this.shared?.ownBytes}`.match(/\w+/g))
    const parameters = this.parameters.filter(({ name }) => mentioned.has(name))
    const name = this.table.define(
      label,
      parameters.map((parameter) => parameter.declaration),
      this.body,
      this.fails,
    )
    return {
      function: this.shared ? this.table.defineShared(name, parameters, this.shared) : name,
      arguments: parameters.map((parameter) => parameter.argument),
      scratch: this.scratches,
      fails: this.fails,
    }
  }

  private parameter(key: string, prefix: string, declare: (name: string) => string, argument: Argument): string {
    let name = this.named.get(key)
    if (name === undefined) {
      name = prefix === 'message' ? prefix : `${prefix}${this.parameters.length}`
      this.named.set(key, name)
      this.parameters.push({ name, declaration: declare(name), argument })
    }
    return name
  }
}
