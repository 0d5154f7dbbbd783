import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fromRuntime, toRuntime } from '../../dist/conformance/runtime-tensor.js'
import { EnvironmentError } from '../../dist/errors/index.js'

/** The model itself breaks a rule, whatever its inputs hold. */
export class RefusedModel extends Error {
  constructor(cause) {
    super(cause.message, { cause })
    /** Whether it is only that onnxruntime lacks the operator for such types. */
    this.isLack = /NOT_IMPLEMENTED|Could not find an implementation/.test(cause.message)
  }
}

/**
 * onnxruntime, which answers are compared to.
 *
 * @param {string} root folder of the repository
 * @returns a function from a model's bytes and its inputs to its outputs, by name; it throws where onnxruntime refuses
 */
export function onnxruntime(root) {
  const folder = join(root, 'bench')
  if (!existsSync(join(folder, 'node_modules', 'onnxruntime-node')))
    throw new EnvironmentError(
      'ENVIRONMENT_ONNXRUNTIME',
      'onnxruntime-node, which answers are compared to, is not installed. Run: npm ci --ignore-scripts --prefix bench',
    )
  const ort = createRequire(join(folder, 'package.json'))('onnxruntime-node')
  ort.env.logLevel = 'fatal'
  // As the graph says, node by node: its optimiser's faults are not what we look for.
  const options = {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  }
  return async (bytes, inputs) => {
    const session = await ort.InferenceSession.create(bytes, options).catch((error) => {
      throw new RefusedModel(error)
    })
    try {
      const feeds = [...inputs].map(([name, tensor]) => [name, feed(ort, tensor)])
      const results = await session.run(Object.fromEntries(feeds))
      return new Map(Object.entries(results).map(([name, result]) => [name, fromRuntime(plain(result))]))
    } finally {
      await session.release()
    }
  }
}

function feed(ort, tensor) {
  const { data, dims } = toRuntime(tensor)
  if (tensor.type === 'bool') return new ort.Tensor('bool', Uint8Array.from(data), dims)
  const isHalf = tensor.type === 'float16' && globalThis.Float16Array !== undefined
  return new ort.Tensor(tensor.type, isHalf ? new Float16Array(data.buffer, data.byteOffset, data.length) : data, dims)
}

/** A copy: what onnxruntime gave goes away with its session. */
function plain({ type, dims, data }) {
  return { type, dims: [...dims], data: Array.isArray(data) ? [...data] : data.slice() }
}
