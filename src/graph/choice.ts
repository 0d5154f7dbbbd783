import type { Node } from './graph.ts'

/** What a string attribute chooses among; an error lists the names that there are. */
export function choiceOf<T>(node: Node, attribute: string, otherwise: string, choices: Readonly<Record<string, T>>): T {
  const name = node.string(attribute, otherwise)
  if (Object.hasOwn(choices, name)) return choices[name]!
  throw node.error(
    'MODEL_ATTRIBUTE',
    `${attribute} ${JSON.stringify(name)} is not one of ${Object.keys(choices).join(', ')}`,
  )
}
