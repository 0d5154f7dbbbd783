const floats = ['float16', 'bfloat16', 'float32', 'float64']
const integers = ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64']

/** Names of groups of element types, largest first, as `src/graph/rules.ts` has them. */
const groups = [
  ['number', [...floats, ...integers]],
  ['float', floats],
  ['integer', integers],
  ['signed integer', integers.slice(0, 4)],
  ['unsigned integer', integers.slice(4)],
]

/** `float, bool` for a set of element types. */
function typesText(types, all) {
  if (all.every((type) => types.has(type))) return 'any'
  const left = new Set(types)
  const names = groups.flatMap(([name, members]) => {
    if (!members.every((member) => left.has(member))) return []
    for (const member of members) left.delete(member)
    return [name]
  })
  return [...names, ...left].join(', ')
}

/** `A, B: number; bias (optional): float`: inputs with what they may be, neighbours of one kind together. */
function inputsText({ inputs }, all) {
  const parts = []
  for (const { name, presence, kind, types } of inputs) {
    const label = presence === 'required' ? name : `${name} (${presence})`
    const text = kind === 'tensor' ? typesText(types, all) : kind === 'value' ? 'any value' : kind
    const last = parts.at(-1)
    if (last?.text === text) last.labels.push(label)
    else parts.push({ labels: [label], text })
  }
  return parts.map(({ labels, text }) => `${labels.join(', ')}: ${text}`).join('; ')
}

/** What a definition demands of its inputs where that depends on them: as for inputs of rank 4 along axis 1. */
function rulesOf({ rules, name, domain = '' }, version, { Node, Value }) {
  if (typeof rules !== 'function') return rules
  const inputs = Array.from({ length: 8 }, (_, i) => new Value(i, '', { type: 'float32', shape: [1, 1, 1, 1] }))
  const attributes = new Map([['axis', { kind: 'int', value: 1n }]])
  const node = new Node({ domain, op: name, version, name: '', origin: 0, attributes, inputs })
  return rules(node)
}

/** docs/operators.md, from the registry's definitions and the modules that they are about. */
export function operatorsPage(operators, { elementTypes, newest, graph }) {
  const all = Object.keys(elementTypes)
  const domains = new Map()
  for (const operator of operators) {
    const { domain = '', name } = operator
    if (domain === 'om') continue
    const names = domains.get(domain) ?? new Map()
    domains.set(domain, names.set(name, [...(names.get(name) ?? []), operator]))
  }
  const sections = [...domains].sort().map(([domain, names]) => {
    const rows = [...names]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, definitions]) => {
        const newestFirst = definitions.toSorted((a, b) => (b.since ?? 1) - (a.since ?? 1))
        const since = newestFirst.at(-1).since ?? 1
        const rules = rulesOf(newestFirst[0], newest, graph)
        return `| ${name} | ${since} | ${inputsText(rules, all) || 'none'} |`
      })
    const head = ['| operator | since | inputs and their element types |', '| --- | --- | --- |']
    return `## ${domain || 'ai.onnx'}: ${rows.length} operators\n\n${[...head, ...rows].join('\n')}\n`
  })
  return `# Operators

What the built-in compiler compiles, written from its registry by \`npm run docs:generate\` (a test fails where this page is
not what the registry says). "Since" is the lowest opset of the operator's domain whose nodes are taken, up to opset ${newest}
of ai.onnx; the types are those of the newest. \`number\` is \`float\` (${floats.join(', ')}) and all integers of 8 to 64 bits, \`any\`
everything that a tensor can hold. They are what the operator's rules take; where C lacks one of them (Conv of float64), the build
says so and names the node.

Other operators: as functions of the model, which are expanded, or [defined by you](operators-of-your-own.md). A model with operators that nobody knows is
refused with a list of them all, unless no output depends on their nodes.

${sections.join('\n')}`
}
