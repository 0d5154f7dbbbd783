import { type Directive, invalidValue } from './directive.ts'

/** Element types that inputs of PyTorch may have, under their names in ONNX, which are torch's own. */
const types = ['float32', 'float64', 'float16', 'bfloat16', 'int8', 'int16', 'int32', 'int64', 'uint8', 'bool'] as const

/** What an input is said to be, where the file doesn't say: a size is a number, or the name of one that varies. */
export interface InputShape {
  readonly name: string
  readonly type: (typeof types)[number]
  readonly shape: readonly (number | string)[]
}

const expected = `names, types (${types.join(', ')}) and sizes, like x-float32-batch-3-224-224,mask-bool-batch-10`

/**
 * Reads `x-float32-batch-3`, the form that specifiers can carry as no name of Python has a hyphen, or `x:float32[batch,3]`; more
 * inputs follow behind commas.
 *
 * @throws UsageError `USAGE_DIRECTIVE`
 */
export function parseInputs(text: string): InputShape[] {
  const wrong = () => invalidValue('inputs', text, expected)
  const plain = text
    .trim()
    .replace(/\s*([:[\],])\s*/g, '$1')
    .replace(/:(\w+)(?:\[([\w,]*)\])?(?=,|$)/g, (_, type: string, sizes = '') =>
      [`-${type}`, ...sizes.split(',').filter(Boolean)].join('-'),
    )
  const names = new Set<string>()
  return plain.split(',').map((part) => {
    const [name = '', typeText = '', ...sizes] = part.split('-')
    const type = types.find((candidate) => candidate === typeText)
    const shape = sizes.map((size) => (/^\d+$/.test(size) ? Number(size) : size))
    const isRight = (size: number | string) =>
      typeof size === 'number' ? size > 0 && Number.isSafeInteger(size) : isName(size)
    if (!isName(name) || names.has(name) || type === undefined || !shape.every(isRight)) throw wrong()
    names.add(name)
    return { name, type, shape }
  })
}

function isName(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text)
}

/** Only for models that Python converts: TorchScript stores no shapes. */
export const inputs: Directive<string> = {
  name: 'inputs',
  syntax: 'inputs=x-float32-batch-3',
  summary: 'types and sizes of the inputs of a TorchScript file or a Python module, which don’t say them',
  listed: ['x-float32-batch-3-224-224', 'x-float32-1-3-224-224'],
  fallback: '',
  parse: (text) => formatted(parseInputs(text)),
  format: (text) => text,
}

function formatted(inputs: readonly InputShape[]): string {
  return inputs.map(({ name, type, shape }) => [name, type, ...shape].join('-')).join(',')
}
