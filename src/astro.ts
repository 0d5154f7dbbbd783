import type { Plugin } from 'vite'
import type { HostOptions } from './plugin/models.ts'
import vite from './vite.ts'

/** An integration of Astro, as far as ours is one. */
export interface AstroIntegration {
  readonly name: string
  readonly hooks: {
    'astro:config:setup'(setup: { updateConfig(config: { vite: { plugins: Plugin[] } }): unknown }): void
  }
}

/**
 * Integration for Astro. Pages that are rendered on demand have their models in the server's JavaScript: Astro moves all files
 * beside it to where everybody may fetch them.
 */
const astro = (options?: HostOptions): AstroIntegration => ({
  name: 'unplugin-onnx-mlir',
  hooks: {
    'astro:config:setup': ({ updateConfig }) => void updateConfig({ vite: { plugins: [vite(options)] } }),
  },
})

export default astro
export { astro as 'module.exports' }
