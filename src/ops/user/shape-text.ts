import { broadcastShapes } from '../../graph/broadcast.ts'
import { add, type Dim, floorDivide, maximum, minimum, multiply, subtract } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { AxisRule, InputRule } from '../../graph/rules.ts'

// The shapes of outputs, written as rules of inputs are: `y:T[n, (c - 1) / stride + 1, ...s]`.

/** An output: its name, its type (a type variable or an element type), and its axes. */
export interface OutputRule {
  readonly name: string
  readonly type: string
  readonly axes: readonly OutputAxis[]
}

/** A size; or the axes that `...name` or `~` stood for in the inputs. */
type OutputAxis =
  | { readonly kind: 'size'; readonly size: Expression }
  | { readonly kind: 'rest'; readonly name: string }
  | { readonly kind: 'broadcast' }

type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'call'; readonly call: Call; readonly a: Expression; readonly b: Expression }

const calls = { '+': add, '-': subtract, '*': multiply, '/': floorDivide, min: minimum, max: maximum } as const
type Call = keyof typeof calls

/** Rules of outputs as text. @throws TypeError where it is not of that form */
export function outputRules(text: string): OutputRule[] {
  return new Parser(text).outputs()
}

class Parser {
  private readonly text: string
  private readonly tokens: readonly string[]
  private at = 0

  constructor(text: string) {
    this.text = text
    this.tokens = text.match(/\.\.\.|\w+|\S/g) ?? []
  }

  outputs(): OutputRule[] {
    const outputs: OutputRule[] = []
    while (this.at < this.tokens.length) outputs.push(this.output())
    if (outputs.length === 0) throw new TypeError('there is no output')
    return outputs
  }

  private output(): OutputRule {
    const name = this.word('a name')
    this.expect(':')
    const type = this.word('a type')
    this.expect('[')
    const axes: OutputAxis[] = []
    while (!this.take(']')) {
      if (axes.length > 0) this.expect(',')
      axes.push(this.axis())
    }
    return { name, type, axes }
  }

  private axis(): OutputAxis {
    if (this.take('~')) return { kind: 'broadcast' }
    if (this.take('...')) return { kind: 'rest', name: this.word('a name') }
    return { kind: 'size', size: this.sum() }
  }

  private sum(): Expression {
    let a = this.product()
    for (let call = this.oneOf('+', '-'); call; call = this.oneOf('+', '-'))
      a = { kind: 'call', call, a, b: this.product() }
    return a
  }

  private product(): Expression {
    let a = this.factor()
    for (let call = this.oneOf('*', '/'); call; call = this.oneOf('*', '/'))
      a = { kind: 'call', call, a, b: this.factor() }
    return a
  }

  private factor(): Expression {
    if (this.take('(')) {
      const inner = this.sum()
      this.expect(')')
      return inner
    }
    const word = this.word('a size')
    if (/^\d+$/.test(word)) return { kind: 'number', value: Number(word) }
    if ((word === 'min' || word === 'max') && this.take('(')) {
      const a = this.sum()
      this.expect(',')
      const b = this.sum()
      this.expect(')')
      return { kind: 'call', call: word, a, b }
    }
    return { kind: 'name', name: word }
  }

  private oneOf(...signs: ('+' | '-' | '*' | '/')[]): '+' | '-' | '*' | '/' | undefined {
    return signs.find((sign) => this.take(sign))
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false
    this.at++
    return true
  }

  private expect(token: string): void {
    if (!this.take(token)) this.fail(JSON.stringify(token))
  }

  private word(what: string): string {
    const token = this.tokens[this.at]
    if (token === undefined || !/^\w+$/.test(token)) return this.fail(what)
    this.at++
    return token
  }

  private fail(expected: string): never {
    const found = this.tokens[this.at]
    throw new TypeError(
      `${JSON.stringify(this.text)}: expected ${expected}, found ${found === undefined ? 'the end' : JSON.stringify(found)}`,
    )
  }
}

