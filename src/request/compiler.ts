import { choice } from './directive.ts'

export const compiler = choice({
  name: 'compiler',
  summary: 'who compiles: onnx-mlir where it can and else builtin (auto), one of them, or the faster of both',
  words: ['auto', 'builtin', 'onnx-mlir', 'fastest'],
  fallback: 'auto',
})
