import type { Store } from '../cache/index.ts'
import type { Capabilities } from '../onnx-mlir/capabilities.ts'
import { type FindOptions, findOnnxMlir } from '../onnx-mlir/find.ts'
import type { Installation } from '../onnx-mlir/installation.ts'
import type { OnnxMlirOptions } from '../onnx-mlir/options.ts'

/** Where an onnx-mlir is, and everything that it can be asked for beside what directives say. */
export interface OnnxMlirSettings extends Omit<FindOptions, 'env' | 'signal'> {
  readonly options?: Omit<OnnxMlirOptions, 'target' | 'optimize' | 'dims'>
  /** Seconds that one compilation may take; default 15 minutes. */
  readonly timeout?: number
  /** Bytes of resident memory that it may use; default three quarters of the machine's. */
  readonly memory?: number
  readonly keepTemp?: boolean
}

/** An onnx-mlir and what it can do. */
export interface FoundOnnxMlir {
  readonly installation: Installation
  readonly capabilities: Capabilities
}

/** The onnx-mlir that settings, environment and PATH lead to; `undefined` where there is none. */
export async function lookForOnnxMlir(settings: OnnxMlirSettings, store: Store): Promise<FoundOnnxMlir | undefined> {
  const installation = await findOnnxMlir(settings)
  if (!installation) return undefined
  // What most machines do without.
  const [{ capabilitiesOf }, { capabilityStore }] = await Promise.all([
    import('../onnx-mlir/probe.ts'),
    import('./capability-store.ts'),
  ])
  return { installation, capabilities: await capabilitiesOf(installation, capabilityStore(store.folder)) }
}