/** Names of sizes that an output's shape speaks of, and of axes behind `...`. */
export function namesIn(rule: OutputRule): { readonly sizes: string[]; readonly rests: string[] } {
  const sizes: string[] = []
  const visit = (expression: Expression): void => {
    if (expression.kind === 'name') sizes.push(expression.name)
    if (expression.kind !== 'call') return
    visit(expression.a)
    visit(expression.b)
  }
  for (const axis of rule.axes) if (axis.kind === 'size') visit(axis.size)
  return { sizes, rests: rule.axes.flatMap((axis) => (axis.kind === 'rest' ? [axis.name] : [])) }
}

/** What the names of rules stand for in a node whose inputs meet them. */
interface Bindings {
  readonly sizes: Map<string, Dim>
  readonly rests: Map<string, readonly Dim[]>
  /** What stands for `~` in each input. */
  readonly broadcast: (readonly Dim[])[]
}

/** The rule of input `i`: the last is for all further ones where it may be repeated. */
export function ruleOf(rules: readonly InputRule[], i: number): InputRule | undefined {
  const last = rules.at(-1)
  return rules[i] ?? (last?.presence === 'repeated' ? last : undefined)
}

function bindingsOf(node: Node, rules: readonly InputRule[], attributes: ReadonlyMap<string, number>): Bindings {
  const bindings: Bindings = { sizes: new Map(attributes), rests: new Map(), broadcast: [] }
  node.inputs.forEach((input, i) => {
    const shape = ruleOf(rules, i)?.shape
    if (input && Array.isArray(shape)) bind(bindings, shape as readonly AxisRule[], input)
  })
  return bindings
}

function bind({ sizes, rests, broadcast }: Bindings, axes: readonly AxisRule[], { dims }: Value): void {
  const many = axes.findIndex(({ kind }) => kind === 'rest' || kind === 'broadcast')
  const behind = many < 0 ? 0 : axes.length - many - 1
  axes.forEach((axis, i) => {
    if (axis.kind === 'named') {
      const dim = dims[many < 0 || i < many ? i : dims.length - axes.length + i]
      // A number says more than a symbol that the rules made equal to it.
      if (dim !== undefined && typeof sizes.get(axis.name) !== 'number') sizes.set(axis.name, dim)
    }
    const own = dims.slice(i, dims.length - behind)
    if (axis.kind === 'rest' && axis.name && !rests.has(axis.name)) rests.set(axis.name, own)
    if (axis.kind === 'broadcast') broadcast.push(own)
  })
}

/**
 * The shape of an output. `attributes`: those that are integers, by name.
 *
 * @throws CompileError where a name belongs to an input that is not given, or a size is divided by what may be 0
 */
export function shapeOf(
  node: Node,
  rule: OutputRule,
  rules: readonly InputRule[],
  attributes: ReadonlyMap<string, number>,
): Dim[] {
  const { sizes, rests, broadcast } = bindingsOf(node, rules, attributes)
  const missing = (name: string) =>
    node.error('MODEL_MISSING_INPUT', `the shape of output ${rule.name} needs ${name}, of an input that is not given`)
  const sizeOf = (expression: Expression): Dim => {
    if (expression.kind === 'number') return expression.value
    if (expression.kind === 'name') {
      const size = sizes.get(expression.name)
      if (size !== undefined) return size
      throw missing(expression.name)
    }
    const [a, b] = [sizeOf(expression.a), sizeOf(expression.b)]
    if (expression.call === '/' && !(typeof b === 'number' && b >= 1))
      throw node.error('MODEL_SHAPE', `the shape of output ${rule.name} divides by ${b}, which may be 0`)
    return calls[expression.call](a, b)
  }
  return rule.axes.flatMap((axis): readonly Dim[] => {
    if (axis.kind === 'broadcast') return broadcastShapes(node, broadcast)
    if (axis.kind === 'size') return [sizeOf(axis.size)]
    const rest = rests.get(axis.name)
    if (rest) return rest
    throw missing(`...${axis.name}`)
  })
}
