// Differences to onnxruntime that are understood: each says where it is and why it stays. An entry covers as little as it can.

/** @type {readonly { readonly why: string, readonly covers: (found: object, node: object | undefined) => boolean }[]} */
export const explained = [
  {
    why: 'The length of GatherND’s index tuples decides the rank of its result; a model whose rank depends on the run is refused.',
    covers: ({ kind, what }) => kind === 'refused' && /\(GatherND.*the last axis of indices must be known/.test(what),
  },
]

/**
 * The first entry that covers a difference.
 *
 * @param {{ kind: string, what: string, output?: string, made: object }} found
 */
export function explanationOf(found) {
  const { nodes } = found.made
  const node = nodes.find(({ outputs, name }) =>
    found.output === undefined ? found.what.includes(name) : outputs.includes(found.output),
  )
  return explained.find(({ covers }) => covers(found, node))?.why
}
