import type { Compiler } from 'webpack'
import { beforeClose, BuildSignals } from './build-signals.ts'

/** The signal of the build that a compiler is at. Asked for the first time, it begins to listen to the compiler's hooks. */
export function signalOf({ root: compiler }: Compiler): AbortSignal {
  const known = compilers.get(compiler) ?? listen(compiler)
  compilers.set(compiler, known)
  return known()
}

const compilers = new WeakMap<Compiler, () => AbortSignal>()

function listen(compiler: Compiler): () => AbortSignal {
  const signals = new BuildSignals()
  /** Stands for the build: a new one each time. */
  let build = {}
  let watched: Compiler['watching']
  const begin = (): void => {
    build = {}
    const { watching } = compiler
    if (!watching || watching === watched) return
    watched = watching
    beforeClose(watching, () => signals.stop(build))
  }
  begin()
  compiler.hooks.run.tap('onnx-mlir', begin)
  compiler.hooks.watchRun.tap('onnx-mlir', begin)
  // With `bail`, a build fails while models are still being compiled.
  compiler.hooks.failed.tap('onnx-mlir', () => signals.stop(build))
  compiler.hooks.shutdown.tap('onnx-mlir', () => signals.stop(build))
  return () => signals.of(build)
}
