import onnx from 'unplugin-onnx-mlir/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [onnx()],
  build: {
    ssr: 'src/server.ts',
    target: 'node20',
  },
})
