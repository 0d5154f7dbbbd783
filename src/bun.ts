import { type BunLoader, hookBun } from './loaders/bun-hooks.ts'
import { projectOptions } from './loaders/project-options.ts'
import { createSyncModuleMaker } from './loaders/sync.ts'
import type { BunBuilder } from './loaders/bun-build.ts'
import type { HostOptions } from './plugin/models.ts'

/** What Bun takes as a plugin. */
export interface BunPlugin {
  readonly name: string
  setup(build: unknown): void | Promise<void>
}

interface BunRuntime {
  plugin(plugin: BunPlugin): void
  resolveSync(specifier: string, folder: string): string
}

const { Bun: runtime } = globalThis as { readonly Bun?: BunRuntime }

/**
 * Plugin of Bun, for `Bun.build({ plugins: [onnx()] })`. Code is for browsers unless `target` is `node` or `bun`, as Bun
 * itself has it.
 */
const bun = (options: HostOptions = {}): BunPlugin => ({
  name: 'onnx-mlir',
  async setup(build) {
    // The compiler is nothing that programs need to wait for that preload this.
    const { setUpBunBuild } = await import('./loaders/bun-build.ts')
    // Bun's types are not here; what its builder has is said where it is used.
    setUpBunBuild(build as BunBuilder, options, runtime!.resolveSync)
  },
})

// Preloaded (`bun --preload unplugin-onnx-mlir/bun`), it has imports take models, as package.json's options say.
runtime?.plugin({
  name: 'onnx-mlir',
  setup: (build) => hookBun(build as BunLoader, createSyncModuleMaker(projectOptions()), runtime.resolveSync),
})

export default bun
