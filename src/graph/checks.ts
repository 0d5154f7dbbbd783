import { type Demand, demandKey } from './demand.ts'
import { demandsOf } from './demands.ts'
import type { Dim } from './dim.ts'
import { type Graph, type Identities, Node, type Value } from './graph.ts'
import type { Operator } from './operator.ts'

/**
 * What nodes of a graph demand of sizes: learnt where they run in every run, checked once by a node before them where only
 * a run can tell, and known behind that check.
 */
export class Checks {
  private readonly graph: Graph
  private readonly identities: Identities
  /** Whether the nodes run in every run, so that what they demand is a fact. */
  private readonly always: boolean
  private readonly refined: (value: Value, shape: readonly Dim[], by: Node) => Value
  /** Demands that nodes of this graph check. */
  private readonly checked: Set<string>
  /** Values as they are known behind a check. */
  private readonly behindChecks = new Map<Value, Value>()

  /** `refined` makes a value one of a shape that a check before has made sure of. */
  constructor(
    graph: Graph,
    identities: Identities,
    always: boolean,
    refined: (value: Value, shape: readonly Dim[], by: Node) => Value,
  ) {
    this.graph = graph
    this.identities = identities
    this.always = always
    this.refined = refined
    this.checked = always ? identities.checked : new Set()
  }

  /** Holds a node against its operator's rules. @throws CompileError where it breaks one in any run */
  enforce(node: Node, { rules }: Operator): void {
    node.inputs = node.inputs.map((input) => input && (this.behindChecks.get(input) ?? input))
    const demands = demandsOf(node, typeof rules === 'function' ? rules(node) : rules)
    if (demands.length === 0) return
    this.hold(node, demands)
    const byInput = new Map<number, Demand[]>()
    for (const demand of demands) {
      const list = byInput.get(demand.input)
      if (list) list.push(demand)
      else byInput.set(demand.input, [demand])
    }
    for (const [i, list] of byInput) node.inputs[i] = this.refine(node, node.input(i), list)
  }

  /** Learns what can be learnt of demands, and checks them in the run. */
  hold(node: Node, demands: readonly Demand[]): void {
    if (this.always) for (const demand of demands) this.learn(node, demand)
    this.check(node, demands)
  }

  private learn(node: Node, { given, expected, orOne, sentence }: Demand): void {
    if (orOne) return
    const conflict = this.identities.facts.learn(
      given,
      expected,
      `node ${JSON.stringify(node.name)} says that ${given} is ${expected}`,
    )
    if (conflict)
      throw node.error(
        'MODEL_SHAPE',
        `${[`${sentence}: expected ${expected}, given ${given}`, ...conflict].join('; ')}`,
      )
  }

  /** Ends the run where one of the demands is not met. */
  check(node: Node, demands: readonly Demand[]): void {
    const open = demands.filter((demand) => {
      const key = demandKey(demand)
      if (this.identities.checked.has(key) || this.checked.has(key)) return false
      this.checked.add(key)
      return true
    })
    if (open.length === 0) return
    const check = ownNode(node, 'Check', [])
    check.demands = open
    this.graph.nodes.push(check)
  }

  /** The value with the sizes that a check before has made sure of: kernels with static sizes are the fast ones. */
  private refine(node: Node, value: Value, demands: readonly Demand[]): Value {
    const sizes = demands.filter(({ expected, orOne }) => typeof expected === 'number' && !orOne)
    if (sizes.length === 0 || value.constant || value.kind !== 'tensor') return value
    const shape = value.dims.map((dim, axis) => sizes.find((demand) => demand.axis === axis)?.expected ?? dim)
    const better = this.refined(value, shape, node)
    this.behindChecks.set(value, better)
    return better
  }
}

/** A node that the compiler adds for another. */
export function ownNode(of: Pick<Node, 'name' | 'origin'> | undefined, op: string, inputs: Value[]): Node {
  const { name, origin } = of ?? { name: '', origin: -1 }
  return new Node({ domain: 'om', op, version: 1, name, origin, attributes: new Map(), inputs })
}
