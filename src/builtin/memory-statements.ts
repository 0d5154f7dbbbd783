import { type Dim, product } from '../graph/dim.ts'
import type { Graph, Node, Value } from '../graph/graph.ts'
import { countUses } from '../graph/uses.ts'
import { elementTypes } from '../onnx/element-type.ts'
import { stringLiteral } from '../lowering/c-text.ts'
import { shortenNames } from '../runtime/shorten.ts'
import { type ConstantPool, loadedPlace } from './constants.ts'
import { bytesOf, type Plan, type Tenant } from './plan.ts'
import { Statements } from './statements.ts'

/** Statements on the memory of values, where a plan has put it: where they are, room for them, copies. */
export class MemoryStatements extends Statements {
  protected readonly main: Graph
  protected readonly plan: Plan
  protected readonly constants: ConstantPool
  private readonly uses: ReadonlyMap<Value, number>
  /** The graph that is being written, behind those around it. */
  protected readonly graphs: { readonly graph: Graph; readonly nodes: ReadonlySet<Node> }[] = []

  constructor(main: Graph, plan: Plan, constants: ConstantPool) {
    super()
    this.main = main
    this.plan = plan
    this.constants = constants
    this.uses = countUses(main)
  }

  pointer(value: Value): string {
    return `(${elementTypes[value.type].c} ${value.type === 'string' ? 'const ' : ''}*)${this.address(value)}`
  }

  list(value: Value): string {
    const storage = this.plan.storage.get(value)
    if (storage?.kind === 'list') return `(&lists[${storage.list}])`
    if (storage?.kind === 'input') return `((om_list *)in[${storage.index}].data)`
    throw new TypeError(`no list for ${value.name}`)
  }

  bytes(value: Value): string {
    if (value.type === 'string') return `om_dim_mul(${this.dim(product(value.dims))}, (int64_t)sizeof(char *))`
    return this.byteCount(bytesOf(value))
  }

  takeOver(node: Node, from: Value, to: Value): void {
    const { graph, nodes } = this.graphs.at(-1)!
    const isOfThisGraph = graph !== this.main && graph.inputs.includes(from)
    const isBornHere = isOfThisGraph || (from.producer && nodes.has(from.producer))
    const isLastUse = isBornHere && node.inputs.includes(from) && this.uses.get(from) === 1
    if (isLastUse) this.move(from, to)
    else this.copy(from, to)
  }

  copy(from: Value, to: Value): void {
    if (to.kind !== 'tensor') return this.needsMemory(`om_copy_list(${this.list(to)}, ${this.list(from)})`)
    this.line(`memcpy(${this.address(to)}, ${this.address(from)}, (size_t)(${this.dim(bytesOf(to))}));`)
  }

  move(from: Value, to: Value): void {
    if (to.kind !== 'tensor') return this.line(`om_swap_lists(${this.list(from)}, ${this.list(to)});`)
    const source = this.plan.storage.get(from)
    const target = this.plan.storage.get(to)
    if (source?.kind === 'slot' && target?.kind === 'slot') {
      this.line(`om_swap(&slots[${source.slot}], &slots[${target.slot}]);`)
    } else {
      this.allocate(to)
      this.copy(from, to)
    }
  }

  append(from: Value, to: Value, row: string): void {
    const storage = this.plan.storage.get(to)
    if (storage?.kind !== 'slot') throw new TypeError('only values of unknown size can grow')
    const grown = `om_append(&slots[${storage.slot}], ${this.address(from)}, ${this.byteCount(bytesOf(from))}, ${row})`
    this.needsMemory(grown)
  }

  allocate(value: Value): void {
    if (value.kind !== 'tensor') return
    // What others lie in is there when the first of them is made; room that it has already is kept.
    const storage = this.plan.storage.get(value)
    const whole = storage?.kind === 'slice' ? storage.whole : value
    this.allocateTenant(whole, bytesOf(whole))
  }

  address(tenant: Tenant): string {
    if ('constant' in tenant && tenant.constant) return this.constants.tensor(tenant.constant)
    const storage = this.plan.storage.get(tenant)
    switch (storage?.kind) {
      case 'input':
        return `in[${storage.index}].data`
      case 'output':
        return `out[${storage.index}].data`
      case 'arena':
        return `((char *)arena + ${storage.offset})`
      case 'slot':
        return `slots[${storage.slot}].data`
      case 'slice':
        return `((char *)${this.address(storage.whole)} + ${storage.bytes})`
      case 'constant':
        return this.constants.tensor(storage.tensor)
      case 'loaded':
        return loadedPlace(storage.offset)
      default:
        throw new TypeError(`no storage for ${'name' in tenant ? tenant.name : 'scratch'}`)
    }
  }

  protected allocateTenant(tenant: Tenant, bytes: Dim): void {
    const storage = this.plan.storage.get(tenant)
    if (storage?.kind !== 'slot') return
    const what =
      'bytes' in tenant
        ? 'what it works with'
        : tenant.name
          ? `its result ${JSON.stringify(tenant.name)}`
          : 'its result'
    const sentence = stringLiteral(shortenNames(`${this.place()}not enough memory for ${what}`))
    const room = `om_make_room(&slots[${storage.slot}], ${this.byteCount(bytes)}, message, ${sentence})`
    this.line(`if ((error = ${room})) goto done;`)
  }
}
