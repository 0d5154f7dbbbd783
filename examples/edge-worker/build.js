import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import onnx from 'unplugin-onnx-mlir/esbuild'

/** The condition `workerd` is Cloudflare's: it picks what packages have for it, and tells the plugin to keep the model's module an import. */
await build({
  absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
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
