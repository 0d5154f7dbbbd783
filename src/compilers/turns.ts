import { availableParallelism } from 'node:os'
import { Turns } from '../process/turns.ts'
import type { Compiler, CompileContext } from './compiler.ts'

/** Whose turn it is: a compiler's, or that of the built-in one with measuring. */
type Kind = Compiler['name'] | 'tuning'

/**
 * onnx-mlir takes many times a model's size in memory, so two at once may be one too many; ours keeps one CPU busy.
 * Models that are timed would disturb each other.
 */
const turns: Readonly<Record<Kind, Turns>> = {
  'onnx-mlir': new Turns(1),
  builtin: new Turns(availableParallelism()),
  tuning: new Turns(1),
}

/**
 * Does the work of a compiler when this process has a turn for it, and tells what it waits for. A turn is held for one
 * run of one compiler and never asked for while holding another, so turns can't wait for each other.
 *
 * @param model its file name
 * @throws the signal's reason when aborted before the turn came
 */
export function inTurn<Result>(
  kind: Kind,
  model: string,
  { signal, progress }: Pick<CompileContext, 'signal' | 'progress'>,
  work: () => Promise<Result>,
): Promise<Result> {
  return turns[kind].take(model, work, {
    signal,
    onWait: (running) => progress?.({ model, text: `waiting for ${running.join(', ')}` }),
  })
}
