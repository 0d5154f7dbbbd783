// Definitions are often JavaScript, which no compiler has looked at.

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value)
const listOf =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    Array.isArray(value) && value.every(is)

/** What the members of an attribute's declaration may be, by its type. */
const attributeTypes: Readonly<Record<string, Readonly<Record<string, (value: unknown) => boolean>>>> = {
  int: { default: isInteger, min: isInteger, max: isInteger },
  float: { default: isNumber },
  ints: { default: listOf(isInteger), min: isInteger, max: isInteger },
  floats: { default: listOf(isNumber) },
  string: { default: isText, values: listOf(isText) },
}

const fields = ['domain', 'name', 'since', 'inputs', 'types', 'outputs', 'attributes', 'file', 'source', 'function']

/** The first thing in a definition that is of another kind than its type says, as a sentence; `undefined` where all fits. */
export function problemOf(definition: object): string | undefined {
  const given: Readonly<Record<string, unknown>> = { ...definition }
  const unknown = Object.keys(given).find((key) => !fields.includes(key))
  if (unknown !== undefined) return `${unknown} is none of its fields. Known: ${fields.join(', ')}`
  for (const key of ['domain', 'name', 'inputs', 'outputs'])
    if (!isText(given[key])) return `${key} should be text, but is ${kindOf(given[key])}`
  for (const key of ['function', 'source'])
    if (given[key] !== undefined && !isText(given[key])) return `${key} should be text, but is ${kindOf(given[key])}`
  const { file, types, attributes } = given
  if (file !== undefined && !isText(file) && !(file instanceof URL))
    return `file should be a path or a URL, but is ${kindOf(file)}`
  if (types !== undefined && !(isRecord(types) && Object.values(types).every(isText)))
    return 'types should be an object of texts, by the name of the variable'
  if (attributes === undefined) return undefined
  if (!isRecord(attributes)) return `attributes should be an object, but is ${kindOf(attributes)}`
  for (const [name, declared] of Object.entries(attributes)) {
    const problem = problemOfAttribute(declared)
    if (problem) return `attribute ${JSON.stringify(name)}: ${problem}`
  }
  return undefined
}

function problemOfAttribute(declared: unknown): string | undefined {
  const { type, ...rest }: { readonly type?: unknown } = isRecord(declared) ? declared : {}
  const members = isText(type) && Object.hasOwn(attributeTypes, type) ? attributeTypes[type] : undefined
  if (!members) return `its type should be one of ${Object.keys(attributeTypes).join(', ')}`
  const wrong = Object.entries(rest).find(
    ([key, value]) => value !== undefined && !(Object.hasOwn(members, key) && members[key]!(value)),
  )
  return wrong && `${wrong[0]} does not fit the type ${String(type)}`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf(value: unknown): string {
  return value === undefined ? 'missing' : value === null ? 'null' : typeof value
}
