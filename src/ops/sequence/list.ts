import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import { listOf } from '../../graph/list.ts'
import type { ListInfo } from '../../graph/list-info.ts'
import type { InferContext } from '../../graph/operator.ts'
import { takes } from '../../graph/rules.ts'
import { type ElementType, memoryBytes } from '../../onnx/element-type.ts'
import type { ControlWriter, LoweredOperator } from '../../lowering/lowering.ts'

/** C expression of the size of an element in bytes. */
export function elementBytes(type: ElementType): string {
  return type === 'string' ? '(int64_t)sizeof(char *)' : String(memoryBytes(type))
}

/** C expression of a tensor's dimensions: `const int64_t *`. */
export function dimsOf(c: ControlWriter, { dims }: Value): string {
  return `(const int64_t[]){${dims.map((dim) => c.dim(dim)).join(', ') || '0'}}`
}

/** Puts a tensor into a list, at a position from 0 to its end (a C expression). */
export function writeInsert(c: ControlWriter, list: Value, position: string, tensor: Value): void {
  const data = `${c.address(tensor)}, ${c.bytes(tensor)}, ${tensor.rank}, ${dimsOf(c, tensor)}`
  c.needsMemory(`om_insert(${c.list(list)}, ${position}, ${data})`)
}

export function writeAppend(c: ControlWriter, list: Value, tensor: Value): void {
  writeInsert(c, list, `${c.list(list)}->count`, tensor)
}

/**
 * A tensor as it is read out of a list: kernels know its rank, so that is what must be known of it.
 *
 * @throws CompileError `UNSUPPORTED_RANK`
 */
export function inferRead(node: Node, list: Value, context: Pick<InferContext, 'freshDim'>): ValueInfo {
  const { type, list: known } = list
  const { shape = 'any', statedRank } = known ?? {}
  if (typeof shape !== 'string') return { type, shape: shape.map((dim) => dim ?? context.freshDim()) }
  if (statedRank !== undefined) return { type, shape: Array.from({ length: statedRank }, () => context.freshDim()) }
  const what = `the rank of what it takes from ${JSON.stringify(list.name)} is not known at compile time`
  const why =
    shape === 'none' ? 'nothing is ever put into it' : 'tensors of several ranks, or of none that is stated, are in it'
  throw node.error('UNSUPPORTED_RANK', `${what}: ${why}; state the shape of its elements in the model`)
}

/** Reads a tensor, with what is known of it, out of `item`, a C expression of type `const om_item *`. */
export function writeRead(c: ControlWriter, item: string, to: Value): void {
  const from = c.name()
  c.line(`const om_item *${from} = ${item};`)
  c.failUnlessEqual(`${from}->rank`, String(to.rank), 'the rank of an element is not what the model says')
  to.dims.forEach((dim, axis) => {
    const given = `${from}->dims[${axis}]`
    if (typeof dim !== 'number') c.line(`${c.symbol(dim)} = ${given};`)
    else c.failUnlessEqual(given, String(dim), `axis ${axis} of an element is not what the model says`)
  })
  c.allocate(to)
  c.line(`om_read_item(${c.address(to)}, ${from}, ${c.bytes(to)});`)
}

/** Declares a position in a list that an input gives, which may be the one `behindEnd`. */
export function writePosition(c: ControlWriter, list: Value, position: Value, behindEnd: boolean): string {
  const at = c.name()
  const count = `${c.list(list)}->count`
  c.line(`const int64_t ${at} = om_position(*${c.pointer(position)}, ${count});`)
  c.failIf(`${at} < 0 || ${at} ${behindEnd ? '>' : '>='} ${count}`, 'the position is out of range')
  return at
}

export function listInfo(kind: 'sequence' | 'optional', type: ElementType, list: ListInfo): ValueInfo {
  return { kind, type, shape: undefined, list }
}

/** The compiler's own: a list of tensors that were known one by one (`Builder.atRun`). */
const List: LoweredOperator = {
  name: 'List',
  domain: 'om',
  rules: takes('elements*:any'),
  sizedBy: [],
  infer(node) {
    const kind = node.string('kind') === 'optional' ? 'optional' : 'sequence'
    const list = listOf(...node.inputs.map((_, i) => node.input(i)))
    return [listInfo(kind, node.string('type') as ElementType, node.has('nested') ? { ...list, isNested: true } : list)]
  },
  control(node, c) {
    const list = node.output()
    c.line(`om_clear_list(${c.list(list)});`)
    if (list.kind === 'sequence') c.line(`${c.list(list)}->given = 1;`)
    node.inputs.forEach((_, i) => writeAppend(c, list, node.input(i)))
  },
}

/** The compiler's own: a list of the same tensors. */
const ListCopy: LoweredOperator = {
  name: 'ListCopy',
  domain: 'om',
  rules: takes('list:value'),
  sizedBy: [],
  infer: (node) => [listInfo(kindOf(node.input(0)), node.input(0).type, node.input(0).list!)],
  control: (node, c) => c.copy(node.input(0), node.output()),
}

/** The compiler's own: an optional that holds a sequence. */
const ListGiven: LoweredOperator = {
  name: 'ListGiven',
  domain: 'om',
  rules: takes('sequence:sequence'),
  infer: (node) => [listInfo('optional', node.input(0).type, { ...node.input(0).list!, isNested: true })],
  control(node, c) {
    c.takeOver(node, node.input(0), node.output())
    c.line(`${c.list(node.output())}->given = 1;`)
  },
}

function kindOf({ kind }: Value): 'sequence' | 'optional' {
  return kind === 'optional' ? 'optional' : 'sequence'
}

/** Whether a value is a list that only the run knows. */
export function isAtRun({ kind, elements }: Value): boolean {
  return kind !== 'tensor' && !elements
}

export const lists: readonly LoweredOperator[] = [List, ListCopy, ListGiven]
