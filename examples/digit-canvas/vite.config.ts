import onnx from 'unplugin-onnx-mlir/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  // The page tells what the model itself weighs: by itself so small a one would be inside of the script.
  plugins: [onnx({ files: 'url' })],
  // Relative addresses: the build runs in whatever folder of a site it is put.
  base: './',
})
