import { readFileSync } from 'node:fs'
import { UsageError } from '../../errors/index.ts'
import type { UserOperator } from '../../onnx/user-operator.ts'
import { expectFields } from '../../options/expect.ts'
import { kinds, type KindsOf, type OptionKind } from '../../options/kinds.ts'
import { addTarget, type Target, targetNames } from '../../targets/index.ts'
import { type OperatorDefinition, withDefaults } from './define.ts'

/**
 * A kernel of yours for an operator of ONNX: `operator` names it, the rest is as of `OperatorDefinition`. It is called for nodes that meet
 * what it says of inputs and attributes; for all others there is ours.
 */
export interface KernelDefinition extends Omit<OperatorDefinition, 'domain' | 'name'> {
  readonly operator: string
  /** Default: ONNX's own, `''`. */
  readonly domain?: string
}

/** A machine that models can be compiled for. See docs/targets-of-your-own.md. */
export interface TargetDefinition {
  /** As `target` names it: letters, digits, dots and dashes, beginning with a letter. */
  readonly name: string
  /** The C compiler, which takes GCC's options: a program, or a list of it and its first arguments. */
  readonly cc: string | readonly string[]
  /** GNU triple of such a machine, for messages and CMake. */
  readonly triple: string
  /** Flags that code for it is compiled with. */
  readonly flags?: readonly string[]
  /** Of its integers and floats, and of the weights that are laid out for it. Default: `little`. */
  readonly byteOrder?: 'little' | 'big'
  /** Default: 8. */
  readonly pointerBytes?: 4 | 8
  /** Width of its vector registers, if the compiler knows GCC's vector extensions for it; 0 (the default): none. */
  readonly vectorBytes?: 0 | 16 | 32 | 64
  /** There is no operating system that loads libraries: models are linked in, by `compile --emit c`, `obj` or `archive`. */
  readonly isBare?: boolean
  /** What runs programs for it here, for `conformance`: a simulator and its arguments. `[]`: this machine runs them, and loads libraries for it. */
  readonly runner?: readonly string[]
  readonly kernels?: readonly KernelDefinition[]
  /** One line about it. */
  readonly summary?: string
}

const oneOf = (...values: readonly unknown[]): OptionKind => ({
  expected: `one of ${values.join(', ')}`,
  isRight: (value) => values.includes(value),
})

const fields: KindsOf<TargetDefinition> = {
  name: kinds.text,
  cc: { expected: 'a program, or a list of it and its arguments', isRight: isCommand },
  triple: kinds.text,
  flags: kinds.texts,
  byteOrder: oneOf('little', 'big'),
  pointerBytes: oneOf(4, 8),
  vectorBytes: oneOf(0, 16, 32, 64),
  isBare: kinds.boolean,
  runner: kinds.texts,
  kernels: kinds.objects,
  summary: kinds.text,
}

function isCommand(value: unknown): boolean {
  return kinds.text.isRight(value) || (kinds.texts.isRight(value) && (value as readonly string[]).length > 0)
}

/**
 * Has this process know a target, as `target` of a plugin, an import or `--target`. The C of its kernels is read now.
 *
 * @throws UsageError `USAGE_TARGET`, `USAGE_OPTION`, `USAGE_OPERATOR` where the definition does not hold together
 */
export function registerTarget(definition: TargetDefinition): void {
  expectFields(definition, 'What registerTarget() is given', fields)
  const { name, triple, flags = [], vectorBytes = 0, runner, isBare, summary } = definition
  const fail = (problem: string): never => {
    throw new UsageError('USAGE_TARGET', `Target ${JSON.stringify(name)}: ${problem}`, { target: name })
  }
  for (const key of ['name', 'cc', 'triple'] as const) if (definition[key] === undefined) fail(`${key} is missing`)
  if (!/^[a-zA-Z][\w.-]*$/.test(name))
    fail('its name is to be letters, digits, dots and dashes, beginning with a letter')
  if (targetNames.includes(name)) fail('there is a target of ours by that name')
  const [program = '', ...args] = typeof definition.cc === 'string' ? [definition.cc] : definition.cc
  const target: Target = {
    name,
    arch: 'own',
    level: 1,
    byteOrder: definition.byteOrder ?? 'little',
    pointerBytes: definition.pointerBytes ?? 8,
    vectorBytes,
    triple,
    flags: { gcc: [flags], clang: [flags] },
    crossPrefixes: [],
    ...(runner?.[0] !== undefined && { emulator: [runner[0], ...runner.slice(1)] as const }),
    ...(isBare && { isBare }),
    own: { cc: [program, ...args], ...(runner && { runner }), kernels: (definition.kernels ?? []).map(kernelOf) },
    summary: summary ?? triple,
  }
  addTarget(target)
}

function kernelOf({ operator, domain = '', ...rest }: KernelDefinition): UserOperator {
  const { file, source, ...defined } = withDefaults({ ...rest, name: operator, domain })
  return { ...defined, file: file ?? `${operator}.c`, source: source ?? read(file!, operator) }
}

function read(file: string, operator: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const { message } = cause as Error
    throw new UsageError('USAGE_OPERATOR', `Kernel for ${operator}: ${message}`, { operator, file }, { cause })
  }
}
