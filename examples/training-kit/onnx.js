/** What model files are put together from. */

/** @param {string} name @param {import('../../dist/onnx/element-type.js').ElementType} type @param {(number | string)[]} shape */
export function valueInfo(name, type, shape) {
  return { name, type: { kind: /** @type {const} */ ('tensor'), type, shape } }
}

/**
 * A node named after its one output.
 *
 * @param {string} op @param {string[]} inputs @param {string} output
 * @param {Record<string, bigint | bigint[]>} [ints] its attributes
 */
export function node(op, inputs, output, ints = {}) {
  /** @type {[string, import('../../dist/onnx/model.js').Attribute][]} */
  const attributes = Object.entries(ints).map(([name, value]) => [
    name,
    Array.isArray(value) ? { kind: 'ints', value } : { kind: 'int', value },
  ])
  return { name: output, op, domain: '', overload: '', inputs, outputs: [output], attributes: new Map(attributes) }
}
