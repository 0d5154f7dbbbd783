import { dimKey, isAtLeast, isStatic, product, symbolName, symbolsOf } from '../graph/dim.ts'
import type { Graph, Value } from '../graph/graph.ts'
import { naming } from '../graph/unforeseen.ts'
import { stringLiteral } from '../lowering/c-text.ts'
import { operatorOf } from '../ops/index.ts'
import { elementBytes } from '../ops/sequence/list.ts'
import type { ControlWriter } from '../lowering/lowering.ts'
import type { ConstantPool } from './constants.ts'
import { type Argument, type KernelCall, pointerType } from './kernel.ts'
import type { LoweredGraphs, LoweredGroup } from './lower.ts'
import { bytesOf, type Plan } from './plan.ts'
import { MemoryStatements } from './memory-statements.ts'
import { runMemory } from './run-memory.ts'

/**
 * Writes `om_run`, the flat entry of a model: binds symbols from the inputs' dimensions, runs the groups in order,
 * hands the outputs over. A plain sequence of calls, so that a reader can follow the graph in it.
 */
export function writeRun(
  graph: Graph,
  lowered: LoweredGraphs,
  plan: Plan,
  constants: ConstantPool,
  options: { readonly profile?: boolean; readonly keepsMemory?: boolean } = {},
): string {
  return new RunWriter(graph, lowered, plan, constants, options.profile ? [] : undefined).write(options.keepsMemory)
}

/**
 * Writes `om_make_constants`, which computes the constants that are made when the model is loaded, and `om_constants`, which gives the
 * memory that they are in.
 */
export function writeLoad(graph: Graph, lowered: LoweredGraphs, plan: Plan, constants: ConstantPool): string {
  return new RunWriter(graph, lowered, plan, constants, undefined).writeLoad()
}

class RunWriter extends MemoryStatements implements ControlWriter {
  private readonly lowered: LoweredGraphs
  /** The last output that is in each slot. */
  private readonly lastOutputs = new Map<number, number>()
  /** Rows of the table of profiled nodes; `undefined` where nothing is profiled. */
  private readonly profiled: string[] | undefined
  private makesTexts = false

  constructor(
    main: Graph,
    lowered: LoweredGraphs,
    plan: Plan,
    constants: ConstantPool,
    profiled: string[] | undefined,
  ) {
    super(main, plan, constants)
    this.profiled = profiled
    this.lowered = lowered
    main.outputs.forEach((value, index) => {
      const storage = plan.storage.get(value)
      if (storage?.kind === 'slot') this.lastOutputs.set(storage.slot, index)
    })
  }

  write(keepsMemory = false): string {
    this.bindInputs()
    this.sizes.endInputs()
    const binding = this.statements
    this.statements = ''
    this.graph(this.main, () => this.main.outputs.forEach((value, index) => this.handOver(value, index)))
    const variables = this.sizes.names()
    const symbols = variables.map((name) => `  int64_t ${name} = 0;\n`).join('')
    const unused = ['arena', 'in', 'out', 'message', ...variables]
    const { kept, declared, released } = runMemory(this.plan, { makesTexts: this.makesTexts, isKept: keepsMemory })
    const loaded = '  char *loaded = NULL;\n  if ((error = om_constants(&loaded, message))) return error;\n'
    return `${this.profileTable()}${kept}static int om_run(void *arena, const om_buffer *in, om_buffer *out, om_message *message) {
  int error = OM_OK;
${this.constants.loadedBytes > 0 ? loaded : ''}${symbols}${declared}  ${unused.map((name) => `(void)${name}`).join(', ')};
${binding}${this.sizes.formulaDefinitions()}${this.body}${`${binding}${this.body}`.includes('goto done;') ? 'done:\n' : ''}${released}  return error;
}
`
  }

