import { availableParallelism } from 'node:os'
import { Turns } from '../process/turns.ts'
import type { Compiler, CompileContext } from './compiler.ts'

/** onnx-mlir takes many times a model's size in memory, so two at once may be one too many; ours keeps one CPU busy. */
const turns: Readonly<Record<Compiler['name'], Turns>> = {
  'onnx-mlir': new Turns(1),
  builtin: new Turns(availableParallelism()),
}

/**
 * Does the work of a compiler when this process has a turn for it, and tells what it waits for. A turn is held for one
 * run of one compiler and never asked for while holding another, so turns can't wait for each other.
 *
 * @param model its file name
 * @throws the signal's reason when aborted before the turn came
 */
export function inTurn<Result>(
  compiler: Compiler['name'],
  model: string,
  { signal, progress }: Pick<CompileContext, 'signal' | 'progress'>,
  work: () => Promise<Result>,
): Promise<Result> {
  return turns[compiler].take(model, work, {
    signal,
    onWait: (running) => progress?.({ model, text: `waiting for ${running.join(', ')}` }),
  })
}
