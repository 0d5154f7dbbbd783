// A digital signal processor that nobody has built: its compiler is this machine's, and its one instruction is dsp.h.
import { registerTarget } from 'unplugin-onnx-mlir'

registerTarget({
  name: 'dsp1',
  summary: 'a made-up DSP that multiplies and adds four numbers at once',
  triple: 'dsp1-unknown-elf',
  cc: 'cc',
  flags: ['-O2', '-DDSP1'],
  // Programs for it run here. A simulator would stand here with its arguments, as in ['qemu-dsp', '-cpu', 'dsp1'].
  runner: [],
  kernels: [
    {
      operator: 'MatMul',
      inputs: 'a:float32[m, k] b:float32[k, n]',
      outputs: 'c:float32[m, n]',
      file: new URL('./matmul.c', import.meta.url),
      function: 'dsp_matmul',
    },
  ],
})