  writeLoad(): string {
    this.graph(this.main)
    const { declared, released } = runMemory(this.plan, { makesTexts: this.makesTexts, isKept: false })
    const { arenaBytes, loadedBytes } = this.plan
    return `static int om_make_constants(char *loaded, void *arena, om_message *message) {
  int error = OM_OK;
${declared}  (void)loaded, (void)arena, (void)message;
${this.body}${this.body.includes('goto done;') ? 'done:\n' : ''}${released}  return error;
}

static int om_constants(char **loaded, om_message *message) {
  return om_load_once(om_make_constants, ${loadedBytes}, ${arenaBytes}, loaded, message);
}

void om_prepare(void);
OM_EXPORT(om_prepare) void om_prepare(void) {
  char *loaded;
  om_constants(&loaded, NULL);
}
`
  }

  graph(graph: Graph, end: () => void = () => undefined): void {
    this.flush()
    this.sizes.open(symbolsIn(graph.inputs))
    this.graphs.push({ graph, nodes: new Set(graph.nodes) })
    for (const group of this.lowered.get(graph) ?? []) {
      naming(group.anchor, () => this.group(group))
      this.flush()
      this.sizes.settle(symbolsIn(group.outputs))
    }
    end()
    this.flush()
    this.graphs.pop()
    this.sizes.close()
  }

  private group(group: LoweredGroup): void {
    const outer = this.node
    this.node = group.anchor
    this.line(`/* ${group.nodes.map((node) => `${node.op} ${node.origin}`).join(', ')} */`)
    const { alias, control } = operatorOf(group.anchor)
    if (group.sizes) {
      this.call(group.sizes)
      this.checkSymbols(group.outputs)
      this.flush()
      this.sizes.settle(
        group.sizes.arguments.flatMap((argument) => (argument.kind === 'symbol' ? [...symbolsOf(argument.dim)] : [])),
      )
    }
    if (!control) this.checkDims(group)
    if (control) control(group.anchor, this)
    else if (alias === undefined) {
      for (const output of group.outputs) this.allocate(output)
      this.profileBegin(group)
      if (group.call) this.callUnlessEmpty(group.call)
      if (this.profiled) this.line('om_profile_end();')
    }
    this.node = outer
  }

  /** Differences, as in the output size of a convolution, may come out negative for some sizes of the inputs. */
  private checkDims({ nodes, outputs }: LoweredGroup): void {
    const checked = new Set(nodes.flatMap(({ inputs }) => inputs.flatMap((input) => input?.shape ?? []).map(dimKey)))
    for (const dim of outputs.flatMap((output) => output.shape ?? [])) {
      if (isAtLeast(dim, 0) || checked.has(dimKey(dim))) continue
      checked.add(dimKey(dim))
      this.failIf(`${this.dim(dim)} < 0`, `its result would have a dimension of ${dimKey(dim)}, which is negative`)
    }
  }

  private profileBegin({ anchor, nodes }: LoweredGroup): void {
    if (!this.profiled) return
    const names = [...new Set(nodes.map((node) => node.name))].join('-')
    this.line(`om_profile_begin(&om_profile_nodes[${this.profiled.length}]);`)
    this.profiled.push(`  {${stringLiteral(`onnx.${anchor.op}`)}, ${stringLiteral(names)}},\n`)
  }

  private profileTable(): string {
    if (!this.profiled) return ''
    return `static const om_profile_node om_profile_nodes[] = {\n${this.profiled.join('')}  {0, 0}};\n\n`
  }

  /**
   * A kernel whose results have no elements has nothing to do, and is not called: its loops may run over other dimensions,
   * which are as large as one likes where one is 0.
   */
  private callUnlessEmpty(call: KernelCall): void {
    const tellsSizes = call.arguments.some(({ kind }) => kind === 'symbol')
    const written = call.arguments.flatMap((argument) =>
      argument.kind === 'value' && argument.written ? [argument.value.dims.filter((dim) => !isAtLeast(dim, 1))] : [],
    )
    if (tellsSizes || written.some((dims) => dims.length === 0)) return this.call(call)
    const conditions = written.map((dims) => dims.map((dim) => `${this.dim(dim)} > 0`).join(' && '))
    this.line(`if (${[...new Set(conditions)].map((text) => `(${text})`).join(' || ')}) {`)
    this.call(call)
    this.line('}')
  }

