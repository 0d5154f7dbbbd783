import onnx from 'unplugin-onnx-mlir/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [onnx()],
  // Relative addresses: the build runs in whatever folder of a site it is put.
  base: './',
})
