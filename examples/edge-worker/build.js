import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import onnx from 'unplugin-onnx-mlir/esbuild'

const root = fileURLToPath(new URL('.', import.meta.url))

// Names are hashed: what earlier builds left is not overwritten, and would be uploaded.
rmSync(join(root, 'dist'), { recursive: true, force: true })

/** The condition `workerd` is Cloudflare's: it picks what packages have for it, and tells the plugin to keep the model's module an import. */
await build({
  absWorkingDir: root,
  entryPoints: ['src/worker.ts'],
  outdir: 'dist',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2023',
  conditions: ['workerd', 'worker'],
  logLevel: 'info',
  plugins: [onnx()],
})
