import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { builtinSource } from '../../../src/builtin/index.ts'
import type { Sharing } from '../../../src/builtin/shared-kernel.ts'
import { modelBytes, type ModelSource } from '../../../src/onnx/build.ts'
import type { Model as OnnxModel } from '../../../src/onnx/model.ts'
import { decodeModel } from '../../../src/onnx/read.ts'
import type { Signature } from '../../../src/runtime/index.ts'
import { compileModuleNow } from '../../../src/runtime/wasm/compile.ts'
import type { WasmModule } from '../../../src/runtime/wasm/api.ts'
import { nodePoolWorker } from '../../../src/runtime/wasm/node-pool.ts'
import type { PoolWorker, StartPoolWorker } from '../../../src/runtime/wasm/pool.ts'
import { workerSource } from '../../../src/runtime/wasm/worker-source.ts'
import { resolveTarget } from '../../../src/targets/index.ts'
import { type CompiledModule, compileWasm } from '../../../src/toolchains/wasm.ts'
import type { WasmToolchain } from '../../../src/toolchains/wasm-find.ts'
import { makeFolder } from '../../scratch.ts'

// Modules for threads, beside those for one.

const staging = makeFolder()
const native = fileURLToPath(new URL('../../../native/', import.meta.url))
const includeDirs = ['freestanding', 'wasm', 'abi', 'kernels'].map((room) => native + room)

export interface ThreadedModel {
  readonly signature: Signature
  readonly base: WasmModule
  readonly threaded: WasmModule
  readonly weights: Uint8Array | undefined
  readonly paths: { readonly library: string; readonly threaded: string; readonly weights?: string }
}

/** Every kernel that may be shared is, in as many parts as it can be. */
export const always: Sharing = { least: 0, part: 1 }

/**
 * Both modules of a model.
 *
 * @param meet all threads take part in each shared kernel, and wait for one another before
 */
export async function compileThreaded(
  source: ModelSource | OnnxModel,
  { sharing = always, meet = true, toolchain }: { sharing?: Sharing; meet?: boolean; toolchain?: WasmToolchain } = {},
): Promise<ThreadedModel> {
  const model = 'opsets' in source && 'nodes' in source ? decodeModel(modelBytes(source)) : (source as OnnxModel)
  const target = resolveTarget('wasm')
  const made = builtinSource(model, { target, identity: 'test', sharing })
  const compiled = await compileWasm({
    ...made,
    source: `${meet ? '#define OM_MEET\n' : ''}${made.text}`,
    target,
    optimize: 3,
    stagingRoot: staging,
    ...(toolchain && { toolchain }),
  })
  const { library, weights } = compiled
  const threaded = threadedOf(compiled)
  if (threaded === undefined) throw new TypeError('no kernel of it is shared')
  const [base, shared] = [library, threaded].map((path) => compileModuleNow(readFileSync(path), 'model'))
  return {
    signature: made.signature,
    base: base!,
    threaded: shared!,
    weights: weights === undefined ? undefined : readFileSync(weights),
    paths: { library, threaded, ...(weights !== undefined && { weights }) },
  }
}

/** The module for threads whose arithmetic is that of the module for all engines. */
function threadedOf({ variants = [] }: CompiledModule): string | undefined {
  return variants.find(({ needs }) => needs.join() === 'threads')?.library
}

/** The threaded module of C, whose functions and entry are all written by hand. */
export async function compileThreadedC(source: string): Promise<string> {
  const compiled = await compileWasm({
    source: `#ifdef OM_THREADS\n${source}\n#endif\n`,
    includeDirs,
    target: resolveTarget('wasm'),
    optimize: 3,
    stagingRoot: staging,
    isShared: true,
  })
  return threadedOf(compiled)!
}

/** Starts workers of this process, and tells of them. */
export function watchedWorkers(): { start: StartPoolWorker; workers: PoolWorker[]; stopped: () => number } {
  const workers: PoolWorker[] = []
  let stopped = 0
  const start = nodePoolWorker(workerSource)
  return {
    workers,
    stopped: () => stopped,
    start: (gone) => {
      const worker = start(gone)
      workers.push(worker)
      return {
        order: (order) => worker.order(order),
        stop: () => {
          stopped++
          worker.stop()
        },
      }
    },
  }
}
