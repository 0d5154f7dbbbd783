import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { UsageError } from '../../errors/index.ts'
import { type InputRule, takes } from '../../graph/rules.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import type { UserAttribute, UserOperator } from '../../onnx/user-operator.ts'
import { problemOf } from './check.ts'
import { pathOf } from '../../options/operator-files.ts'
import { namesIn, outputRules } from './shape-text.ts'

/**
 * An operator of yours: rules of its inputs, shapes of its outputs, and a C function.
 *
 * See docs/operators-of-your-own.md for what the texts may say and what the function gets.
 */
export interface OperatorDefinition {
  /** As nodes name it; not ONNX's own (`''`, `ai.onnx…`). */
  readonly domain: string
  readonly name: string
  /** The lowest version of the domain that this is for. Default: 1. */
  readonly since?: number
  /** `x:T[n, c] angle?:float32[]`: names, element types and shapes of the inputs. What does not fit is refused. */
  readonly inputs: string
  /** Type variables: `{ T: 'float32|float64' }`. */
  readonly types?: Readonly<Record<string, string>>
  /** `y:T[n, 2 * c]`: names, element types and shapes of the outputs. */
  readonly outputs: string
  /** By name, in the order in which the function gets them. Those that are ints may stand in shapes. */
  readonly attributes?: Readonly<Record<string, UserAttribute>>
  /** A C file, read whenever a model is built. */
  readonly file?: string | URL
  /** Instead of a file: the C itself. */
  readonly source?: string
  /** The C function. Default: the operator's name. */
  readonly function?: string
}

/** An operator with defaults filled in: plain data, as JSON can hold it. */
export interface DefinedOperator extends Required<Omit<OperatorDefinition, 'file' | 'source'>> {
  /** Absolute. */
  readonly file?: string
  readonly source?: string
}

/**
 * Defines an operator, for the option `operators` of the plugin and of programs.
 *
 * @throws UsageError `USAGE_OPERATOR` where the definition does not hold together
 */
export function defineOperator(given: OperatorDefinition): DefinedOperator {
  const { domain } = given
  const made = withDefaults(given)
  if (/^[\w.-]+$/.test(domain) && !/^(ai\.onnx|om)(\.|$)/.test(domain)) return made
  const label = `${domain}.${given.name}`
  const message = `Operator ${label}: its domain is ${JSON.stringify(domain)}; give one of your own, like com.example`
  throw new UsageError('USAGE_OPERATOR', message, { operator: label })
}

/** The same of an operator in whatever domain: a kernel of a user's for one of ONNX. @throws UsageError as `defineOperator` */
export function withDefaults(given: OperatorDefinition): DefinedOperator {
  const { domain, name, since = 1, inputs, types = {}, outputs, attributes = {}, source } = given
  const label = domain === '' ? name : `${domain}.${name}`
  const fail = (problem: string): never => {
    throw new UsageError('USAGE_OPERATOR', `Operator ${label}: ${problem}`, { operator: label })
  }
  const read = <T>(make: () => T): T => {
    try {
      return make()
    } catch (error) {
      return fail(error instanceof Error ? error.message : String(error))
    }
  }
  const problem = problemOf(given)
  if (problem !== undefined) fail(problem)
  if (!/^\w+$/.test(name)) fail(`its name is ${JSON.stringify(name)}, which is no word`)
  if (!Number.isSafeInteger(since) || since < 1) fail(`since is ${since}, but should be a version`)
  if ((given.file === undefined) === (source === undefined)) fail('give its C as file or as source')
  const c = given.function ?? name
  if (!/^[A-Za-z_]\w*$/.test(c) || c.startsWith('om_')) fail(`${JSON.stringify(c)} is no name of a C function of yours`)

  const rules = read(() => takes(inputs, types)).inputs
  const results = read(() => outputRules(outputs))
  for (const rule of rules)
    if (rule.kind !== 'tensor') fail(`input ${rule.name} is a ${rule.kind}; only tensors can be passed`)
  const sizes = new Set([
    ...axisNames(rules, 'named'),
    ...Object.keys(attributes).filter((key) => attributes[key]!.type === 'int'),
  ])
  const rests = new Set(axisNames(rules, 'rest'))
  const variables = new Set(rules.map(({ variable }) => variable))
  for (const result of results) {
    const used = namesIn(result)
    const unknown =
      used.sizes.find((size) => !sizes.has(size)) ??
      used.rests.filter((rest) => !rests.has(rest)).map((rest) => `...${rest}`)[0]
    if (unknown)
      fail(
        `the shape of output ${result.name} speaks of ${unknown}, which no input's shape and no int attribute is called`,
      )
    if (result.type === 'string') fail(`output ${result.name} is of strings, which a kernel can't make`)
    if (!variables.has(result.type) && !Object.hasOwn(elementTypes, result.type))
      fail(`output ${result.name} is of type ${result.type}, which is no element type, nor a type variable of an input`)
  }
  const file = given.file === undefined ? undefined : pathOf(given.file)
  return {
    domain,
    name,
    since,
    inputs,
    types,
    outputs,
    attributes,
    function: c,
    ...(file !== undefined && { file }),
    ...(source !== undefined && { source }),
  }
}

function axisNames(rules: readonly InputRule[], kind: 'named' | 'rest'): string[] {
  return rules.flatMap(({ shape }) =>
    Array.isArray(shape) ? shape.flatMap((axis) => (axis.kind === kind && axis.name ? [axis.name] : [])) : [],
  )
}

/**
 * Operators with the C of their files.
 *
 * @throws UsageError `USAGE_OPERATOR` as `defineOperator`, and where a file can't be read or two define the same
 */
export async function loadOperators(definitions: readonly OperatorDefinition[] = []): Promise<UserOperator[]> {
  const operators = definitions.map((definition) => defineOperator(definition))
  const seen = new Set<string>()
  for (const { domain, name, since } of operators) {
    const key = `${domain}.${name} (since ${since})`
    if (seen.has(key)) throw new UsageError('USAGE_OPERATOR', `Operator ${key} is defined twice.`, { operator: key })
    seen.add(key)
  }
  return Promise.all(
    operators.map(async ({ file, source, ...rest }) => ({
      ...rest,
      file: file ?? `${rest.domain}.${rest.name}.c`,
      source: source ?? (await readSource(file!, `${rest.domain}.${rest.name}`)),
    })),
  )
}

async function readSource(file: string, operator: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UsageError(
      'USAGE_OPERATOR',
      `Operator ${operator}: its C file ${basename(file)} can't be read (${code}): ${file}. Give the path of the file, or the C itself as "source".`,
      { operator },
      { cause: error },
    )
  }
}
