import { choice } from './directive.ts'

export const profile = choice({
  name: 'profile',
  summary: 'onnx: the model measures the time of each of its operators',
  words: ['none', 'onnx'],
  fallback: 'none',
})