  private call(call: KernelCall): void {
    for (const scratch of call.scratch) this.allocateTenant(scratch, scratch.bytes)
    const text = `${call.function}(${call.arguments.map((argument) => this.argument(argument)).join(', ')})`
    this.line(call.fails ? `if ((error = ${text})) goto done;` : `${text};`)
  }

  private argument(argument: Argument): string {
    switch (argument.kind) {
      case 'value':
        return `(${pointerType(argument.value.type, argument.written)})${this.address(argument.value)}`
      case 'dim':
        return this.dim(argument.dim)
      case 'symbol':
        return `&${this.symbol(argument.dim)}`
      case 'scratch':
        return `(void *)${this.address(argument.scratch)}`
      case 'constant':
        return `(${pointerType(argument.type, false)})${this.constants.data(argument.type, argument.bytes)}`
      case 'panels':
        return `(${pointerType(argument.type, false)})${this.constants.panels(argument)}`
      case 'packed':
        return `(const float *)${this.constants.packed(argument.weights, argument.packing)}`
      case 'sentence':
        return stringLiteral(argument.text)
      case 'texts':
        this.makesTexts = true
        return '&texts'
      case 'message':
        return 'message'
    }
  }

  private checkSymbols(values: readonly Value[]): void {
    const fresh = new Set(values.flatMap((value) => (value.shape ?? []).flatMap((dim) => [...symbolsOf(dim)])))
    for (const name of fresh) {
      if (!this.sizes.bind(name)) continue
      this.failIf(
        `!om_valid_dim(${this.sizes.variable(name)})`,
        'a dimension computed from data is negative or too large',
      )
    }
  }

  private bindInputs(): void {
    this.main.inputs.forEach((input, i) => {
      input.shape?.forEach((dim, axis) => {
        const name = symbolName(dim)
        if (name === undefined) return
        const given = `in[${i}].dims[${axis}]`
        if (!this.sizes.bind(name)) {
          const sentence = `dimension ${axis} of input ${input.name} differs from another dimension of the same name`
          const other = this.sizes.variable(name)
          this.failSize(`${given} != ${other}`, given, other, sentence)
        } else {
          this.line(`${this.symbol(dim)} = ${given};`)
          this.fail(
            `!om_valid_dim(${given})`,
            'OM_ERR_SHAPE',
            `dimension ${axis} of input ${input.name} is negative or too large`,
          )
        }
      })
    })
  }

  /** Gives output `index` to the caller: most are in place already, the rest are copied or their slot is given away. */
  private handOver(value: Value, index: number): void {
    if (value.kind !== 'tensor') {
      const given = `om_give_list(${this.list(value)}, ${elementBytes(value.type)}, ${value.type === 'string'})`
      return this.needsMemory(`(out[${index}].data = ${given})`)
    }
    value.dims.forEach((dim, axis) => this.line(`out[${index}].dims[${axis}] = ${this.dim(dim)};`))
    const storage = this.plan.storage.get(value)
    if (storage?.kind === 'output' && storage.index === index) return
    if (isStatic(value.dims)) return this.copyOut(value, index)
    if (storage?.kind === 'slot' && value.type !== 'string' && this.lastOutputs.get(storage.slot) === index) {
      this.line(`out[${index}].data = slots[${storage.slot}].data;`)
      this.line(`slots[${storage.slot}].data = NULL;`)
      return
    }
    this.line(
      `if (!(out[${index}].data = om_allocate(${this.byteCount(bytesOf(value))}))) { error = OM_ERR_MEMORY; goto done; }`,
    )
    this.copyOut(value, index)
  }

  private copyOut(value: Value, index: number): void {
    if (value.type === 'string') {
      const count = this.dim(product(value.dims))
      this.line(
        `if (!om_copy_strings(out[${index}].data, ${this.address(value)}, ${count})) { error = OM_ERR_MEMORY; goto done; }`,
      )
    } else {
      this.line(`memcpy(out[${index}].data, ${this.address(value)}, (size_t)(${this.dim(bytesOf(value))}));`)
    }
  }
}

function symbolsIn(values: readonly Value[]): Set<string> {
  return new Set(values.flatMap(({ shape }) => (shape ?? []).flatMap((dim) => [...symbolsOf(dim)])))
}
