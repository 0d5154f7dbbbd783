import module from 'node:module'
import { EnvironmentError } from '../errors/index.ts'
import { projectOptions } from './project-options.ts'
import { hookRequireLoading, hookRequireResolution } from './require.ts'
import { createSyncModuleMaker } from './sync.ts'
import { syncHooks } from './sync-hooks.ts'

/** Of Node 22.15 and 23.5. */
interface WithHooks {
  registerHooks?(hooks: object): void
}

/** Set where a thread has them: flags and NODE_OPTIONS may both name this. */
const registered = Symbol.for('unplugin-onnx-mlir.register')

/**
 * Has this thread's `import` and `require()` take models, as package.json's options say. Worker threads get the flag that
 * preloaded this, and so do it for themselves.
 */
export function register(): void {
  if (Reflect.has(globalThis, registered)) return
  Reflect.set(globalThis, registered, true)
  if (process.versions['bun'])
    throw new EnvironmentError('ENVIRONMENT_BUN', 'Bun has hooks of its own: bun --preload unplugin-onnx-mlir/bun')
  const options = projectOptions()
  const { registerHooks } = module as WithHooks
  if (!('register' in module))
    throw new EnvironmentError(
      'ENVIRONMENT_NODE',
      `Models are imported by Node 20.19 and newer; this is ${process.version}.`,
    )
  const makeModule = createSyncModuleMaker(options)
  hookRequireResolution()
  if (registerHooks) return registerHooks(syncHooks(makeModule))
  module.register(new URL('./thread-hooks.js', import.meta.url), { data: options })
  hookRequireLoading(makeModule)
}
